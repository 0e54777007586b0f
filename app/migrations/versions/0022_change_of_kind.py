"""custom fields: changes of kind, and the values as they were"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.db import UtcDateTime

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "fields_conversion",
        sa.Column("id", big, nullable=False),
        sa.Column("field_id", big, nullable=False),
        sa.Column("old_kind", sa.String(length=20), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("choices", sa.Text(), nullable=True),
        sa.Column("leave_empty", sa.Boolean(), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("trouble", sa.String(length=10), nullable=False),
        sa.Column("sound", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["field_id"], ["fields_field.id"], name=op.f("fk_fields_conversion_field_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fields_conversion")),
    )
    op.create_index("ix_fields_conversion_field", "fields_conversion", ["field_id", "id"])
    op.create_table(
        "fields_converted",
        sa.Column("conversion_id", big, nullable=False),
        sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("was", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("code", sa.String(length=20), nullable=True),
        sa.Column("details", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["conversion_id"], ["fields_conversion.id"], name=op.f("fk_fields_converted_conversion_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("conversion_id", "record_id", name=op.f("pk_fields_converted")),
    )  # fmt: skip


def downgrade() -> None:
    op.drop_table("fields_converted")
    op.drop_table("fields_conversion")
