"""Bulk edits: what was asked for, and what became of each record."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.access.models import BigId
from app.db import Model, UtcDateTime, now


class BulkEdit(Model):
    """One bulk edit of somebody. It is about the ids named, or about all a list matched up to the record `until_id`."""

    __tablename__ = "base_bulk_edit"
    __table_args__ = (Index("ix_base_bulk_edit_by", "created_by", "id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    entity: Mapped[str] = mapped_column(String(60))
    #: Ascending; None for all the list matches.
    ids: Mapped[list[int] | None] = mapped_column(JSON(none_as_null=True))
    #: The list as its query string.
    query: Mapped[str] = mapped_column(Text, default="")
    until_id: Mapped[int] = mapped_column(BigInteger, default=0)
    #: {field: the text typed}; an empty one empties the field.
    texts: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    #: waiting · running · done · undoing · undone
    status: Mapped[str] = mapped_column(String(8), default="waiting")
    total: Mapped[int] = mapped_column(Integer, default=0)
    job_id: Mapped[int | None] = mapped_column(BigInteger)
    undo_job_id: Mapped[int | None] = mapped_column(BigInteger)
    created_by: Mapped[int | None] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class BulkItem(Model):
    """A record of a bulk edit: what was changed, or why not. Written with the change, in one transaction."""

    __tablename__ = "base_bulk_item"
    __table_args__ = (
        Index("ix_base_bulk_item_order", "edit_id", "id"),
        Index("ix_base_bulk_item_state", "edit_id", "state", "id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    edit_id: Mapped[int] = mapped_column(ForeignKey("base_bulk_edit.id", ondelete="CASCADE"))
    record_id: Mapped[int] = mapped_column(BigInteger)
    #: changed · unchanged · refused · held (under approval) · back (undone with the edit) · kept (could not be)
    state: Mapped[str] = mapped_column(String(9))
    reason: Mapped[str] = mapped_column(String(300), default="")
    #: {field: [before, after]} of a changed one.
    changes: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
