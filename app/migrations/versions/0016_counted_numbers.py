"""custom fields: numbers the product counts"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("fields_field", sa.Column("pattern", sa.String(length=60), nullable=True))
    op.add_column("fields_field", sa.Column("number_old", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_table(
        "fields_counter",
        sa.Column("entity", sa.String(length=60), nullable=False),
        sa.Column("key", sa.String(length=48), nullable=False),
        sa.Column("series", sa.String(length=80), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("entity", "key", "series", name=op.f("pk_fields_counter")),
    )


def downgrade() -> None:
    op.drop_table("fields_counter")
    op.drop_column("fields_field", "number_old")
    op.drop_column("fields_field", "pattern")
