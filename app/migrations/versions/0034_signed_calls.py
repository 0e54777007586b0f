"""When the request was signed that a call stands as it does by, so that none signed before it sets the call back"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.db import UtcDateTime

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("activity_call", sa.Column("signed_at", UtcDateTime(), nullable=True))


def downgrade() -> None:
    op.drop_column("activity_call", "signed_at")
