"""exports: what the person read and reached; audit: how far the log is sealed, entries of a person by number"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("transfer_export") as table:
        table.add_column(sa.Column("reach", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("access_audit_head", sa.Column("sealed_id", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column(
        "access_audit_head", sa.Column("sealed_hash", sa.String(length=64), nullable=False, server_default="")
    )
    op.create_index("ix_access_audit_by", "access_audit", ["user_id", "id"])
    op.drop_index("ix_access_audit_user_id", table_name="access_audit")


def downgrade() -> None:
    op.create_index("ix_access_audit_user_id", "access_audit", ["user_id"])
    op.drop_index("ix_access_audit_by", table_name="access_audit")
    op.drop_column("access_audit_head", "sealed_hash")
    op.drop_column("access_audit_head", "sealed_id")
    with op.batch_alter_table("transfer_export") as table:
        table.drop_column("reach")
