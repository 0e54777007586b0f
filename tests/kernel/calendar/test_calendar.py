"""POOL-6: which days people work here, and when something begun is due."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st

from app import api
from app.access.actors import acting_as
from app.calendar.china import is_published_working_day
from app.calendar.rules import add_working_days, deadline, working_days_between
from app.fields.records import create_record, delete_record, update_record
from app.host.context import entity
from app.testing.people import Browser, People, login
from app.types import Refused

SHANGHAI = ZoneInfo("Asia/Shanghai")
#: 2004 to 2026 are published; before and after the statutory holidays are computed, weekends beyond 1950 and 2100.
DAYS = st.dates(date(1900, 1, 1), date(2100, 12, 31))


def china(day: date) -> bool:
    return is_published_working_day(day)


@pytest.mark.parametrize(
    ("day", "worked"),
    [
        (date(2026, 10, 10), True),  # the Saturday that makes up for the National Day week
        (date(2026, 10, 5), False),
        (date(2026, 2, 14), True),  # the Saturday before the Spring Festival
        (date(2026, 2, 17), False),
        (date(2030, 10, 1), False),
        (date(2030, 2, 3), False),  # the lunar new year of 2030
        (date(2031, 3, 1), False),  # a Saturday
        (date(2031, 3, 3), True),
        (date(1900, 1, 6), False),
        (date(2150, 1, 1), True),  # nothing is known so far ahead but weekends
    ],
)
def test_published_days_go_before_statutory_ones(day: date, worked: bool) -> None:
    assert is_published_working_day(day) is worked


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        (date(2026, 2, 13), 1, date(2026, 2, 14)),  # Friday; the Saturday makes up
        (date(2026, 2, 14), 1, date(2026, 2, 24)),  # over the Spring Festival
        (date(2026, 9, 30), 3, date(2026, 10, 10)),  # 8, 9 and the make-up Saturday
        (date(2025, 12, 31), 2, date(2026, 1, 5)),  # New Year, its Friday and weekend; Sunday 4 January makes up
        (date(2026, 10, 12), -3, date(2026, 10, 8)),
        (date(2026, 3, 28), 0, date(2026, 3, 28)),
    ],
)
def test_working_days_are_counted_over_holidays(start: date, days: int, end: date) -> None:
    assert add_working_days(start, days, china) == end


@settings(deadline=None, max_examples=60)
@given(DAYS, st.integers(-60, 60))
def test_counting_there_and_measuring_agree(start: date, days: int) -> None:
    end = add_working_days(start, days, china)
    if days >= 0:
        assert working_days_between(start, end, china) == days
    else:
        # backwards the first day counts, if it is worked, in place of the last
        assert sum(china(end + timedelta(days=n)) for n in range((start - end).days)) == -days
    assert days == 0 or china(end)


def at(*moment: int) -> datetime:
    return datetime(*moment, tzinfo=SHANGHAI)  # type: ignore[arg-type,misc]


@pytest.mark.parametrize(
    ("start", "amount", "unit", "due"),
    [
        (at(2026, 3, 27, 17, 30), 5, "hours", at(2026, 3, 27, 22, 30)),
        (at(2026, 1, 31, 9, 0), 1, "days", at(2026, 2, 1, 9, 0)),
        (at(2026, 2, 28, 9, 0), 1, "days", at(2026, 3, 1, 9, 0)),
        (at(2026, 3, 27, 17, 30), 1, "working_days", at(2026, 3, 30, 17, 30)),
        # begun on a Saturday afternoon: from the beginning of Monday
        (at(2026, 3, 28, 15, 0), 1, "working_days", at(2026, 3, 31, 0, 0)),
        (at(2026, 3, 28, 15, 0), 0, "working_days", at(2026, 3, 30, 0, 0)),
        (at(2026, 3, 27, 17, 30), 0, "working_days", at(2026, 3, 27, 17, 30)),
        # begun on a make-up Saturday; Spring Festival lies between
        (at(2026, 2, 14, 10, 0), 1, "working_days", at(2026, 2, 24, 10, 0)),
        (at(2026, 9, 30, 18, 0), 2, "working_days", at(2026, 10, 9, 18, 0)),
        # still Friday in UTC, Saturday already on the site's clock
        (datetime(2026, 3, 27, 17, 0, tzinfo=UTC), 1, "working_days", at(2026, 3, 31, 0, 0)),
    ],
)
def test_when_something_is_due(start: datetime, amount: int, unit, due: datetime) -> None:
    found = deadline(start, amount, unit, SHANGHAI, china)
    assert (found, found.tzinfo) == (due, UTC)


def test_the_clock_time_stays_where_clocks_change() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    friday = datetime(2026, 3, 27, 9, 0, tzinfo=berlin)
    due = deadline(friday, 1, "working_days", berlin, lambda day: day.weekday() < 5)
    assert due == datetime(2026, 3, 30, 9, 0, tzinfo=berlin)
    assert due - friday == timedelta(days=3, hours=-1)


def test_what_cannot_be_counted_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        deadline(datetime(2026, 1, 1), 1, "days", UTC, china)
    with pytest.raises(ValueError, match="aware"):
        deadline(at(2026, 1, 1), -1, "days", UTC, china)
    with pytest.raises(ValueError, match="weeks"):
        deadline(at(2026, 1, 1), 1, "weeks", UTC, china)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no working days"):
        add_working_days(date(2026, 1, 1), 1, lambda day: False)


def test_the_sites_own_days_go_before_the_calendar(people: People) -> None:
    monday, saturday = date(2026, 3, 30), date(2026, 4, 11)
    begun = at(2026, 3, 27, 9, 0)
    with acting_as(people.admin.actor):
        assert (api.is_working_day(monday), api.is_working_day(saturday)) == (True, False)
        off = create_record(entity("calendar_day"), {"name": "行庆", "day": "2026-03-30", "kind": "holiday"})
        create_record(entity("calendar_day"), {"name": "补班", "day": "2026-04-11", "kind": "working"})
        assert (api.is_working_day(monday), api.is_working_day(saturday)) == (False, True)
        fortnight = [monday + timedelta(days=ahead) for ahead in range(13)]
        assert fortnight[-1] == saturday
        assert api.worked_days(monday, saturday) == list(map(api.is_working_day, fortnight))
        assert api.deadline(begun, 1, "working_days") == at(2026, 3, 31, 9, 0)
        with pytest.raises(Refused) as twice:
            create_record(entity("calendar_day"), {"name": "行庆", "day": "2026-03-30"})
        assert set(twice.value.errors) == {"day"}
        update_record(entity("calendar_day"), off, {"kind": "working"})
        assert api.deadline(begun, 1, "working_days") == at(2026, 3, 30, 9, 0)
        delete_record(entity("calendar_day"), off)
        assert api.add_working_days(date(2026, 4, 10), 1) == saturday
    with acting_as(None):
        assert api.is_working_day(saturday), "whoever asks, rights on the screen or not"


def test_the_business_admin_keeps_the_days(app: Flask, people: People, client: Browser) -> None:
    keeper = people.add("gu", "顾业务", people.branch, "business_admin")
    values = {"name": "<b>行庆</b>", "day": "2026-05-20", "kind": "holiday"}
    assert login(client, people.manager).post("/api/v1/calendar_day/", json=values).status_code == 403
    assert login(client, keeper).post("/api/v1/calendar_day/", json=values).status_code == 201
    page = client.get("/calendar_day/list/").get_data(as_text=True)
    assert "&lt;b&gt;行庆&lt;/b&gt;" in page
    assert "工作日历" in page
