"""second factors"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "access_second_factor",
        sa.Column("user_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("secret", sa.String(length=200), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_step", _BIG, nullable=False),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_access_second_factor")),
    )
    op.create_table(
        "access_recovery_code",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_recovery_code")),
    )
    op.create_index(op.f("ix_access_recovery_code_user_id"), "access_recovery_code", ["user_id"])
    op.create_table(
        "access_factor_role",
        sa.Column("role_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("role_id", name=op.f("pk_access_factor_role")),
    )


def downgrade() -> None:
    op.drop_table("access_factor_role")
    op.drop_index(op.f("ix_access_recovery_code_user_id"), table_name="access_recovery_code")
    op.drop_table("access_recovery_code")
    op.drop_table("access_second_factor")
