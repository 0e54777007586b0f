"""Cron expressions of five fields, read and stepped through in a time zone. Pure."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

_FIELDS = (("minute", 0, 59), ("hour", 0, 23), ("day", 1, 31), ("month", 1, 12), ("weekday", 0, 7))
_PART = re.compile(r"(\*|[0-9]{1,2})(?:-([0-9]{1,2}))?(?:/([0-9]{1,2}))?")
#: No expression that means anything waits longer for its next moment: 29 February on a given weekday.
_FURTHEST = timedelta(days=366 * 41)


class CronError(ValueError):
    """An expression that cannot be read; `field` names the wrong one (or ``form``, or ``never``)."""

    def __init__(self, field: str):
        self.field = field
        super().__init__(f"cron: {field}")


@dataclass(frozen=True, slots=True)
class Cron:
    """The moments ``minute hour day month weekday`` names.

    As everywhere, a day counts when it fits the day *or* the weekday if both are limited. Weekday 0 and 7 are
    Sunday.
    """

    text: str
    #: Minutes of the day at which it runs, ascending.
    times: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    any_day: bool
    any_weekday: bool

    @property
    def is_daily(self) -> bool:
        """Whether it runs at most once a day."""
        return len(self.times) == 1

    def fits_day(self, day: datetime) -> bool:
        """Whether it runs on that day at all."""
        if day.month not in self.months:
            return False
        by_day, by_weekday = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        if self.any_day or self.any_weekday:
            return by_day and by_weekday
        return by_day or by_weekday

    def next_after(self, moment: datetime, zone: tzinfo) -> datetime:
        """The first moment after `moment` (aware), in UTC.

        A time of day that the change to summer time skips is taken as much later; one that happens twice runs
        the first time. Raises `CronError` when there is none (30 February).
        """
        # Clocks are put back by at most a few hours: look that much before the wall time of `moment`.
        start = moment.astimezone(zone).replace(tzinfo=None) - timedelta(hours=3)
        day = start.replace(hour=0, minute=0, second=0, microsecond=0)
        first = bisect_left(self.times, start.hour * 60 + start.minute)
        for _number in range(_FURTHEST.days):
            if self.fits_day(day):
                for time in self.times[first:]:
                    found = (day + timedelta(minutes=time)).replace(tzinfo=zone).astimezone(UTC)
                    if found > moment:
                        return found
            first = 0
            day += timedelta(days=1)
        raise CronError("never")


def read_cron(text: str) -> Cron:
    """Read an expression such as ``30 2 * * 1-5``. Raises `CronError`.

    >>> read_cron("0 2 * * *").is_daily
    True
    """
    parts = text.split()
    if len(parts) != len(_FIELDS):
        raise CronError("form")
    minutes, hours, days, months, weekdays = (
        _read_field(part, *field) for part, field in zip(parts, _FIELDS, strict=True)
    )
    times = tuple(sorted(hour * 60 + minute for hour in hours for minute in minutes))
    cron = Cron(
        " ".join(parts),
        times,
        days,
        months,
        frozenset(day % 7 for day in weekdays),
        any_day=parts[2].startswith("*"),
        any_weekday=parts[4].startswith("*"),
    )
    cron.next_after(datetime(2024, 1, 1, tzinfo=UTC), UTC)
    return cron


def _read_field(text: str, name: str, low: int, high: int) -> frozenset[int]:
    values: set[int] = set()
    for part in text.split(","):
        found = _PART.fullmatch(part)
        if found is None or (found[1] == "*" and found[2]):
            raise CronError(name)
        step = int(found[3] or 1)
        if found[1] == "*":
            first, last = low, high
        else:
            first = int(found[1])
            last = int(found[2]) if found[2] else (high if found[3] else first)
        if not (low <= first <= last <= high) or step < 1:
            raise CronError(name)
        values.update(range(first, last + 1, step))
    return frozenset(values)
