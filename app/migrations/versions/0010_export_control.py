"""exports: reason, masked columns, downloads, most rows of a role"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "access_export_limit",
        sa.Column("role_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("role_id", name=op.f("pk_access_export_limit")),
    )
    with op.batch_alter_table("transfer_export") as table:
        table.add_column(sa.Column("masked", sa.JSON(), nullable=False, server_default="[]"))
        table.add_column(sa.Column("reason", sa.String(length=200), nullable=False, server_default=""))
        table.add_column(sa.Column("download_count", sa.Integer(), nullable=False, server_default="0"))
        table.add_column(sa.Column("downloaded_at", sa.DateTime(timezone=True), nullable=True))
        table.add_column(sa.Column("created_by_name", sa.String(length=128), nullable=False, server_default=""))
        table.add_column(sa.Column("login", sa.String(length=64), nullable=False, server_default=""))
    with op.batch_alter_table("transfer_export") as table:
        for name in ("masked", "reason", "download_count", "created_by_name", "login"):
            table.alter_column(name, server_default=None)
    op.create_index("ix_transfer_export_at", "transfer_export", ["created_at"])


def downgrade() -> None:
    op.drop_index("ix_transfer_export_at", table_name="transfer_export")
    with op.batch_alter_table("transfer_export") as table:
        for name in ("login", "created_by_name", "downloaded_at", "download_count", "reason", "masked"):
            table.drop_column(name)
    op.drop_table("access_export_limit")
