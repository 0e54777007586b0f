"""A change of kind, and what becomes of each value by it; the values as they were stay with it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Boolean, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.access.models import BigId
from app.db import Model, UtcDateTime, now


class Conversion(Model):
    """One change of kind: ``checking`` and ``checked`` as a dry run, ``changing``, ``done``."""

    __tablename__ = "fields_conversion"
    __table_args__ = (Index("ix_fields_conversion_field", "field_id", "id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    field_id: Mapped[int] = mapped_column(ForeignKey("fields_field.id", ondelete="CASCADE"))
    old_kind: Mapped[str] = mapped_column(String(20))
    kind: Mapped[str] = mapped_column(String(20))
    choices: Mapped[str | None] = mapped_column(Text)
    leave_empty: Mapped[bool] = mapped_column(Boolean, default=False)
    status: Mapped[str] = mapped_column(String(10), default="checking")
    #: Why it was not changed after all: ``failed``, ``twice``, ``other``; empty when nothing stood against it.
    trouble: Mapped[str] = mapped_column(String(10), default="")
    sound: Mapped[int] = mapped_column(Integer, default=0)
    failed: Mapped[int] = mapped_column(Integer, default=0)
    job_id: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class ConvertedValue(Model):
    """A record's value as it is, as text, and what it becomes, as JSON; without one, `code` says why."""

    __tablename__ = "fields_converted"

    conversion_id: Mapped[int] = mapped_column(
        ForeignKey("fields_conversion.id", ondelete="CASCADE"), primary_key=True
    )
    record_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    was: Mapped[str] = mapped_column(Text)
    value: Mapped[str | None] = mapped_column(Text)
    code: Mapped[str | None] = mapped_column(String(20))
    details: Mapped[str | None] = mapped_column(Text)
