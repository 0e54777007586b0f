"""custom entities: their descriptions (the table of each is made on screen)"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.db import UtcDateTime

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "fields_entity",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("slug", sa.String(length=16), nullable=False),
        sa.Column("label_zh", sa.String(length=30), nullable=False),
        sa.Column("label_en", sa.String(length=30), nullable=True),
        sa.Column("icon", sa.String(length=30), nullable=False),
        sa.Column("title_zh", sa.String(length=30), nullable=True),
        sa.Column("title_en", sa.String(length=30), nullable=True),
        sa.Column("sole", sa.Boolean(), nullable=False),
        sa.Column("scoping", sa.String(length=10), nullable=False),
        sa.Column("parent", sa.String(length=60), nullable=True),
        sa.Column("menu_group", sa.String(length=60), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("given", sa.String(length=10), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fields_entity")),
        sa.UniqueConstraint("slug", name=op.f("uq_fields_entity_slug")),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    op.drop_table("fields_entity")
