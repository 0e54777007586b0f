"""POOL-1, POOL-6: when a customer is due, by calendar days and by working days."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.pools.calendar import is_working_day
from plugins.pools.rules import Holding, Limits, chain, draws_from, is_length, last_safe_day, room_left

DAYS = st.dates(date(2019, 1, 1), date(2026, 12, 31))


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
    # Saturday 10 October 2026 makes up for the National Day week of 1 to 7 October.
    assert is_working_day(date(2026, 10, 10))
    assert not is_working_day(date(2026, 10, 5))
    assert last_safe_day(date(2026, 10, 12), 3, is_working_day) == date(2026, 10, 8)
    assert last_safe_day(date(2026, 10, 8), 1, is_working_day) == date(2026, 9, 30)


def test_beyond_the_published_years_the_statutory_holidays_are_known() -> None:
    assert not is_working_day(date(2030, 10, 1))
    assert not is_working_day(date(2030, 2, 3))  # the lunar new year of 2030
    assert not is_working_day(date(2031, 3, 1))  # a Saturday
    assert is_working_day(date(2031, 3, 3))


def test_a_leap_day_is_a_day() -> None:
    assert last_safe_day(date(2028, 3, 1), 1) == date(2028, 2, 29)


@pytest.mark.parametrize(
    ("owned", "claimed", "limits", "room"),
    [
        (0, 0, Limits(10, 500, 30), (10, "per_day")),
        (0, 10, Limits(10, 500, 30), (0, "per_day")),
        (0, 12, Limits(10, 500, 30), (0, "per_day")),
        (499, 0, Limits(10, 500, 30), (1, "owned")),
        (700, 0, Limits(10, 500, 30), (0, "owned")),
        (700, 90, Limits(0, 0, 30), (None, "")),
        (700, 3, Limits(5, 0, 30), (2, "per_day")),
    ],
)
def test_the_tighter_limit_binds(owned: int, claimed: int, limits: Limits, room: tuple) -> None:
    assert room_left(Holding(owned, claimed), limits) == room


def test_a_pool_draws_from_its_own_branch_only() -> None:
    assert draws_from(None, "/1/5/") == "/1/5/"
    assert draws_from("/1/5/9/", "/1/5/") == "/1/5/9/"
    assert draws_from("/1/5/", "/1/5/") == "/1/5/"
    assert draws_from("/1/", "/1/5/") is None
    assert draws_from("/1/50/", "/1/5/") is None


def test_a_rule_waits_at_least_a_day() -> None:
    assert [is_length(days) for days in (-1, 0, 1, 3650, 3651)] == [False, False, True, True, False]


def test_the_chain_of_units() -> None:
    assert chain("/1/50/9/") == (1, 50, 9)
    assert chain(None) == ()
