"""initial tables"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "relations_relation",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("from_customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("from_contact_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("to_customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("to_contact_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("strength", sa.Integer(), nullable=False),
        sa.Column("percent", sa.Numeric(precision=7, scale=4), nullable=True),
        sa.Column("remark", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(from_customer_id IS NULL) <> (from_contact_id IS NULL)",
            name=op.f("ck_relations_relation_one_from"),
        ),
        sa.CheckConstraint(
            "(to_customer_id IS NULL) <> (to_contact_id IS NULL)", name=op.f("ck_relations_relation_one_to")
        ),
        sa.ForeignKeyConstraint(
            ["from_contact_id"],
            ["contact.id"],
            name=op.f("fk_relations_relation_from_contact_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["from_customer_id"],
            ["customer.id"],
            name=op.f("fk_relations_relation_from_customer_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["to_contact_id"],
            ["contact.id"],
            name=op.f("fk_relations_relation_to_contact_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["to_customer_id"],
            ["customer.id"],
            name=op.f("fk_relations_relation_to_customer_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_relations_relation")),
    )
    op.create_index(
        "ix_relations_relation_from_contact", "relations_relation", ["from_contact_id"], unique=False
    )
    op.create_index(
        "ix_relations_relation_from_customer", "relations_relation", ["from_customer_id"], unique=False
    )
    op.create_index("ix_relations_relation_to_contact", "relations_relation", ["to_contact_id"], unique=False)
    op.create_index(
        "ix_relations_relation_to_customer", "relations_relation", ["to_customer_id"], unique=False
    )


def downgrade() -> None:
    op.drop_index("ix_relations_relation_to_customer", table_name="relations_relation")
    op.drop_index("ix_relations_relation_to_contact", table_name="relations_relation")
    op.drop_index("ix_relations_relation_from_customer", table_name="relations_relation")
    op.drop_index("ix_relations_relation_from_contact", table_name="relations_relation")
    op.drop_table("relations_relation")
