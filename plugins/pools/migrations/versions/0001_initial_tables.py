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
        "pools_pool",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("claimable", sa.Boolean(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["org_unit.id"], name=op.f("fk_pools_pool_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pools_pool")),
        sa.UniqueConstraint("code", name=op.f("uq_pools_pool_code")),
    )
    op.create_index(op.f("ix_pools_pool_unit_id"), "pools_pool", ["unit_id"], unique=False)
    op.create_table(
        "pools_rule",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("working_days", sa.Boolean(), nullable=False),
        sa.Column("customer_kind", sa.String(length=12), nullable=True),
        sa.Column("unit_id", sa.Integer(), nullable=True),
        sa.Column("pool_id", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["pool_id"], ["pools_pool.id"], name=op.f("fk_pools_rule_pool_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["org_unit.id"], name=op.f("fk_pools_rule_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pools_rule")),
    )
    op.create_table(
        "pools_entry",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("pool_id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("from_employee_id", sa.Integer(), nullable=True),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_pools_entry_customer_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["from_employee_id"], ["org_employee.id"], name=op.f("fk_pools_entry_from_employee_id")
        ),
        sa.ForeignKeyConstraint(["pool_id"], ["pools_pool.id"], name=op.f("fk_pools_entry_pool_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["org_unit.id"], name=op.f("fk_pools_entry_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pools_entry")),
        sa.UniqueConstraint("customer_id", name=op.f("uq_pools_entry_customer_id")),
    )
    op.create_index("ix_pools_entry_pool", "pools_entry", ["pool_id", "entered_at"], unique=False)
    op.create_index(op.f("ix_pools_entry_unit_id"), "pools_entry", ["unit_id"], unique=False)
    op.create_table(
        "pools_movement",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("act", sa.String(length=12), nullable=False),
        sa.Column("pool_id", sa.Integer(), nullable=False),
        sa.Column("from_employee_id", sa.Integer(), nullable=True),
        sa.Column("to_employee_id", sa.Integer(), nullable=True),
        sa.Column("rule_id", sa.Integer(), nullable=True),
        sa.Column("rule_version", sa.Integer(), nullable=True),
        sa.Column("business_date", sa.Date(), nullable=True),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("by_user_id", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_pools_movement_customer_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["from_employee_id"], ["org_employee.id"], name=op.f("fk_pools_movement_from_employee_id")
        ),
        sa.ForeignKeyConstraint(["pool_id"], ["pools_pool.id"], name=op.f("fk_pools_movement_pool_id")),
        sa.ForeignKeyConstraint(["rule_id"], ["pools_rule.id"], name=op.f("fk_pools_movement_rule_id")),
        sa.ForeignKeyConstraint(["to_employee_id"], ["org_employee.id"], name=op.f("fk_pools_movement_to_employee_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pools_movement")),
        sa.UniqueConstraint(
            "customer_id",
            "rule_id",
            "business_date",
            name=op.f("uq_pools_movement_customer_id_rule_id_business_date"),
        ),
    )
    op.create_index("ix_pools_movement_claim", "pools_movement", ["to_employee_id", "act", "at"], unique=False)
    op.create_index("ix_pools_movement_customer", "pools_movement", ["customer_id", "at"], unique=False)
    op.create_index(op.f("ix_pools_movement_pool_id"), "pools_movement", ["pool_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_pools_movement_pool_id"), table_name="pools_movement")
    op.drop_index("ix_pools_movement_customer", table_name="pools_movement")
    op.drop_index("ix_pools_movement_claim", table_name="pools_movement")
    op.drop_table("pools_movement")
    op.drop_index(op.f("ix_pools_entry_unit_id"), table_name="pools_entry")
    op.drop_index("ix_pools_entry_pool", table_name="pools_entry")
    op.drop_table("pools_entry")
    op.drop_table("pools_rule")
    op.drop_index(op.f("ix_pools_pool_unit_id"), table_name="pools_pool")
    op.drop_table("pools_pool")
