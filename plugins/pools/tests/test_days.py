"""POOL-6: the day a moment falls on is that of the site's clock, wherever the site is."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import literal, select

from app.api import UtcDateTime, context, transaction
from plugins.pools.services.days import Calendar, business_today, keep_days, span

#: Around midnight, and around the hours in which clocks in Berlin are put forward and back.
MOMENTS = [
    datetime(2026, 3, 28, 15, 59, 59, tzinfo=UTC),
    datetime(2026, 3, 28, 16, tzinfo=UTC),
    datetime(2026, 3, 28, 22, 59, 59, tzinfo=UTC),
    datetime(2026, 3, 28, 23, tzinfo=UTC),
    datetime(2026, 3, 29, 22, tzinfo=UTC),
    datetime(2026, 10, 25, 22, 30, tzinfo=UTC),
    datetime(2026, 10, 25, 23, tzinfo=UTC),
]


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "Europe/Berlin", "UTC", "Asia/Kolkata", "America/Los_Angeles"])
def test_days_are_those_of_the_sites_clock(app: Flask, monkeypatch: pytest.MonkeyPatch, zone: str) -> None:
    monkeypatch.setattr(context(), "site", replace(context().site, timezone=zone))
    with transaction() as current:
        keep_days(current)
        calendar = Calendar(current, span(business_today())[0])
        asked = [calendar.day_of(literal(moment, UtcDateTime)) for moment in MOMENTS]
        found = list(current.execute(select(*asked)).one())
    assert found == [moment.astimezone(ZoneInfo(zone)).date() for moment in MOMENTS]
    with transaction() as current:
        early = literal(datetime(1990, 1, 1, tzinfo=UTC), UtcDateTime)
        assert current.scalar(select(calendar.day_of(early))) == calendar.first
