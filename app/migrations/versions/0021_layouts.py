"""layouts of forms, pages and lists: drafts, and every published version"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.db import UtcDateTime

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "fields_layout",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("entity", sa.String(length=60), nullable=False),
        sa.Column("draft", sa.Text(), nullable=True),
        sa.Column("drafted_at", UtcDateTime(), nullable=True),
        sa.Column("drafted_by", sa.String(length=200), nullable=True),
        sa.Column("published", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fields_layout")),
        sa.UniqueConstraint("entity", name=op.f("uq_fields_layout_entity")),
    )
    op.create_table(
        "fields_layout_version",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("entity", sa.String(length=60), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("again", sa.Integer(), nullable=True),
        sa.Column("published_at", UtcDateTime(), nullable=False),
        sa.Column("published_by", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fields_layout_version")),
        sa.UniqueConstraint("entity", "number", name=op.f("uq_fields_layout_version_entity_number")),
    )


def downgrade() -> None:
    op.drop_table("fields_layout_version")
    op.drop_table("fields_layout")
