"""formulas and conditions of custom fields"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("fields_field", sa.Column("source", sa.String(length=12), server_default="people", nullable=False))
    for name in ("formula", "required_when", "visible_when"):
        op.add_column("fields_field", sa.Column(name, sa.Text(), nullable=True))


def downgrade() -> None:
    for name in ("visible_when", "required_when", "formula", "source"):
        op.drop_column("fields_field", name)
