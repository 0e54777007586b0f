"""indexes to search the audit log by"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_RARE = sa.text("action NOT IN ('create', 'update', 'delete', 'assign')")


def upgrade() -> None:
    op.create_index("ix_access_audit_entity", "access_audit", ["entity", "id"])
    op.create_index("ix_access_audit_act", "access_audit", ["action", "id"], postgresql_where=_RARE, sqlite_where=_RARE)


def downgrade() -> None:
    op.drop_index("ix_access_audit_act", table_name="access_audit")
    op.drop_index("ix_access_audit_entity", table_name="access_audit")
