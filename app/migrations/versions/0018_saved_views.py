"""saved views of lists"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.db import UtcDateTime

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_ONE = sa.text("is_default")


def upgrade() -> None:
    op.create_table(
        "base_saved_view",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("entity", sa.String(length=60), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("audience", sa.String(length=10), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("owner_name", sa.String(length=128), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=True),
        sa.Column("role_id", sa.Integer(), nullable=True),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_base_saved_view")),
    )
    op.create_index("ix_base_saved_view_entity", "base_saved_view", ["entity", "audience", "user_id"])
    op.create_index(op.f("ix_base_saved_view_user_id"), "base_saved_view", ["user_id"])
    op.create_index(
        "uq_base_saved_view_default",
        "base_saved_view",
        ["entity"],
        unique=True,
        postgresql_where=_ONE,
        sqlite_where=_ONE,
    )


def downgrade() -> None:
    op.drop_table("base_saved_view")
