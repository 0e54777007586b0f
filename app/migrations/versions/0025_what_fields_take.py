"""custom fields: smallest and largest values, patterns, choices that go with another choice"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

COLUMNS = {"smallest": 40, "largest": 40, "regex": 200, "regex_zh": 200, "regex_en": 200, "depends_on": 60}


def upgrade() -> None:
    for name, length in COLUMNS.items():
        op.add_column("fields_field", sa.Column(name, sa.String(length=length), nullable=True))


def downgrade() -> None:
    for name in reversed(COLUMNS):
        op.drop_column("fields_field", name)
