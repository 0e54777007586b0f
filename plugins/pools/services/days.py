"""The site's calendar: today, the coming night, and `PoolDay`, the table SQL counts days by."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property, lru_cache
from itertools import accumulate
from typing import Any, cast
from zoneinfo import ZoneInfo

from sqlalchemy import ARRAY, Date, Integer, String, Table, case, delete, func, literal, select, text
from sqlalchemy import cast as cast_to
from sqlalchemy.orm import Session

from app.api import UNSCOPED, UtcDateTime, context, insert_rows, now, worked_days
from plugins.pools.models import PoolDay

#: When the nightly run is scheduled, on the site's clock.
NIGHTLY_AT = time(1, 15)
#: Years the table reaches back and ahead of the present one: no rule waits longer.
YEARS = 10
_DAY = cast(Table, PoolDay.__table__)
_OPEN = {UNSCOPED: True}


def zone() -> ZoneInfo:
    """The site's time zone."""
    return ZoneInfo(context().site.timezone)


def business_today() -> date:
    """Today in the site's time zone."""
    return now().astimezone(zone()).date()


def coming_night() -> date:
    """The business date of the next nightly run: today before `NIGHTLY_AT`, else tomorrow."""
    local = now().astimezone(zone())
    return local.date() if local.time() < NIGHTLY_AT else local.date() + timedelta(days=1)


def starts_at(day: date) -> datetime:
    """Midnight of a day on the site's clock, in UTC."""
    return datetime.combine(day, time.min, zone()).astimezone(UTC)


@lru_cache
def _offset(timezone: str, first: date, last: date) -> timedelta | None:
    """How far a zone is ahead of UTC, if it is the same on all these days."""
    moments = (datetime.combine(first + timedelta(days=ahead), time.min) for ahead in range((last - first).days + 1))
    offsets = {ZoneInfo(timezone).utcoffset(moment) for moment in moments}
    return offsets.pop() if len(offsets) == 1 else None


@lru_cache(maxsize=4)
def _begun(first: date, last: date, where: ZoneInfo) -> list[tuple[date, datetime]]:
    """Each day from `first` to `last` with its midnight in a time zone, in UTC."""
    days = (first + timedelta(days=ahead) for ahead in range((last - first).days + 1))
    return [(day, datetime.combine(day, time.min, where).astimezone(UTC)) for day in days]


def span(today: date) -> tuple[date, date]:
    """The first and the last day the table has to hold."""
    return date(today.year - YEARS, 1, 1), date(today.year + YEARS, 12, 31)


def keep_days(current: Session) -> bool:
    """Bring the table in line with the calendar of the site; whether anything had changed.

    Read and compared in whole (some thousand rows), written in whole, in the running transaction.
    """
    first, last = span(business_today())
    worked = worked_days(first, last)
    wanted = [
        (*begun, works, number)
        for begun, works, number in zip(_begun(first, last, zone()), worked, accumulate(map(int, worked)), strict=True)
    ]
    if current.get_bind().dialect.name == "postgresql":  # of two who find it out of date, the second finds it in order
        current.execute(text("LOCK TABLE pools_day IN SHARE ROW EXCLUSIVE MODE"))
    columns = (_DAY.c.day, _DAY.c.starts_at, _DAY.c.worked, _DAY.c.number)
    held = [tuple(row) for row in current.execute(select(*columns).order_by(_DAY.c.day).execution_options(**_OPEN))]
    if held == wanted:
        return False
    names = [column.name for column in columns]
    current.execute(delete(_DAY))
    insert_rows(current, _DAY, [dict(zip(names, row, strict=True)) for row in wanted], names)
    return True


class Calendar:
    """Days as SQL on the site's clock: on PostgreSQL by its own arithmetic, on SQLite by the table and by `date()`."""

    def __init__(self, current: Session, first: date) -> None:
        self.is_postgresql = current.get_bind().dialect.name == "postgresql"
        self.zone = context().site.timezone
        self.first = first
        # a clock that is never put forward or back is an addition, which PostgreSQL does far quicker than a zone
        self._clock = literal(_offset(self.zone, *span(business_today())) or self.zone)

    @cached_property
    def whole(self) -> WholeCalendar:
        """The calendar to take along, instead of looking days up."""
        return WholeCalendar(self.first)

    def day_of(self, moment: Any) -> Any:
        """The day a moment falls on; never before the table's first day, null for null."""
        if self.is_postgresql:
            local = func.timezone(self._clock, moment).cast(Date)
            return case((moment.is_not(None), func.greatest(local, literal(self.first, Date), type_=Date)))
        days = _DAY.alias()
        found = select(days.c.day).where(days.c.starts_at <= moment).order_by(days.c.starts_at.desc()).limit(1)
        earlier = case((moment.is_not(None), literal(self.first, Date)))
        return func.coalesce(found.correlate_except(days).scalar_subquery(), earlier, type_=Date)

    def latest(self, *moments: Any) -> Any:
        """The latest of some moments, of which any may be null but the first."""
        if len(moments) == 1:
            return moments[0]
        if self.is_postgresql:
            return func.greatest(*moments, type_=UtcDateTime())
        return func.max(moments[0], *(func.coalesce(one, moments[0]) for one in moments[1:]), type_=UtcDateTime())

    def plus(self, day: Any, days: Any) -> Any:
        """The day so many calendar days (a number, or an expression) after another."""
        if self.is_postgresql:
            return day + days
        return func.date(day, literal("+") + cast_to(days, String) + literal(" days"), type_=Date)


class WholeCalendar:
    """The table as two arrays worked out once for a statement: numbers by day, worked days by number (PostgreSQL)."""

    def __init__(self, first: date) -> None:
        day, number = _DAY.c.day, _DAY.c.number
        numbers = func.array_agg(number, type_=ARRAY(Integer)).aggregate_order_by(day)
        worked = func.array_agg(day, type_=ARRAY(Date)).aggregate_order_by(number).filter(_DAY.c.worked)
        kept = select(numbers.label("numbers"), worked.label("worked")).cte("calendar").prefix_with("MATERIALIZED")
        self.first = first
        self._numbers: Any = select(kept.c.numbers).scalar_subquery()
        self._worked: Any = select(kept.c.worked).scalar_subquery()

    def number(self, day: Any) -> Any:
        """How many days are worked from the first up to and including a day."""
        return self._numbers[day - literal(self.first, Date) + 1]

    def worked(self, number: Any) -> Any:
        """The day of a number; null beyond the last."""
        return self._worked[number]


__all__ = [
    "NIGHTLY_AT", "Calendar", "WholeCalendar", "business_today", "coming_night", "keep_days", "span", "starts_at",
    "zone",
]  # fmt: skip
