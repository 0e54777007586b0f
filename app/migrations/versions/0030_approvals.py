"""approvals"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.db import execute_on

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "approvals_definition",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("name_en", sa.String(length=100), nullable=False),
        sa.Column("entity", sa.String(length=60), nullable=False),
        sa.Column("module", sa.String(length=40), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("draft", sa.Text(), nullable=True),
        sa.Column("published", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approvals_definition")),
        sa.UniqueConstraint("code", name=op.f("uq_approvals_definition_code")),
    )
    with op.batch_alter_table("approvals_definition", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_approvals_definition_entity"), ["entity"], unique=False)

    op.create_table(
        "approvals_definition_version",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("definition_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("note", sa.String(length=300), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_by", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["definition_id"], ["approvals_definition.id"], name=op.f("fk_approvals_definition_version_definition_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approvals_definition_version")),
        sa.UniqueConstraint(
            "definition_id", "number", name=op.f("uq_approvals_definition_version_definition_id_number")
        ),
    )
    op.create_table(
        "approvals_case",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("definition_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("entity", sa.String(length=60), nullable=False),
        sa.Column("record_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("asked", sa.String(length=40), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("figures", sa.JSON(), nullable=False),
        sa.Column("applicant_id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=True),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("steps", sa.String(length=400), nullable=False),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("moved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["applicant_id"], ["org_employee.id"], name=op.f("fk_approvals_case_applicant_id")),
        sa.ForeignKeyConstraint(
            ["definition_id"], ["approvals_definition.id"], name=op.f("fk_approvals_case_definition_id")
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["org_unit.id"], name=op.f("fk_approvals_case_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approvals_case")),
    )
    with op.batch_alter_table("approvals_case", schema=None) as batch_op:
        batch_op.create_index("ix_approvals_case_applicant", ["applicant_id", "id"], unique=False)
        batch_op.create_index("ix_approvals_case_record", ["entity", "record_id", "id"], unique=False)
        batch_op.create_index("ix_approvals_case_status", ["definition_id", "status", "started_at"], unique=False)
        batch_op.create_index("ix_approvals_case_unit", ["unit_id", "status"], unique=False)
        batch_op.create_index(
            "ux_approvals_case_open",
            ["entity", "record_id"],
            unique=True,
            postgresql_where=sa.text("status IN ('running', 'returned')"),
            sqlite_where=sa.text("status IN ('running', 'returned')"),
        )

    op.create_table(
        "approvals_delegation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("employee_id", sa.Integer(), nullable=False),
        sa.Column("substitute_id", sa.Integer(), nullable=False),
        sa.Column("definition_id", sa.Integer(), nullable=True),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["definition_id"], ["approvals_definition.id"], name=op.f("fk_approvals_delegation_definition_id")
        ),
        sa.ForeignKeyConstraint(["employee_id"], ["org_employee.id"], name=op.f("fk_approvals_delegation_employee_id")),
        sa.ForeignKeyConstraint(
            ["substitute_id"], ["org_employee.id"], name=op.f("fk_approvals_delegation_substitute_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approvals_delegation")),
    )
    with op.batch_alter_table("approvals_delegation", schema=None) as batch_op:
        batch_op.create_index("ix_approvals_delegation_employee", ["employee_id", "until_on"], unique=False)
        batch_op.create_index("ix_approvals_delegation_substitute", ["substitute_id", "until_on"], unique=False)

    op.create_table(
        "approvals_copy",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("employee_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["approvals_case.id"], name=op.f("fk_approvals_copy_case_id")),
        sa.ForeignKeyConstraint(["employee_id"], ["org_employee.id"], name=op.f("fk_approvals_copy_employee_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approvals_copy")),
        sa.UniqueConstraint("case_id", "employee_id", name=op.f("uq_approvals_copy_case_id_employee_id")),
    )
    with op.batch_alter_table("approvals_copy", schema=None) as batch_op:
        batch_op.create_index("ix_approvals_copy_of", ["employee_id", "id"], unique=False)

    op.create_table(
        "approvals_event",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("employee_id", sa.Integer(), nullable=True),
        sa.Column("step", sa.String(length=40), nullable=False),
        sa.Column("seat", sa.Integer(), nullable=True),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["approvals_case.id"], name=op.f("fk_approvals_event_case_id")),
        sa.ForeignKeyConstraint(["employee_id"], ["org_employee.id"], name=op.f("fk_approvals_event_employee_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approvals_event")),
        sa.UniqueConstraint("case_id", "number", name=op.f("uq_approvals_event_case_id_number")),
    )
    op.create_table(
        "approvals_task",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("seat", sa.Integer(), nullable=False),
        sa.Column("step", sa.String(length=40), nullable=False),
        sa.Column("visit", sa.Integer(), nullable=False),
        sa.Column("employee_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(length=8), nullable=False),
        sa.Column("said", sa.String(length=12), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["approvals_case.id"], name=op.f("fk_approvals_task_case_id")),
        sa.ForeignKeyConstraint(["decided_by"], ["org_employee.id"], name=op.f("fk_approvals_task_decided_by")),
        sa.ForeignKeyConstraint(["employee_id"], ["org_employee.id"], name=op.f("fk_approvals_task_employee_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approvals_task")),
        sa.UniqueConstraint("case_id", "seat", name=op.f("uq_approvals_task_case_id_seat")),
    )
    with op.batch_alter_table("approvals_task", schema=None) as batch_op:
        batch_op.create_index("ix_approvals_task_done", ["decided_by", "decided_at", "id"], unique=False)
        batch_op.create_index("ix_approvals_task_employee", ["employee_id", "case_id"], unique=False)
        batch_op.create_index(
            "ix_approvals_task_todo",
            ["employee_id", "opened_at", "id"],
            unique=False,
            postgresql_where=sa.text("said = 'open'"),
            sqlite_where=sa.text("said = 'open'"),
        )

    op.create_table(
        "approvals_visit",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("step", sa.String(length=40), nullable=False),
        sa.Column("visit", sa.Integer(), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(length=12), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("remind_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expired", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["approvals_case.id"], name=op.f("fk_approvals_visit_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approvals_visit")),
        sa.UniqueConstraint("case_id", "step", "visit", name=op.f("uq_approvals_visit_case_id_step_visit")),
    )
    with op.batch_alter_table("approvals_visit", schema=None) as batch_op:
        batch_op.create_index(
            "ix_approvals_visit_due",
            ["due_at"],
            unique=False,
            postgresql_where=sa.text("left_at IS NULL"),
            sqlite_where=sa.text("left_at IS NULL"),
        )
        batch_op.create_index(
            "ix_approvals_visit_remind",
            ["remind_at"],
            unique=False,
            postgresql_where=sa.text("left_at IS NULL"),
            sqlite_where=sa.text("left_at IS NULL"),
        )

    execute_on(
        "sqlite",
        "CREATE TRIGGER approvals_definition_version_no_update BEFORE UPDATE ON approvals_definition_version BEGIN SELECT RAISE(ABORT, 'the history of approvals is append-only'); END",
    )
    execute_on(
        "sqlite",
        "CREATE TRIGGER approvals_definition_version_no_delete BEFORE DELETE ON approvals_definition_version BEGIN SELECT RAISE(ABORT, 'the history of approvals is append-only'); END",
    )
    execute_on(
        "postgresql",
        "CREATE FUNCTION approvals_definition_version_refuse() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'the history of approvals is append-only'; END$$",
    )
    execute_on(
        "postgresql",
        "CREATE TRIGGER approvals_definition_version_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON approvals_definition_version FOR EACH STATEMENT EXECUTE FUNCTION approvals_definition_version_refuse()",
    )
    execute_on(
        "sqlite",
        "CREATE TRIGGER approvals_event_no_update BEFORE UPDATE ON approvals_event BEGIN SELECT RAISE(ABORT, 'the history of approvals is append-only'); END",
    )
    execute_on(
        "sqlite",
        "CREATE TRIGGER approvals_event_no_delete BEFORE DELETE ON approvals_event BEGIN SELECT RAISE(ABORT, 'the history of approvals is append-only'); END",
    )
    execute_on(
        "postgresql",
        "CREATE FUNCTION approvals_event_refuse() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'the history of approvals is append-only'; END$$",
    )
    execute_on(
        "postgresql",
        "CREATE TRIGGER approvals_event_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON approvals_event FOR EACH STATEMENT EXECUTE FUNCTION approvals_event_refuse()",
    )


def downgrade() -> None:
    with op.batch_alter_table("approvals_visit", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_approvals_visit_remind",
            postgresql_where=sa.text("left_at IS NULL"),
            sqlite_where=sa.text("left_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_approvals_visit_due",
            postgresql_where=sa.text("left_at IS NULL"),
            sqlite_where=sa.text("left_at IS NULL"),
        )

    op.drop_table("approvals_visit")
    with op.batch_alter_table("approvals_task", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_approvals_task_todo", postgresql_where=sa.text("said = 'open'"), sqlite_where=sa.text("said = 'open'")
        )
        batch_op.drop_index("ix_approvals_task_employee")
        batch_op.drop_index("ix_approvals_task_done")

    op.drop_table("approvals_task")
    execute_on("postgresql", "DROP TRIGGER approvals_event_no_change ON approvals_event")
    execute_on("postgresql", "DROP FUNCTION approvals_event_refuse()")
    op.drop_table("approvals_event")
    with op.batch_alter_table("approvals_copy", schema=None) as batch_op:
        batch_op.drop_index("ix_approvals_copy_of")

    op.drop_table("approvals_copy")
    with op.batch_alter_table("approvals_delegation", schema=None) as batch_op:
        batch_op.drop_index("ix_approvals_delegation_substitute")
        batch_op.drop_index("ix_approvals_delegation_employee")

    op.drop_table("approvals_delegation")
    with op.batch_alter_table("approvals_case", schema=None) as batch_op:
        batch_op.drop_index(
            "ux_approvals_case_open",
            postgresql_where=sa.text("status IN ('running', 'returned')"),
            sqlite_where=sa.text("status IN ('running', 'returned')"),
        )
        batch_op.drop_index("ix_approvals_case_unit")
        batch_op.drop_index("ix_approvals_case_status")
        batch_op.drop_index("ix_approvals_case_record")
        batch_op.drop_index("ix_approvals_case_applicant")

    op.drop_table("approvals_case")
    execute_on("postgresql", "DROP TRIGGER approvals_definition_version_no_change ON approvals_definition_version")
    execute_on("postgresql", "DROP FUNCTION approvals_definition_version_refuse()")
    op.drop_table("approvals_definition_version")
    with op.batch_alter_table("approvals_definition", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_approvals_definition_entity"))

    op.drop_table("approvals_definition")
