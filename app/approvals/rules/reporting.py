"""How reports on approvals cut time: months, and the age of what is still open."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

#: The last day of each class of age but the oldest: 0-1, 2-3, 4-7, 8-30, over 30 days.
AGES = (1, 3, 7, 30)
#: From the first moment on, and before the second; None: open to that side.
Stretch = tuple[datetime | None, datetime | None]


def month_stretch(month: str, zone: ZoneInfo) -> Stretch:
    """The moments of a month written ``2026-03``, on the clock of `zone`. Raises `ValueError` for what is no month.

    >>> month_stretch("2026-12", ZoneInfo("Asia/Shanghai"))[1].isoformat()
    '2027-01-01T00:00:00+08:00'
    """
    first = date.fromisoformat(f"{month}-01")
    if not 1900 <= first.year < 3000:
        raise ValueError(month)
    after = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return _midnight(first, zone), _midnight(after, zone)


def shifted_month(month: str, months: int) -> str:
    """A month so many months away.

    >>> shifted_month("2026-01", -1)
    '2025-12'
    """
    first = date.fromisoformat(f"{month}-01")
    year, place = divmod(first.year * 12 + first.month - 1 + months, 12)
    return f"{year:04d}-{place + 1:02d}"


def age_stretch(place: int, today: date, zone: ZoneInfo) -> Stretch:
    """When cases of a class of age began: the days since then are counted by the calendar, from midnight.

    On 10 March a case begun on the 9th at one minute past midnight is one day old, one begun on the 8th two.
    """
    oldest = _midnight(today - timedelta(days=AGES[place]), zone) if place < len(AGES) else None
    youngest = _midnight(today - timedelta(days=AGES[place - 1]), zone) if place else None
    return oldest, youngest


def age_days(place: int) -> tuple[int, int | None]:
    """The first and the last day of a class of age.

    >>> [age_days(place) for place in range(5)]
    [(0, 1), (2, 3), (4, 7), (8, 30), (31, None)]
    """
    return (AGES[place - 1] + 1 if place else 0), (AGES[place] if place < len(AGES) else None)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone)


__all__ = ["AGES", "Stretch", "age_days", "age_stretch", "month_stretch", "shifted_month"]
