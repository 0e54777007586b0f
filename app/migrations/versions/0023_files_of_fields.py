"""custom fields that hold files"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("fields_field", sa.Column("most", sa.Integer(), nullable=True))
    op.add_column("transfer_attachment", sa.Column("field", sa.String(length=60), nullable=True))


def downgrade() -> None:
    op.drop_column("transfer_attachment", "field")
    op.drop_column("fields_field", "most")
