"""The days a site names itself."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Date, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Model

HOLIDAY, WORKING = "holiday", "working"


class SiteDay(Model):
    """A day on which this institution rests or works, whatever the published calendar says."""

    __tablename__ = "calendar_day"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    day: Mapped[date] = mapped_column(Date, unique=True)
    #: holiday 休息日 · working 上班日
    kind: Mapped[str] = mapped_column(String(12), default=HOLIDAY)
    #: What the day is for: 行庆, 调休.
    name: Mapped[str] = mapped_column(String(100))

    def __repr__(self) -> str:
        return self.name
