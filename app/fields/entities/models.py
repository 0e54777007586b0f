"""The descriptions of custom entities, one row each."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Boolean, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.access.models import BigId
from app.db import Model, UtcDateTime, now


class CustomEntity(Model):
    """One kind of record an admin made. Slug, scoping and parent never change: its table was made by them."""

    __tablename__ = "fields_entity"
    __table_args__ = (UniqueConstraint("slug"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    slug: Mapped[str] = mapped_column(String(16))
    label_zh: Mapped[str] = mapped_column(String(30))
    label_en: Mapped[str | None] = mapped_column(String(30))
    icon: Mapped[str] = mapped_column(String(30), default="folder")
    title_zh: Mapped[str | None] = mapped_column(String(30))
    title_en: Mapped[str | None] = mapped_column(String(30))
    #: No two records share a name.
    sole: Mapped[bool] = mapped_column(Boolean, default=False)
    #: own · parent · public (`rules.Scoping`)
    scoping: Mapped[str] = mapped_column(String(10), default="own")
    #: Slug of the entity each record belongs to.
    parent: Mapped[str | None] = mapped_column(String(60))
    #: The heading of the menu it stands under, and its place there.
    menu_group: Mapped[str | None] = mapped_column(String(60))
    position: Mapped[int] = mapped_column(Integer, default=0)
    #: Who received it when it was made (`rules.Given`).
    given: Mapped[str] = mapped_column(String(10), default="alike")
    active: Mapped[bool] = mapped_column(Boolean, default=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    version: Mapped[int] = mapped_column(Integer, default=1)

    __mapper_args__ = {"version_id_col": version}
