"""sessions kept by the server"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "access_session",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("stamp", sa.String(length=24), nullable=False),
        sa.Column("step", sa.String(length=20), nullable=False),
        sa.Column("via", sa.String(length=10), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("agent", sa.String(length=300), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(length=20), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_session")),
        sa.UniqueConstraint("key", name=op.f("uq_access_session_key")),
    )
    op.create_index(op.f("ix_access_session_last_seen_at"), "access_session", ["last_seen_at"])
    op.create_index(op.f("ix_access_session_user_id"), "access_session", ["user_id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_access_session_user_id"), table_name="access_session")
    op.drop_index(op.f("ix_access_session_last_seen_at"), table_name="access_session")
    op.drop_table("access_session")
