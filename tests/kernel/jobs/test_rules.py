"""Cron expressions, due runs with catching up, backoff, hints: pure decisions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.jobs.rules import Timing, backoff, due_runs, read_hint, upcoming
from app.jobs.rules.cron import CronError, read_cron

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")


def moments(expression: str, start: str, count: int, zone: ZoneInfo = SHANGHAI) -> list[str]:
    at = datetime.fromisoformat(start).replace(tzinfo=zone)
    return [f"{moment:%m-%d %H:%M}" for moment in upcoming(read_cron(expression), at, zone, count)]


@pytest.mark.parametrize(
    ("expression", "start", "expected"),
    [
        ("0 2 * * *", "2026-01-31 02:00", ["02-01 02:00", "02-02 02:00"]),
        ("0 2 * * *", "2026-01-31 01:59", ["01-31 02:00", "02-01 02:00"]),
        ("*/20 9-10 * * 1-5", "2026-01-30 10:30", ["01-30 10:40", "02-02 09:00"]),
        ("30 8 1,15 * *", "2026-01-02", ["01-15 08:30", "02-01 08:30"]),
        ("0 0 31 * *", "2026-02-01", ["03-31 00:00", "05-31 00:00"]),
        ("0 0 13 * 5", "2026-02-01", ["02-06 00:00", "02-13 00:00"]),
        ("5/30 23 * * 7", "2026-02-01", ["02-01 23:05", "02-01 23:35"]),
        ("0 0 29 2 *", "2026-01-01", ["02-29 00:00", "02-29 00:00"]),
    ],
)
def test_the_next_moments(expression: str, start: str, expected: list[str]) -> None:
    assert moments(expression, start, 2) == expected


def test_summer_time_skips_and_repeats_nothing() -> None:
    assert moments("30 2 * * *", "2026-03-28 12:00", 2, BERLIN) == ["03-29 03:30", "03-30 02:30"]
    assert moments("30 2 * * *", "2026-10-24 12:00", 2, BERLIN) == ["10-25 02:30", "10-26 02:30"]


@pytest.mark.parametrize(
    ("expression", "field"),
    [
        ("", "form"),
        ("* * * *", "form"),
        ("60 * * * *", "minute"),
        ("* 24 * * *", "hour"),
        ("* * 0 * *", "day"),
        ("* * * 13 *", "month"),
        ("* * * * 8", "weekday"),
        ("*/0 * * * *", "minute"),
        ("9-5 * * * *", "minute"),
        ("*-5 * * * *", "minute"),
        ("1,,2 * * * *", "minute"),
        ("0 0 30 2 *", "never"),
        ("@daily", "form"),
        ("٣ * * * *", "minute"),
    ],
)
def test_what_cannot_be_read_names_its_field(expression: str, field: str) -> None:
    with pytest.raises(CronError) as refused:
        read_cron(expression)
    assert refused.value.field == field


@given(
    st.integers(0, 59),
    st.integers(0, 23),
    st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC)),
    st.sampled_from([SHANGHAI, BERLIN, ZoneInfo("America/Sao_Paulo"), ZoneInfo("Australia/Lord_Howe")]),
)
def test_a_daily_schedule_runs_once_on_every_date(
    minute: int, hour: int, start: datetime, zone: ZoneInfo
) -> None:
    cron = read_cron(f"{minute} {hour} * * *")
    runs = due_runs(cron, start, start + timedelta(days=40), zone, "all")
    dates = [run.date for run in runs]
    assert all(later - earlier == timedelta(days=1) for earlier, later in pairwise(dates))
    assert len(dates) in (39, 40, 41)
    assert {run.slot for run in runs} == {""}


@pytest.mark.parametrize(("catch_up", "days"), [("all", [2, 3, 4]), ("last", [4]), ("none", [])])
def test_missed_runs_follow_the_policy(catch_up: str, days: list[int]) -> None:
    reached = datetime(2026, 3, 1, 2, tzinfo=SHANGHAI)
    runs = due_runs(
        read_cron("0 2 * * *"), reached, datetime(2026, 3, 4, 12, tzinfo=SHANGHAI), SHANGHAI, catch_up
    )
    assert [run.date.day for run in runs] == days


def test_on_time_is_not_catching_up() -> None:
    reached = datetime(2026, 3, 1, 2, tzinfo=SHANGHAI)
    at = datetime(2026, 3, 2, 2, 0, 4, tzinfo=SHANGHAI)
    assert len(due_runs(read_cron("0 2 * * *"), reached, at, SHANGHAI, "none")) == 1
    assert due_runs(read_cron("0 2 * * *"), reached, at - timedelta(seconds=5), SHANGHAI, "all") == []


def test_several_runs_a_day_have_slots() -> None:
    reached = datetime(2026, 3, 1, tzinfo=SHANGHAI)
    runs = due_runs(read_cron("0 9,18 * * *"), reached, reached + timedelta(days=1), SHANGHAI, "all")
    assert [(run.date.day, run.slot) for run in runs] == [(1, "09:00"), (1, "18:00")]


def test_a_long_outage_of_a_busy_schedule_is_bounded() -> None:
    at = datetime(2026, 3, 1, tzinfo=SHANGHAI)
    runs = due_runs(read_cron("* * * * *"), at - timedelta(days=3000), at, SHANGHAI, "all")
    assert len(runs) == 400 and runs[-1].at == at


def test_backoff_grows_to_an_hour() -> None:
    assert [backoff(n).total_seconds() for n in (1, 2, 3, 9, 10**6)] == [10, 40, 160, 3600, 3600]
    assert backoff(2, Timing(backoff=0.5)).total_seconds() == 2


@pytest.mark.parametrize(
    "hint",
    [
        "test:0",
        "test:-1",
        "Test:1",
        "test:1\n",
        "test",
        ":1",
        "test:1:2",
        "test:" + "9" * 19,
        7,
        None,
        ["test:1"],
    ],
)
def test_what_is_not_a_hint(hint: object) -> None:
    assert read_hint(hint) is None


def test_a_hint_is_a_site_and_a_job() -> None:
    assert read_hint("north_bank:12") == ("north_bank", 12)
