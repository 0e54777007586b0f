"""reminders of each step, so many days before it for the account manager and for the head; each morning told once"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

DAYS = (
    "owner_amber_days", "owner_red_days", "owner_pool_days",
    "head_amber_days", "head_red_days", "head_pool_days", "head_city_days",
)  # fmt: skip


def upgrade() -> None:
    with op.batch_alter_table("pools_rule") as table:
        for name in DAYS:
            table.add_column(sa.Column(name, sa.Integer(), nullable=True))
    op.create_table(
        "pools_told",
        sa.Column("employee_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("told_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["employee_id"], ["org_employee.id"], name=op.f("fk_pools_told_employee_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("employee_id", "kind", name=op.f("pk_pools_told")),
    )


def downgrade() -> None:
    op.drop_table("pools_told")
    with op.batch_alter_table("pools_rule") as table:
        for name in DAYS:
            table.drop_column(name)
