"""custom fields: their descriptions, and the column that keeps their values"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from app.db import UtcDateTime

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

TABLES = ("customer", "contact", "activity", "org_unit", "org_employee")


def upgrade() -> None:
    op.create_table(
        "fields_field",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("entity", sa.String(length=60), nullable=False),
        sa.Column("key", sa.String(length=48), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("label_zh", sa.String(length=60), nullable=False),
        sa.Column("label_en", sa.String(length=60), nullable=True),
        sa.Column("help_zh", sa.String(length=300), nullable=True),
        sa.Column("help_en", sa.String(length=300), nullable=True),
        sa.Column("section", sa.String(length=60), nullable=True),
        sa.Column("choices", sa.Text(), nullable=True),
        sa.Column("target", sa.String(length=60), nullable=True),
        sa.Column("default", sa.String(length=200), nullable=True),
        sa.Column("unit", sa.String(length=20), nullable=True),
        sa.Column("max_length", sa.Integer(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("required", sa.Boolean(), nullable=False),
        sa.Column("sole", sa.Boolean(), nullable=False),
        sa.Column("indexed", sa.Boolean(), nullable=False),
        sa.Column("in_list", sa.Boolean(), nullable=False),
        sa.Column("in_filter", sa.Boolean(), nullable=False),
        sa.Column("in_import", sa.Boolean(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fields_field")),
        sa.UniqueConstraint("entity", "key", name=op.f("uq_fields_field_entity_key")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_fields_field_order", "fields_field", ["entity", "position", "id"])
    document = sa.JSON().with_variant(JSONB(), "postgresql")
    for table in TABLES:
        op.add_column(table, sa.Column("custom", document, nullable=False, server_default=sa.text("'{}'")))


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_column(table, "custom")
    op.drop_table("fields_field")
