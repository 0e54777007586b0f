"""roles that may be given without being held"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "access_delegation",
        sa.Column("role_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("given_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("role_id", "given_id", name=op.f("pk_access_delegation")),
    )


def downgrade() -> None:
    op.drop_table("access_delegation")
