"""POOL-1, POOL-6: when a customer is due, by calendar days and by working days."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.pools.rules import Holding, Limits, binding, chain, draws_from, last_safe_day
from plugins.pools.views.addresses import whole_number

DAYS = st.dates(date(2019, 1, 1), date(2026, 12, 31))
#: The National Day week of 2026, which Saturday 10 October makes up for.
NATIONAL_WEEK = {date(2026, 10, day) for day in range(1, 8)}


def is_working_day(day: date) -> bool:
    return day not in NATIONAL_WEEK and (day.weekday() < 5 or day == date(2026, 10, 10))


def whole_days_between(last: date, night: date, counts) -> int:
    """The plain meaning of the rule: days after the follow-up that had passed when the night began."""
    passed = (last + timedelta(days=n) for n in range(1, (night - last).days))
    return sum(1 for day in passed if counts(day))


@settings(deadline=None)
@given(DAYS, st.integers(1, 60), st.integers(0, 120))
def test_calendar_days_are_counted_whole(night: date, days: int, ago: int) -> None:
    last = night - timedelta(days=ago)
    is_due = whole_days_between(last, night, lambda _day: True) >= days
    assert (last < last_safe_day(night, days)) == is_due


@settings(deadline=None)
@given(DAYS, st.integers(1, 30), st.integers(0, 90))
def test_working_days_are_counted_whole(night: date, days: int, ago: int) -> None:
    last = night - timedelta(days=ago)
    is_due = whole_days_between(last, night, is_working_day) >= days
    assert (last < last_safe_day(night, days, is_working_day)) == is_due


def test_a_weekend_does_not_count_and_a_make_up_day_does() -> None:
    friday, monday = date(2026, 3, 27), date(2026, 3, 30)
    assert last_safe_day(monday, 1, is_working_day) == friday
    assert last_safe_day(date(2026, 10, 12), 3, is_working_day) == date(2026, 10, 8)
    assert last_safe_day(date(2026, 10, 8), 1, is_working_day) == date(2026, 9, 30)


def test_a_leap_day_is_a_day() -> None:
    assert last_safe_day(date(2028, 3, 1), 1) == date(2028, 2, 29)


@pytest.mark.parametrize(
    ("owned", "claimed", "limits", "bound"),
    [
        (0, {}, Limits(10, 500, 30), ""),
        (0, {1: 4, 2: 6}, Limits(10, 500, 30), "per_day"),
        (0, {1: 4, 2: 6}, Limits(10, 500, 30, alone=True), ""),
        (0, {1: 10}, Limits(10, 500, 30, alone=True), "per_day"),
        (500, {}, Limits(10, 500, 30), "owned"),
        (700, {1: 90}, Limits(0, 0, 30), ""),
    ],
)
def test_the_limit_that_binds(owned: int, claimed: dict[int, int], limits: Limits, bound: str) -> None:
    assert binding(Holding(owned, claimed), 1, limits) == bound


def test_a_pool_draws_from_its_own_branch_only() -> None:
    assert draws_from(None, "/1/5/") == "/1/5/"
    assert draws_from("/1/5/9/", "/1/5/") == "/1/5/9/"
    assert draws_from("/1/5/", "/1/5/") == "/1/5/"
    assert draws_from("/1/", "/1/5/") is None
    assert draws_from("/1/50/", "/1/5/") is None


def test_numbers_of_addresses() -> None:
    assert [whole_number(text, 4) for text in ("12", "-1", "²", "1.5", "12345", "")] == [12, 0, 0, 0, 0, 0]


def test_the_chain_of_units() -> None:
    assert chain("/1/50/9/") == (1, 50, 9)
    assert chain(None) == ()
