"""Layouts as they are kept: what is being worked on, and every version that was ever published."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.access.models import BigId
from app.db import Model, UtcDateTime, now


class LayoutState(Model):
    """The layout of one entity: its draft (a JSON document, or none) and the number of the version in force."""

    __tablename__ = "fields_layout"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    entity: Mapped[str] = mapped_column(String(60), unique=True)
    draft: Mapped[str | None] = mapped_column(Text)
    drafted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    drafted_by: Mapped[str | None] = mapped_column(String(200))
    #: 0: nothing was ever published.
    published: Mapped[int] = mapped_column(Integer, default=0)
    version: Mapped[int] = mapped_column(Integer, default=1)

    __mapper_args__ = {"version_id_col": version}


class LayoutVersion(Model):
    """A published version; never changed. Going back publishes the old document under a new number."""

    __tablename__ = "fields_layout_version"
    __table_args__ = (UniqueConstraint("entity", "number"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    entity: Mapped[str] = mapped_column(String(60))
    number: Mapped[int] = mapped_column(Integer)
    document: Mapped[str] = mapped_column(Text)
    #: The version whose document this is again.
    again: Mapped[int | None] = mapped_column(Integer)
    published_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    published_by: Mapped[str] = mapped_column(String(200))
