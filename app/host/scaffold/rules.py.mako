"""When an item is overdue."""

from __future__ import annotations

from datetime import date, timedelta


def is_overdue(due_on: date, today: date, *, grace_days: int = 0) -> bool:
    """Whether an open item due on `due_on` is late on `today`; the days of grace are not.

    >>> is_overdue(date(2026, 3, 1), date(2026, 3, 3), grace_days=2)
    False
    """
    return today > due_on + timedelta(days=grace_days)
