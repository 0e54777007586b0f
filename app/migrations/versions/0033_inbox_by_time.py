"""Own cases and copies of cases in the order an inbox shows them

Read a page at a time from the index, however many somebody has.
"""

from __future__ import annotations

from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _index_again(["applicant_id", "started_at", "id"], ["employee_id", "at", "id"])


def downgrade() -> None:
    _index_again(["applicant_id", "id"], ["employee_id", "id"])


def _index_again(case: list[str], copy: list[str]) -> None:
    for name, table, columns in (
        ("ix_approvals_case_applicant", "approvals_case", case),
        ("ix_approvals_copy_of", "approvals_copy", copy),
    ):
        op.drop_index(name, table)
        op.create_index(name, table, columns, unique=False)
