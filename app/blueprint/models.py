"""The documents somebody uploaded or applied. Those applied are the history of the site's shape and stay for good."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Model, UtcDateTime, now


class BlueprintDocument(Model):
    """One document, and, once applied, the site before and after it (whole documents, to go back to)."""

    __tablename__ = "blueprint_document"
    __table_args__ = (Index("ix_blueprint_document_applied", "applied_at"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    text: Mapped[str] = mapped_column(Text)
    uploaded_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    uploaded_by: Mapped[int | None] = mapped_column(Integer)
    uploaded_name: Mapped[str] = mapped_column(String(128))
    applied_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    applied_by: Mapped[int | None] = mapped_column(Integer)
    applied_name: Mapped[str] = mapped_column(String(128), default="")
    #: {part: {added, changed, removed: how many}}.
    summary: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    before: Mapped[str] = mapped_column(Text, default="")
    after: Mapped[str] = mapped_column(Text, default="")
