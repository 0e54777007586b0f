"""Counting by working days: pure, over a predicate that says whether people work on a day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Literal

IsWorking = Callable[[date], bool]
Unit = Literal["hours", "days", "working_days"]

#: No institution closes for longer: a calendar without a working day in so many days is wrong.
LONGEST_BREAK_DAYS = 366
_DAY = timedelta(days=1)


def add_working_days(start: date, days: int, is_working: IsWorking) -> date:
    """The working day that lies `days` working days after `start` (before it, when negative).

    Zero answers `start` itself, a day off too. Raises `ValueError` where no day is worked for a year and
    `OverflowError` beyond the year 9999.

    >>> friday = date(2026, 3, 27)
    >>> add_working_days(friday, 1, lambda day: day.weekday() < 5)
    datetime.date(2026, 3, 30)
    """
    day, left = start, abs(days)
    step = _DAY if days >= 0 else -_DAY
    while left:
        day = _next_working(day + step, step, is_working)
        left -= 1
    return day


def working_days_between(first: date, last: date, is_working: IsWorking) -> int:
    """How many working days pass from `first`, which does not count, to `last`, which does; negative backwards.

    >>> working_days_between(date(2026, 3, 27), date(2026, 3, 31), lambda day: day.weekday() < 5)
    2
    """
    if last < first:
        return -working_days_between(last, first, is_working)
    return sum(1 for ahead in range(1, (last - first).days + 1) if is_working(first + ahead * _DAY))


def deadline(start: datetime, amount: int, unit: Unit, zone: tzinfo, is_working: IsWorking) -> datetime:
    """The moment, in UTC, by which something begun at `start` (aware) is due, as clocks in `zone` show it.

    ``hours`` pass on every day; ``days`` and ``working_days`` keep the clock time. Working days begun on a day
    off count from the beginning of the next working day. Raises `ValueError` for a naive start, a negative
    amount, another unit or a calendar without working days.

    >>> begun = datetime(2026, 3, 27, 7, 30, tzinfo=UTC)
    >>> deadline(begun, 1, "working_days", UTC, lambda day: day.weekday() < 5)
    datetime.datetime(2026, 3, 30, 7, 30, tzinfo=datetime.timezone.utc)
    """
    if start.tzinfo is None or amount < 0:
        raise ValueError("a deadline counts forward from an aware moment")
    if unit == "hours":
        return start.astimezone(UTC) + timedelta(hours=amount)
    local = start.astimezone(zone)
    if unit == "days":
        return _moment(local.date() + timedelta(days=amount), local.time(), zone)
    if unit != "working_days":
        raise ValueError(f"there is no unit of time '{unit}'")
    day, clock = local.date(), local.time()
    if not is_working(day):
        day, clock = _next_working(day, _DAY, is_working), time.min
    return _moment(add_working_days(day, amount, is_working), clock, zone)


def _next_working(day: date, step: timedelta, is_working: IsWorking) -> date:
    """The first working day from `day` on, itself included."""
    for _passed in range(LONGEST_BREAK_DAYS):
        if is_working(day):
            return day
        day += step
    raise ValueError("this calendar has no working days")


def _moment(day: date, clock: time, zone: tzinfo) -> datetime:
    return datetime.combine(day, clock.replace(tzinfo=None), zone).astimezone(UTC)
