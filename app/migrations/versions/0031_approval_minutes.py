"""How long steps and cases took

Written down once they are over, with the indexes reports add them up from.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.db import execute_on

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

_PASSED = sa.text("outcome = 'passed'")
_OPEN = sa.text("said = 'open'")
_BEGAN = "(SELECT at FROM approvals_event WHERE case_id = approvals_case.id AND number = 1)"


def upgrade() -> None:
    op.add_column("approvals_case", sa.Column("minutes", sa.Integer(), nullable=True))
    op.add_column("approvals_visit", sa.Column("minutes", sa.Integer(), nullable=True))
    for kind in ("sqlite", "postgresql"):
        visit, case = _minutes(kind, "entered_at", "left_at"), _minutes(kind, _BEGAN, "ended_at")
        execute_on(kind, f"UPDATE approvals_visit SET minutes = {visit} WHERE left_at IS NOT NULL")
        decided = "status IN ('approved', 'refused') AND ended_at IS NOT NULL"
        execute_on(kind, f"UPDATE approvals_case SET minutes = {case} WHERE {decided}")
    op.create_index(
        "ix_approvals_case_reported",
        "approvals_case",
        ["definition_id", "started_at", "unit_id", "minutes", "status", "round", "applicant_id", "id"],
        unique=False,
    )
    op.create_index(
        "ix_approvals_visit_passed",
        "approvals_visit",
        ["case_id", "step", "minutes"],
        unique=False,
        postgresql_where=_PASSED,
        sqlite_where=_PASSED,
    )
    _index_again(["employee_id", "opened_at", "id", "case_id", "step"], ["definition_id", "status", "started_at", "id"])


def downgrade() -> None:
    _index_again(["employee_id", "opened_at", "id"], ["definition_id", "status", "started_at"])
    op.drop_index("ix_approvals_visit_passed", "approvals_visit", postgresql_where=_PASSED, sqlite_where=_PASSED)
    op.drop_index("ix_approvals_case_reported", "approvals_case")
    with op.batch_alter_table("approvals_visit", schema=None) as batch_op:
        batch_op.drop_column("minutes")
    with op.batch_alter_table("approvals_case", schema=None) as batch_op:
        batch_op.drop_column("minutes")


def _index_again(task: list[str], case: list[str]) -> None:
    """Give the indexes of what is open these columns: with the last ones, the rows themselves need not be read."""
    op.drop_index("ix_approvals_task_todo", "approvals_task", postgresql_where=_OPEN, sqlite_where=_OPEN)
    op.create_index("ix_approvals_task_todo", "approvals_task", task, postgresql_where=_OPEN, sqlite_where=_OPEN)
    op.drop_index("ix_approvals_case_status", "approvals_case")
    op.create_index("ix_approvals_case_status", "approvals_case", case)


def _minutes(kind: str, since: str, until: str) -> str:
    """The whole minutes between two moments, by the seconds a clock shows, as the product writes them down."""
    if kind == "sqlite":
        return f"(strftime('%s', {until}) - strftime('%s', {since})) / 60"
    seconds = f"extract(epoch FROM date_trunc('second', {until}) - date_trunc('second', {since}))"
    return f"floor({seconds} / 60)"
