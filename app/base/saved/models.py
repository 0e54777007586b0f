"""The views of lists people keep."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Boolean, Index, Integer, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from app.access.models import BigId
from app.db import Model, UtcDateTime, now

_ONE = text("is_default")


class SavedView(Model):
    """One view of one list; `query` is what it asks for and shows, as it stands in the list's address.

    `user_id` is the login it belongs to, `unit_id` and `role_id` say whom it is shared with.
    """

    __tablename__ = "base_saved_view"
    __table_args__ = (
        Index("ix_base_saved_view_entity", "entity", "audience", "user_id"),
        Index("uq_base_saved_view_default", "entity", unique=True, postgresql_where=_ONE, sqlite_where=_ONE),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    entity: Mapped[str] = mapped_column(String(60))
    name: Mapped[str] = mapped_column(String(40))
    audience: Mapped[str] = mapped_column(String(10), default="private")
    user_id: Mapped[int] = mapped_column(Integer, index=True)
    owner_name: Mapped[str] = mapped_column(String(128), default="")
    unit_id: Mapped[int | None] = mapped_column(Integer)
    role_id: Mapped[int | None] = mapped_column(Integer)
    #: Opens by itself for everybody who has chosen no other.
    is_default: Mapped[bool] = mapped_column(Boolean, default=False)
    query: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now, onupdate=now)
    version: Mapped[int] = mapped_column(Integer, default=1)

    __mapper_args__ = {"version_id_col": version}
