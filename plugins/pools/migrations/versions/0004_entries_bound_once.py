"""entries are bound by the ledger to what they name; whoever goes no further is in no index of what is due"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

#: Columns that name rows the ledger and the pool are bound to, and these rows' tables.
NAMED = {"unit_id": "org_unit", "from_employee_id": "org_employee", "rule_id": "pools_rule"}


def upgrade() -> None:
    op.drop_index("ix_pools_entry_next", table_name="pools_entry")
    with op.batch_alter_table("pools_entry") as table:
        for name in NAMED:
            table.drop_constraint(op.f(f"fk_pools_entry_{name}"), type_="foreignkey")
    going_on = sa.text("next_on IS NOT NULL")
    op.create_index(
        "ix_pools_entry_next", "pools_entry", ["next_on"], postgresql_where=going_on, sqlite_where=going_on
    )


def downgrade() -> None:
    op.drop_index("ix_pools_entry_next", table_name="pools_entry")
    with op.batch_alter_table("pools_entry") as table:
        for name, target in NAMED.items():
            table.create_foreign_key(op.f(f"fk_pools_entry_{name}"), target, [name], ["id"])
    op.create_index("ix_pools_entry_next", "pools_entry", ["next_on"])
