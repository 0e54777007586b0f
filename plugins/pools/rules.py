"""When a customer is recycled, and who may claim one: pure decisions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta


def last_safe_day(business_date: date, days: int, is_working_day: Callable[[date], bool] | None = None) -> date:
    """The day a follow-up must have happened on or after, for the customer to stay on `business_date`.

    A customer is recycled once `days` whole days have passed without an effective follow-up; with
    `is_working_day` only working days count.

    >>> last_safe_day(date(2026, 3, 31), 30)
    datetime.date(2026, 3, 1)
    """
    if is_working_day is None:
        return business_date - timedelta(days=days)
    day, left = business_date, days
    while left > 0:
        if is_working_day(day):
            left -= 1
        day -= timedelta(days=1)
    return day


@dataclass(frozen=True, slots=True)
class Holding:
    """What a person has when asking to claim: customers owned now, claims made today, from the ledger."""

    owned: int
    claimed_today: int
    #: Days since this person last lost this very customer to a pool; None if never.
    days_since_lost: int | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """The site's settings; 0 means no limit."""

    per_day: int
    owned: int
    cool_down_days: int


def why_not_claim(holding: Holding, limits: Limits, wanted: int = 1) -> str | None:
    """The reason code that forbids claiming `wanted` customers, or None.

    Codes: ``per_day``, ``owned``, ``cool_down``. Claims count whether or not the customer is still held, so
    that giving back and claiming again does not evade the limit.
    """
    if limits.per_day and holding.claimed_today + wanted > limits.per_day:
        return "per_day"
    if limits.owned and holding.owned + wanted > limits.owned:
        return "owned"
    if holding.days_since_lost is not None and holding.days_since_lost < limits.cool_down_days:
        return "cool_down"
    return None
