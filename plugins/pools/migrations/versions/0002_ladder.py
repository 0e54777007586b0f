"""the ladder: warnings before a move, members, locks, extensions, runs, and a ledger that says from where to where"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.api import execute_on

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
DAYS = ("amber_days", "red_days", "pool_days", "city_days", "protect_days", "extend_days", "hard_stop_days")
LIMITS = ("claims_per_day", "owned_limit", "cool_down_days")


def upgrade() -> None:
    _pools()
    _members()
    _rules()
    _standing()
    _entries()
    _runs()
    _movements()
    _written_once("pools_movement", "NOT EXISTS (SELECT 1 FROM customer WHERE id = OLD.customer_id)")
    _written_once("pools_rule_version")


def _pools() -> None:
    with op.batch_alter_table("pools_pool") as table:
        table.add_column(sa.Column("kind", sa.String(length=12), nullable=False, server_default="public"))
        for name in LIMITS:
            table.add_column(sa.Column(name, sa.Integer(), nullable=True))
        table.add_column(sa.Column("hidden_fields", sa.JSON(), nullable=True, server_default="[]"))
    with op.batch_alter_table("pools_pool") as table:
        table.alter_column("kind", server_default=None)
        table.alter_column("hidden_fields", server_default=None)


def _members() -> None:
    op.create_table(
        "pools_member",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("pool_id", sa.Integer(), nullable=False),
        sa.Column("employee_id", sa.Integer(), nullable=True),
        sa.Column("unit_id", sa.Integer(), nullable=True),
        sa.Column("administers", sa.Boolean(), nullable=False),
        sa.CheckConstraint("(employee_id IS NULL) <> (unit_id IS NULL)", name=op.f("ck_pools_member_one_of_both")),
        sa.ForeignKeyConstraint(
            ["pool_id"], ["pools_pool.id"], name=op.f("fk_pools_member_pool_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["employee_id"], ["org_employee.id"], name=op.f("fk_pools_member_employee_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["org_unit.id"], name=op.f("fk_pools_member_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pools_member")),
        sa.UniqueConstraint("pool_id", "employee_id", name=op.f("uq_pools_member_pool_id_employee_id")),
        sa.UniqueConstraint("pool_id", "unit_id", name=op.f("uq_pools_member_pool_id_unit_id")),
    )
    op.create_index(op.f("ix_pools_member_employee_id"), "pools_member", ["employee_id"])
    op.create_index(op.f("ix_pools_member_unit_id"), "pools_member", ["unit_id"])


def _rules() -> None:
    with op.batch_alter_table("pools_rule") as table:
        table.add_column(sa.Column("position", sa.Integer(), nullable=False, server_default="100"))
        table.add_column(sa.Column("condition", sa.String(length=2000), nullable=False, server_default=""))
        table.add_column(sa.Column("trigger", sa.String(length=60), nullable=False, server_default="follow_up"))
        for name in DAYS:
            table.add_column(sa.Column(name, sa.Integer(), nullable=True))
        table.add_column(sa.Column("counts_from", sa.Date(), nullable=True))
        table.add_column(sa.Column("spared_levels", sa.JSON(), nullable=True, server_default="[]"))
        table.add_column(sa.Column("spares_deals", sa.Boolean(), nullable=False, server_default=sa.false()))
        table.add_column(sa.Column("spares_approvals", sa.Boolean(), nullable=False, server_default=sa.true()))
        table.add_column(sa.Column("keep_days", sa.Integer(), nullable=False, server_default="15"))
        table.add_column(sa.Column("city_pool_id", sa.Integer(), nullable=True))
        table.create_foreign_key(op.f("fk_pools_rule_city_pool_id"), "pools_pool", ["city_pool_id"], ["id"])
    op.execute("UPDATE pools_rule SET pool_days = days, position = id")
    op.execute(
        "UPDATE pools_rule SET condition = 'and(kind:in:' || customer_kind || ')' WHERE customer_kind IS NOT NULL"
    )
    # a rule without a unit drew from its pool's unit and below
    op.execute(
        "UPDATE pools_rule SET unit_id = (SELECT unit_id FROM pools_pool WHERE pools_pool.id = pool_id) "
        "WHERE unit_id IS NULL"
    )
    given = ("position", "condition", "trigger", "spared_levels", "spares_deals", "spares_approvals", "keep_days")
    with op.batch_alter_table("pools_rule") as table:
        table.drop_column("days")
        table.drop_column("customer_kind")
        table.alter_column("pool_id", existing_type=sa.Integer(), nullable=True)
        for name in given:
            table.alter_column(name, server_default=None)
    op.create_table(
        "pools_rule_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("rule_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("by_user_id", sa.Integer(), nullable=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["rule_id"], ["pools_rule.id"], name=op.f("fk_pools_rule_version_rule_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pools_rule_version")),
        sa.UniqueConstraint("rule_id", "version", name=op.f("uq_pools_rule_version_rule_id_version")),
    )


def _standing() -> None:
    op.create_table(
        "pools_standing",
        sa.Column("customer_id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("rule_id", sa.Integer(), nullable=False),
        sa.Column("rule_version", sa.Integer(), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=True),
        sa.Column("basis_on", sa.Date(), nullable=False),
        sa.Column("stage", sa.String(length=6), nullable=False),
        sa.Column("amber_on", sa.Date(), nullable=True),
        sa.Column("red_on", sa.Date(), nullable=True),
        sa.Column("pool_on", sa.Date(), nullable=True),
        sa.Column("next_on", sa.Date(), nullable=True),
        sa.Column("spared", sa.String(length=10), nullable=False),
        sa.Column("kept_until", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_pools_standing_customer_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["rule_id"], ["pools_rule.id"], name=op.f("fk_pools_standing_rule_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["org_employee.id"], name=op.f("fk_pools_standing_owner_id")),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_pools_standing")),
    )
    op.create_index("ix_pools_standing_owner", "pools_standing", ["owner_id", "next_on"])
    op.create_index("ix_pools_standing_unit", "pools_standing", ["unit_id", "next_on"])
    op.create_index("ix_pools_standing_next", "pools_standing", ["next_on"])
    op.create_table(
        "pools_lock",
        sa.Column("customer_id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("by_user_id", sa.Integer(), nullable=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_pools_lock_customer_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_pools_lock")),
    )
    op.create_table(
        "pools_keep",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("customer_id", NUMBER, nullable=False),
        sa.Column("employee_id", sa.Integer(), nullable=False),
        sa.Column("rule_id", sa.Integer(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("kept_until", sa.Date(), nullable=True),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("decided_at", MOMENT, nullable=True),
        sa.Column("unit_id", sa.Integer(), nullable=True),
        sa.Column("decided_by_id", sa.Integer(), nullable=True),
        sa.Column("note", sa.String(length=300), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_pools_keep_customer_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["employee_id"], ["org_employee.id"], name=op.f("fk_pools_keep_employee_id")),
        sa.ForeignKeyConstraint(["rule_id"], ["pools_rule.id"], name=op.f("fk_pools_keep_rule_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["org_unit.id"], name=op.f("fk_pools_keep_unit_id")),
        sa.ForeignKeyConstraint(["decided_by_id"], ["org_employee.id"], name=op.f("fk_pools_keep_decided_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pools_keep")),
    )
    op.create_index(op.f("ix_pools_keep_unit_id"), "pools_keep", ["unit_id"])
    op.create_index("ix_pools_keep_customer", "pools_keep", ["customer_id", "asked_at"])
    op.create_table(
        "pools_day",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("starts_at", MOMENT, nullable=False),
        sa.Column("worked", sa.Boolean(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_pools_day")),
        sa.UniqueConstraint("starts_at", name=op.f("uq_pools_day_starts_at")),
    )
    op.create_index(op.f("ix_pools_day_number"), "pools_day", ["number"])


def _entries() -> None:
    with op.batch_alter_table("pools_entry") as table:
        table.add_column(sa.Column("rule_id", sa.Integer(), nullable=True))
        table.add_column(sa.Column("next_on", sa.Date(), nullable=True))
        table.create_foreign_key(op.f("fk_pools_entry_rule_id"), "pools_rule", ["rule_id"], ["id"])
    op.create_index("ix_pools_entry_next", "pools_entry", ["next_on"])


def _runs() -> None:
    op.create_table(
        "pools_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("job_id", NUMBER, nullable=True),
        sa.Column("reverse_job_id", NUMBER, nullable=True),
        sa.Column("notes", sa.JSON(), nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("finished_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pools_run")),
        sa.UniqueConstraint("business_date", name=op.f("uq_pools_run_business_date")),
    )


def _movements() -> None:
    op.drop_index(op.f("ix_pools_movement_pool_id"), table_name="pools_movement")
    with op.batch_alter_table("pools_movement") as table:
        table.add_column(sa.Column("from_stage", sa.String(length=6), nullable=True))
        for name, kind, target in (
            ("from_pool_id", sa.Integer(), "pools_pool"),
            ("to_pool_id", sa.Integer(), "pools_pool"),
            ("run_id", sa.Integer(), "pools_run"),
            ("reverses_id", NUMBER, "pools_movement"),
        ):
            table.add_column(sa.Column(name, kind, nullable=True))
            table.create_foreign_key(op.f(f"fk_pools_movement_{name}"), target, [name], ["id"])
        table.create_unique_constraint(op.f("uq_pools_movement_reverses_id"), ["reverses_id"])
    op.execute("UPDATE pools_movement SET to_pool_id = pool_id WHERE act = 'recycle'")
    op.execute("UPDATE pools_movement SET from_pool_id = pool_id WHERE act <> 'recycle'")
    with op.batch_alter_table("pools_movement") as table:
        table.drop_constraint(op.f("fk_pools_movement_pool_id"), type_="foreignkey")
        table.drop_constraint(op.f("uq_pools_movement_customer_id_rule_id_business_date"), type_="unique")
        table.drop_column("pool_id")
        table.create_unique_constraint(
            op.f("uq_pools_movement_customer_id_act_business_date"), ["customer_id", "act", "business_date"]
        )
    op.create_index(op.f("ix_pools_movement_from_pool_id"), "pools_movement", ["from_pool_id"])
    op.create_index(op.f("ix_pools_movement_to_pool_id"), "pools_movement", ["to_pool_id"])
    op.create_index("ix_pools_movement_run", "pools_movement", ["run_id", "rule_id", "act"])
    op.create_index("ix_pools_movement_at", "pools_movement", ["at"])


def _written_once(table: str, gone_with: str = "") -> None:
    """Rows nobody changes; those of a customer that is removed go along."""
    words = f"{table} is append-only"
    leaving = f"IF TG_OP = 'DELETE' THEN IF {gone_with} THEN RETURN OLD; END IF; END IF; " if gone_with else ""
    execute_on(
        "sqlite",
        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} BEGIN SELECT RAISE(ABORT, '{words}'); END",
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {gone_with and f'WHEN NOT ({gone_with}) '}"
        f"BEGIN SELECT RAISE(ABORT, '{words}'); END",
    )
    execute_on(
        "postgresql",
        f"CREATE FUNCTION {table}_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$BEGIN {leaving}RAISE EXCEPTION '{words}'; END$$",
        f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION {table}_refuse()",
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_refuse()",
    )


def _written_freely(table: str) -> None:
    execute_on("sqlite", f"DROP TRIGGER {table}_no_update", f"DROP TRIGGER {table}_no_delete")
    execute_on(
        "postgresql",
        f"DROP TRIGGER {table}_no_truncate ON {table}",
        f"DROP TRIGGER {table}_no_change ON {table}",
        f"DROP FUNCTION {table}_refuse()",
    )


def downgrade() -> None:
    """Back to rules that move at once; what the ladder alone knows is lost."""
    for name in ("movement", "rule_version"):
        _written_freely(f"pools_{name}")
    with op.batch_alter_table("pools_movement") as table:
        table.add_column(sa.Column("pool_id", sa.Integer(), nullable=True))
    op.execute("UPDATE pools_movement SET pool_id = COALESCE(to_pool_id, from_pool_id)")
    op.execute("DELETE FROM pools_movement WHERE pool_id IS NULL OR reverses_id IS NOT NULL")
    for name in ("at", "run"):
        op.drop_index(f"ix_pools_movement_{name}", table_name="pools_movement")
    for name in ("from_pool_id", "to_pool_id"):
        op.drop_index(op.f(f"ix_pools_movement_{name}"), table_name="pools_movement")
    with op.batch_alter_table("pools_movement") as table:
        table.drop_constraint(op.f("uq_pools_movement_customer_id_act_business_date"), type_="unique")
        table.drop_constraint(op.f("uq_pools_movement_reverses_id"), type_="unique")
        for name in ("from_pool_id", "to_pool_id", "run_id", "reverses_id"):
            table.drop_constraint(op.f(f"fk_pools_movement_{name}"), type_="foreignkey")
            table.drop_column(name)
        table.drop_column("from_stage")
        table.alter_column("pool_id", existing_type=sa.Integer(), nullable=False)
        table.create_foreign_key(op.f("fk_pools_movement_pool_id"), "pools_pool", ["pool_id"], ["id"])
        table.create_unique_constraint(
            op.f("uq_pools_movement_customer_id_rule_id_business_date"), ["customer_id", "rule_id", "business_date"]
        )
    op.create_index(op.f("ix_pools_movement_pool_id"), "pools_movement", ["pool_id"])
    op.drop_index("ix_pools_entry_next", table_name="pools_entry")
    with op.batch_alter_table("pools_entry") as table:
        table.drop_constraint(op.f("fk_pools_entry_rule_id"), type_="foreignkey")
        table.drop_column("rule_id")
        table.drop_column("next_on")
    for name in ("run", "day", "keep", "lock", "standing", "rule_version", "member"):
        op.drop_table(f"pools_{name}")
    op.execute("DELETE FROM pools_rule WHERE pool_id IS NULL OR pool_days IS NULL")
    with op.batch_alter_table("pools_rule") as table:
        table.add_column(sa.Column("days", sa.Integer(), nullable=False, server_default="30"))
        table.add_column(sa.Column("customer_kind", sa.String(length=12), nullable=True))
    op.execute("UPDATE pools_rule SET days = COALESCE(amber_days, 0) + COALESCE(red_days, 0) + pool_days")
    with op.batch_alter_table("pools_rule") as table:
        table.drop_constraint(op.f("fk_pools_rule_city_pool_id"), type_="foreignkey")
        for name in (
            "position", "condition", "trigger", *DAYS, "counts_from", "spared_levels", "spares_deals",
            "spares_approvals", "keep_days", "city_pool_id",
        ):  # fmt: skip
            table.drop_column(name)
        table.alter_column("days", server_default=None)
        table.alter_column("pool_id", existing_type=sa.Integer(), nullable=False)
    with op.batch_alter_table("pools_pool") as table:
        for name in ("kind", *LIMITS, "hidden_fields"):
            table.drop_column(name)
