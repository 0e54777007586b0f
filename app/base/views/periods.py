"""Months and years as stretches of time, for counting by them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

#: So many stretches back, this one included, and ahead.
BACK, AHEAD = 24, 12
STEPS = ("month", "year")


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of days: the first, and the first one after it; None where it is open."""

    start: date | None
    end: date | None

    @property
    def last(self) -> date | None:
        """Its last day."""
        return None if self.end is None else self.end - timedelta(days=1)


def periods(step: str, today: date) -> tuple[Period, ...]:
    """All time in stretches: everything before, `BACK` months or years up to today's, `AHEAD` of them, all after.

    >>> [str(each.start) for each in periods("year", date(2026, 11, 23))[23:26]]
    ['2025-01-01', '2026-01-01', '2027-01-01']
    """
    months = 1 if step == "month" else 12
    here = today.year * 12 + (today.month - 1 if step == "month" else 0)
    starts = [_first_of(here + months * offset) for offset in range(1 - BACK, AHEAD + 2)]
    inner = [Period(start, end) for start, end in pairwise(starts)]
    return (Period(None, starts[0]), *inner, Period(starts[-1], None))


def _first_of(months: int) -> date:
    return date(months // 12, months % 12 + 1, 1)


def bounds(stretches: Sequence[Period], zone: ZoneInfo, *, moments: bool) -> list[date | datetime]:
    """Where each stretch but the last ends: a day, or for moments its midnight on the clock of `zone`."""
    ends = [each.end for each in stretches if each.end is not None]
    return [datetime.combine(end, time(), zone) for end in ends] if moments else list(ends)


def period_text(each: Period, step: str) -> tuple[str, str]:
    """How it is written, and ``before`` or ``after`` where it is open to one side.

    >>> period_text(Period(date(2026, 3, 1), date(2026, 4, 1)), "month")
    ('2026-03', '')
    >>> period_text(Period(date(2027, 1, 1), None), "year")
    ('2027', 'after')
    """
    length = 7 if step == "month" else 4
    if each.start is None:
        return str(each.end)[:length], "before"
    return str(each.start)[:length], "" if each.end is not None else "after"
