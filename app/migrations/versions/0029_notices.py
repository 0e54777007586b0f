"""notices: what was said, to whom, and what went out of the house"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.db import UtcDateTime

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "notices_message",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("title", sa.JSON(), nullable=False),
        sa.Column("text", sa.JSON(), nullable=False),
        sa.Column("link", sa.String(length=500), nullable=True),
        sa.Column("entity", sa.String(length=60), nullable=True),
        sa.Column("record_id", NUMBER, nullable=True),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("planned_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices_message")),
    )
    op.create_index("ix_notices_message_created_at", "notices_message", ["created_at"])
    unplanned = sa.text("planned_at IS NULL")
    op.create_index("ix_notices_message_unplanned", "notices_message", ["id"], postgresql_where=unplanned, sqlite_where=unplanned)
    op.create_table(
        "notices_notice",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("message_id", NUMBER, nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("group_key", sa.String(length=120), nullable=False),
        sa.Column("shown", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("read_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["message_id"], ["notices_message.id"], name=op.f("fk_notices_notice_message_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices_notice")),
        sa.UniqueConstraint("message_id", "user_id", name=op.f("uq_notices_notice_message_id_user_id")),
    )
    op.create_index("ix_notices_notice_user", "notices_notice", ["user_id", "id"])
    unread = sa.text("read_at IS NULL")
    op.create_index("ix_notices_notice_unread", "notices_notice", ["user_id"], postgresql_where=unread, sqlite_where=unread)
    op.create_table(
        "notices_delivery",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("notice_id", NUMBER, nullable=False),
        sa.Column("message_id", NUMBER, nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("employee_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("way", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("tried_at", UtcDateTime(), nullable=True),
        sa.Column("sent_at", UtcDateTime(), nullable=True),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["notice_id"], ["notices_notice.id"], name=op.f("fk_notices_delivery_notice_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices_delivery")),
        sa.UniqueConstraint("notice_id", "way", name=op.f("uq_notices_delivery_notice_id_way")),
    )
    op.create_index(op.f("ix_notices_delivery_message_id"), "notices_delivery", ["message_id"])
    op.create_index("ix_notices_delivery_state", "notices_delivery", ["state", "id"])
    still = sa.text("state IN ('waiting', 'sending', 'failed')")
    op.create_index("ix_notices_delivery_open", "notices_delivery", ["way", "due_at"], postgresql_where=still, sqlite_where=still)


def downgrade() -> None:
    op.drop_table("notices_delivery")
    op.drop_table("notices_notice")
    op.drop_table("notices_message")
