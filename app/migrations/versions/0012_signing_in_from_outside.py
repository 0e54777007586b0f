"""who logins are at providers outside, and browsers sent there"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "access_identity",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("provider", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.String(length=1000), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_identity")),
        sa.UniqueConstraint("key", name=op.f("uq_access_identity_key")),
    )
    op.create_index(op.f("ix_access_identity_user_id"), "access_identity", ["user_id"])
    op.create_table(
        "access_signin_request",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("provider", sa.String(length=32), nullable=False),
        sa.Column("target", sa.String(length=2000), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_access_signin_request")),
    )
    op.create_index(op.f("ix_access_signin_request_made_at"), "access_signin_request", ["made_at"])
    op.add_column("access_session", sa.Column("provider", sa.String(length=32), nullable=True))


def downgrade() -> None:
    op.drop_column("access_session", "provider")
    op.drop_index(op.f("ix_access_signin_request_made_at"), table_name="access_signin_request")
    op.drop_table("access_signin_request")
    op.drop_index(op.f("ix_access_identity_user_id"), table_name="access_identity")
    op.drop_table("access_identity")
