"""POOL-1: the days of a ladder, by the calendar and by working days, and the protection clock."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.pools.rules import STAGES, Ladder, Steps, after, basis_of, last_safe_day, steps_of

DAYS = st.dates(date(2019, 1, 1), date(2026, 12, 31))
LENGTHS = st.none() | st.integers(0, 40)
LADDERS = st.builds(
    Ladder,
    trigger=st.sampled_from(("follow_up", "owned", "protection")),
    amber_days=LENGTHS,
    red_days=LENGTHS,
    pool_days=LENGTHS,
    working_days=st.booleans(),
    protect_days=st.integers(1, 30),
    extend_days=LENGTHS,
    hard_stop_days=LENGTHS,
    counts_from=st.none() | DAYS,
)
#: The National Day week of 2026, which Saturday 10 October makes up for.
NATIONAL_WEEK = {date(2026, 10, day) for day in range(1, 8)}


def is_working_day(day: date) -> bool:
    return day not in NATIONAL_WEEK and (day.weekday() < 5 or day == date(2026, 10, 10))


@pytest.mark.parametrize(
    ("followed", "due"),
    [
        (None, date(2026, 4, 4)),
        (date(2026, 3, 28), date(2026, 4, 4)),
        (date(2026, 4, 2), date(2026, 4, 5)),
        (date(2026, 4, 5), date(2026, 4, 8)),
        (date(2026, 4, 12), date(2026, 4, 14)),
        (date(2026, 4, 30), date(2026, 4, 14)),
    ],
)
def test_a_protection_clock(followed: date | None, due: date) -> None:
    """Ten days from 25 March; each follow-up gives at least three; never past the twentieth."""
    clock = Ladder("protection", protect_days=10, extend_days=3, hard_stop_days=20, pool_days=0)
    basis = basis_of(clock, date(2026, 3, 25), followed)
    assert basis == due
    assert steps_of(clock, basis) == Steps(amber=due + timedelta(days=1), pool=due + timedelta(days=1))


def test_working_days_leave_out_holidays_and_count_make_up_days() -> None:
    ladder = Ladder(amber_days=1, red_days=3, pool_days=1, working_days=True)
    # from Wednesday 30 September: 8 and 9 October, Saturday the 10th, Monday the 12th
    steps = steps_of(ladder, date(2026, 9, 30), is_working_day)
    assert steps == Steps(date(2026, 10, 9), date(2026, 10, 13), date(2026, 10, 14))


@settings(deadline=None)
@given(DAYS, st.integers(0, 60), st.booleans())
def test_after_is_the_first_night_the_days_have_passed(basis: date, days: int, worked: bool) -> None:
    counted = is_working_day if worked else None
    night = after(basis, days, counted)
    assert basis < last_safe_day(night, days, counted)
    assert not basis < last_safe_day(night - timedelta(days=1), days, counted)


@settings(deadline=None)
@given(LADDERS, DAYS, st.integers(0, 80), st.none() | DAYS)
def test_a_ladder_goes_up_in_order(ladder: Ladder, start: date, ago: int, kept_until: date | None) -> None:
    last = start + timedelta(days=ago)
    basis = basis_of(ladder, start, last, is_working_day)
    assert basis >= max(start, ladder.counts_from or start) or ladder.trigger == "protection"
    steps = steps_of(ladder, basis, is_working_day, kept_until)
    dates = [on for on in (steps.amber, steps.red, steps.pool) if on is not None]
    assert dates == sorted(dates)
    assert all(on > basis for on in dates)
    if steps.pool is not None and kept_until is not None:
        assert steps.pool > kept_until
    for stage in STAGES:
        following = steps.next(stage)
        assert following is None or following in dates
        assert STAGES.index(steps.lowered(stage, basis)) == 0, "on the day it counts from nobody is warned"
        if dates:
            assert steps.lowered(stage, dates[-1]) in (stage, "amber", "green")
    if dates:
        assert steps.due(dates[0] - timedelta(days=1)) == ""
        assert steps.due(dates[-1]) != ""
    else:
        assert steps.next("green") is None


@settings(deadline=None)
@given(LADDERS, DAYS, st.lists(st.integers(0, 60), max_size=4))
def test_a_follow_up_never_takes_days_away(ladder: Ladder, start: date, later: list[int]) -> None:
    basis = basis_of(ladder, start, None, is_working_day)
    for ahead in sorted(later):
        following = basis_of(ladder, start, start + timedelta(days=ahead), is_working_day)
        assert following >= basis
        basis = following
