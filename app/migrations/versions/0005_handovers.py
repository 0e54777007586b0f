"""handovers, and next steps in other hands"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_HANDED = sa.text("next_for_id IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "org_handover",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("giver_id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("routes", sa.JSON(), nullable=False),
        sa.Column("ended", sa.JSON(), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=True),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("job_id", _BIG, nullable=True),
        sa.Column("undo_job_id", _BIG, nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["giver_id"], ["org_employee.id"], name=op.f("fk_org_handover_giver_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["org_unit.id"], name=op.f("fk_org_handover_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_org_handover")),
    )
    with op.batch_alter_table("org_handover", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_org_handover_giver_id"), ["giver_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_org_handover_unit_id"), ["unit_id"], unique=False)

    op.create_table(
        "org_handover_item",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("handover_id", _BIG, nullable=False),
        sa.Column("holding", sa.String(length=40), nullable=False),
        sa.Column("record_id", _BIG, nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("to_id", sa.Integer(), nullable=True),
        sa.Column("place", sa.String(length=40), nullable=False),
        sa.Column("memo", sa.String(length=40), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["handover_id"], ["org_handover.id"], name=op.f("fk_org_handover_item_handover_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["to_id"], ["org_employee.id"], name=op.f("fk_org_handover_item_to_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_org_handover_item")),
        sa.UniqueConstraint(
            "handover_id", "holding", "record_id", name=op.f("uq_org_handover_item_handover_id_holding_record_id")
        ),
    )
    with op.batch_alter_table("org_handover_item", schema=None) as batch_op:
        batch_op.create_index("ix_org_handover_item_order", ["handover_id", "id"], unique=False)

    op.add_column("activity", sa.Column("next_for_id", sa.Integer(), nullable=True))
    op.create_index(
        "ix_activity_next_for",
        "activity",
        ["next_for_id"],
        unique=False,
        postgresql_where=_HANDED,
        sqlite_where=_HANDED,
    )


def downgrade() -> None:
    op.drop_index("ix_activity_next_for", table_name="activity")
    with op.batch_alter_table("activity", schema=None) as batch_op:
        batch_op.drop_column("next_for_id")
    op.drop_table("org_handover_item")
    op.drop_table("org_handover")
