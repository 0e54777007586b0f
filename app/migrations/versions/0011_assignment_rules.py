"""assignment rules, their runs, the rule in the ownership ledger, and who is on leave"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_RULED = sa.text("rule_id IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "customer_assignment_rule",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=True),
        sa.Column("on_create", sa.Boolean(), nullable=False),
        sa.Column("on_demand", sa.Boolean(), nullable=False),
        sa.Column("nightly", sa.Boolean(), nullable=False),
        sa.Column("condition", sa.Text(), nullable=False),
        sa.Column("method", sa.String(length=12), nullable=False),
        sa.Column("by_field", sa.String(length=60), nullable=True),
        sa.Column("most", sa.Integer(), nullable=True),
        sa.Column("fallback", sa.String(length=8), nullable=False),
        sa.Column("fallback_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["org_unit.id"], name=op.f("fk_customer_assignment_rule_unit_id")),
        sa.ForeignKeyConstraint(
            ["fallback_id"], ["org_employee.id"], name=op.f("fk_customer_assignment_rule_fallback_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_assignment_rule")),
    )
    op.create_index(op.f("ix_customer_assignment_rule_unit_id"), "customer_assignment_rule", ["unit_id"])
    op.create_table(
        "customer_assignment_target",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("rule_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=60), nullable=False),
        sa.Column("way", sa.String(length=8), nullable=False),
        sa.Column("employee_id", sa.Integer(), nullable=True),
        sa.Column("unit_id", sa.Integer(), nullable=True),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.Column("most", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["rule_id"],
            ["customer_assignment_rule.id"],
            name=op.f("fk_customer_assignment_target_rule_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["employee_id"], ["org_employee.id"], name=op.f("fk_customer_assignment_target_employee_id")
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["org_unit.id"], name=op.f("fk_customer_assignment_target_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_assignment_target")),
    )
    op.create_index("ix_customer_assignment_target_order", "customer_assignment_target", ["rule_id", "position", "id"])
    op.create_table(
        "customer_assignment_turn",
        sa.Column("rule_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=60), nullable=False),
        sa.Column("last_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["rule_id"],
            ["customer_assignment_rule.id"],
            name=op.f("fk_customer_assignment_turn_rule_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("rule_id", "key", name=op.f("pk_customer_assignment_turn")),
    )
    op.create_table(
        "customer_assignment_run",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=True),
        sa.Column("asked", sa.JSON(), nullable=False),
        sa.Column("status", sa.String(length=8), nullable=False),
        sa.Column("given", sa.Integer(), nullable=False),
        sa.Column("left", sa.Integer(), nullable=False),
        sa.Column("job_id", _BIG, nullable=True),
        sa.Column("undo_job_id", _BIG, nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["unit_id"], ["org_unit.id"], name=op.f("fk_customer_assignment_run_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_assignment_run")),
    )
    op.create_index(op.f("ix_customer_assignment_run_unit_id"), "customer_assignment_run", ["unit_id"])
    op.create_table(
        "customer_assignment_item",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("run_id", _BIG, nullable=False),
        sa.Column("rule_id", sa.Integer(), nullable=False),
        sa.Column("customer_id", _BIG, nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("to_id", sa.Integer(), nullable=True),
        sa.Column("from_unit_id", sa.Integer(), nullable=True),
        sa.Column("share", sa.String(length=1), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["customer_assignment_run.id"],
            name=op.f("fk_customer_assignment_item_run_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["rule_id"],
            ["customer_assignment_rule.id"],
            name=op.f("fk_customer_assignment_item_rule_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_customer_assignment_item_customer_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["to_id"], ["org_employee.id"], name=op.f("fk_customer_assignment_item_to_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_assignment_item")),
    )
    op.create_index("ix_customer_assignment_item_order", "customer_assignment_item", ["run_id", "id"])
    op.create_index("ix_customer_assignment_item_customer", "customer_assignment_item", ["customer_id"])

    op.add_column("customer_ownership", sa.Column("rule_id", sa.Integer(), nullable=True))
    op.create_index(
        "ix_customer_ownership_rule",
        "customer_ownership",
        ["rule_id", "at"],
        postgresql_where=_RULED,
        sqlite_where=_RULED,
    )
    op.add_column("org_employee", sa.Column("away_from", sa.Date(), nullable=True))
    op.add_column("org_employee", sa.Column("away_until", sa.Date(), nullable=True))


def downgrade() -> None:
    for name in ("away_until", "away_from"):
        with op.batch_alter_table("org_employee", schema=None) as batch_op:
            batch_op.drop_column(name)
    op.drop_index("ix_customer_ownership_rule", table_name="customer_ownership")
    with op.batch_alter_table("customer_ownership", schema=None) as batch_op:
        batch_op.drop_column("rule_id")
    for table in ("item", "run", "turn", "target", "rule"):
        op.drop_table(f"customer_assignment_{table}")
