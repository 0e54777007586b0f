"""earlier passwords and locks"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "access_lock",
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_access_lock")),
    )
    with op.batch_alter_table("access_lock", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_access_lock_since"), ["since"], unique=False)

    op.create_table(
        "access_old_password",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("password", sa.String(length=256), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_old_password")),
    )
    with op.batch_alter_table("access_old_password", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_access_old_password_user_id"), ["user_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("access_old_password", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_access_old_password_user_id"))

    op.drop_table("access_old_password")
    with op.batch_alter_table("access_lock", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_access_lock_since"))

    op.drop_table("access_lock")
