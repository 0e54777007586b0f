"""When a customer is recycled, and who may claim one: pure decisions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

#: A rule waits at least one day and at most ten years.
SHORTEST_DAYS, LONGEST_DAYS = 1, 3650


def last_safe_day(business_date: date, days: int, is_working_day: Callable[[date], bool] | None = None) -> date:
    """The day a follow-up must have happened on or after, for the customer to stay on `business_date`.

    A customer is recycled once `days` whole days lie between the last effective follow-up and `business_date`;
    with `is_working_day` only working days count. The night of 31 March with 30 days: followed up on
    28 February, the days 1 to 30 March have passed and the customer goes; followed up on 1 March, it stays.

    >>> last_safe_day(date(2026, 3, 31), 30)
    datetime.date(2026, 3, 1)
    >>> monday = date(2026, 3, 30)
    >>> last_safe_day(monday, 1, lambda day: day.weekday() < 5)
    datetime.date(2026, 3, 27)
    """
    if is_working_day is None:
        return business_date - timedelta(days=days)
    day, left = business_date, days
    while left > 0:
        day -= timedelta(days=1)
        if is_working_day(day):
            left -= 1
    return day


def is_length(days: int) -> bool:
    """Whether a rule may wait that many days."""
    return SHORTEST_DAYS <= days <= LONGEST_DAYS


def draws_from(rule_path: str | None, pool_path: str) -> str | None:
    """The path of the units whose customers a rule moves into a pool; None when the pool must not have them.

    A pool takes customers of its own unit and below, so nobody's customers end in a strange branch. Paths look
    like ``/1/5/``.

    >>> draws_from(None, "/1/5/"), draws_from("/1/5/9/", "/1/5/"), draws_from("/1/6/", "/1/5/")
    ('/1/5/', '/1/5/9/', None)
    """
    if rule_path is None:
        return pool_path
    return rule_path if rule_path.startswith(pool_path) else None


def chain(path: str | None) -> tuple[int, ...]:
    """The ids of a unit and of the units above it, from its path.

    >>> chain("/1/5/9/")
    (1, 5, 9)
    """
    return tuple(int(part) for part in (path or "").split("/") if part)


@dataclass(frozen=True, slots=True)
class Holding:
    """What a person has when asking to claim: customers owned now, claims made today, from the ledger."""

    owned: int
    claimed_today: int


@dataclass(frozen=True, slots=True)
class Limits:
    """The site's settings; 0 means no limit."""

    per_day: int
    owned: int
    cool_down_days: int


def room_left(holding: Holding, limits: Limits) -> tuple[int | None, str]:
    """(how many customers may still be claimed, what binds: ``per_day`` or ``owned``); None: any number.

    Claims count whether or not the customer is still held, so giving back and claiming again evades nothing.

    >>> room_left(Holding(owned=498, claimed_today=9), Limits(per_day=10, owned=500, cool_down_days=0))
    (1, 'per_day')
    """
    bounds = []
    if limits.per_day:
        bounds.append((max(limits.per_day - holding.claimed_today, 0), "per_day"))
    if limits.owned:
        bounds.append((max(limits.owned - holding.owned, 0), "owned"))
    return min(bounds) if bounds else (None, "")
