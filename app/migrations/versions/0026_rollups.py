"""roll-ups of custom fields"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name, kind in (("rollup_of", sa.String(length=120)), ("rollup_by", sa.String(length=12)), ("rollup_field", sa.String(length=60)), ("rollup_where", sa.Text())):
        op.add_column("fields_field", sa.Column(name, kind, nullable=True))


def downgrade() -> None:
    for name in ("rollup_where", "rollup_field", "rollup_by", "rollup_of"):
        op.drop_column("fields_field", name)
