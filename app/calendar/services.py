"""Working days of the current site: the published calendar, corrected by the days the site names itself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from app.access.scope import UNSCOPED
from app.calendar import rules
from app.calendar.china import is_published_working_day
from app.calendar.models import WORKING, SiteDay
from app.db import session
from app.host.context import context

_READ = "calendar_days"


def is_working_day(day: date) -> bool:
    """Whether people of the current site work on `day`. Its own days are read once in a transaction."""
    named = _site_days().get(day)
    return is_published_working_day(day) if named is None else named


def worked_days(first: date, last: date) -> list[bool]:
    """Whether people of the current site work on each day from `first` to `last`, both included: quick over years."""
    named = _site_days()
    days = (first + timedelta(days=ahead) for ahead in range((last - first).days + 1))
    return [is_published_working_day(day) if (own := named.get(day)) is None else own for day in days]


def add_working_days(start: date, days: int) -> date:
    """The site's working day that lies `days` working days after `start`, or before it (`rules.add_working_days`)."""
    return rules.add_working_days(start, days, is_working_day)


def deadline(start: datetime, amount: int, unit: rules.Unit) -> datetime:
    """When something begun at `start` is due by the site's clock and calendar, in UTC (`rules.deadline`).

    `unit` is ``hours``, ``days`` or ``working_days``. Raises `ValueError` for another one or a naive start.
    """
    return rules.deadline(start, amount, unit, ZoneInfo(context().site.timezone), is_working_day)


def _site_days() -> Mapping[date, bool]:
    """The site's own days: whether each is worked. Kept with the transaction that read them: another sees changes."""
    current = session()
    kept: tuple[Any, dict[date, bool]] | None = current.info.get(_READ)
    if kept is not None and kept[0] is current.get_transaction():
        return kept[1]
    rows = current.execute(select(SiteDay.day, SiteDay.kind).execution_options(**{UNSCOPED: True}))
    days = {row.day: row.kind == WORKING for row in rows}
    current.info[_READ] = (current.get_transaction(), days)
    return days
