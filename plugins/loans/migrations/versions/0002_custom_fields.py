"""the column that keeps the values of custom fields"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TABLES = ("loans_development", "loans_application")


def upgrade() -> None:
    document = sa.JSON().with_variant(JSONB(), "postgresql")
    for table in TABLES:
        op.add_column(table, sa.Column("custom", document, nullable=False, server_default=sa.text("'{}'")))


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_column(table, "custom")
