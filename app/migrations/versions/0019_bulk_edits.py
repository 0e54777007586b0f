"""bulk edits and what became of each record"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.db import UtcDateTime

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "base_bulk_edit",
        sa.Column("id", big, nullable=False),
        sa.Column("entity", sa.String(length=60), nullable=False),
        sa.Column("ids", sa.JSON(), nullable=True),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("until_id", sa.BigInteger(), nullable=False),
        sa.Column("texts", sa.JSON(), nullable=False),
        sa.Column("status", sa.String(length=8), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=True),
        sa.Column("undo_job_id", sa.BigInteger(), nullable=True),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_base_bulk_edit")),
    )
    op.create_index("ix_base_bulk_edit_by", "base_bulk_edit", ["created_by", "id"])
    op.create_table(
        "base_bulk_item",
        sa.Column("id", big, nullable=False),
        sa.Column("edit_id", big, nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=9), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("changes", sa.JSON(), nullable=True),
        sa.ForeignKeyConstraint(
            ["edit_id"], ["base_bulk_edit.id"], name=op.f("fk_base_bulk_item_edit_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_base_bulk_item")),
    )
    op.create_index("ix_base_bulk_item_order", "base_bulk_item", ["edit_id", "id"])
    op.create_index("ix_base_bulk_item_state", "base_bulk_item", ["edit_id", "state", "id"])


def downgrade() -> None:
    op.drop_table("base_bulk_item")
    op.drop_table("base_bulk_edit")
