"""What was said once, whom it was said to, and what went out of the house."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Boolean, ForeignKey, Index, Integer, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.access.models import BigId
from app.db import Model, UtcDateTime, now

_UNREAD = text("read_at IS NULL")
_UNPLANNED = text("planned_at IS NULL")
_OPEN = text("state IN ('waiting', 'sending', 'failed')")


class Message(Model):
    """What is said, once for all it is said to: message ids with their values, told in each reader's language."""

    __tablename__ = "notices_message"
    __table_args__ = (
        Index("ix_notices_message_unplanned", "id", postgresql_where=_UNPLANNED, sqlite_where=_UNPLANNED),
        Index("ix_notices_message_created_at", "created_at"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    kind: Mapped[str] = mapped_column(String(60))
    title: Mapped[Any] = mapped_column(JSON)
    text: Mapped[Any] = mapped_column(JSON)
    #: A path of this site.
    link: Mapped[str | None] = mapped_column(String(500))
    entity: Mapped[str | None] = mapped_column(String(60))
    record_id: Mapped[int | None] = mapped_column(BigId)
    urgent: Mapped[bool] = mapped_column(Boolean, default=False)
    created_by: Mapped[int | None] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    #: When it was worked out who is told outside the product, and how; not yet while it is empty.
    planned_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Notice(Model):
    """A message to one person. `shown` is off for who wants this kind outside the product only."""

    __tablename__ = "notices_notice"
    __table_args__ = (
        UniqueConstraint("message_id", "user_id"),
        Index("ix_notices_notice_user", "user_id", "id"),
        Index("ix_notices_notice_unread", "user_id", postgresql_where=_UNREAD, sqlite_where=_UNREAD),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("notices_message.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(String(60))
    #: Notices with the same one are a single line, the newest on top; empty: a line of its own.
    group_key: Mapped[str] = mapped_column(String(120), default="")
    shown: Mapped[bool] = mapped_column(Boolean, default=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    read_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Delivery(Model):
    """A notice on one way out of the product (``mail``, or a channel of the site's file) and how far it came."""

    __tablename__ = "notices_delivery"
    __table_args__ = (
        UniqueConstraint("notice_id", "way"),
        Index("ix_notices_delivery_open", "way", "due_at", postgresql_where=_OPEN, sqlite_where=_OPEN),
        Index("ix_notices_delivery_state", "state", "id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    notice_id: Mapped[int] = mapped_column(ForeignKey("notices_notice.id", ondelete="CASCADE"))
    message_id: Mapped[int] = mapped_column(BigId, index=True)
    user_id: Mapped[int] = mapped_column(Integer)
    employee_id: Mapped[int | None] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(String(60))
    way: Mapped[str] = mapped_column(String(40))
    #: waiting · sending · sent · failed (will be tried again) · given_up · unknown (cut off while sending)
    state: Mapped[str] = mapped_column(String(10), default="waiting")
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    tried_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    error: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)

    def __repr__(self) -> str:
        return f"{self.kind} {self.way}"
