"""Working days in mainland China: the published calendar with its make-up days, else the statutory holidays."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

import chinese_calendar
import holidays


@lru_cache(maxsize=8192)
def is_published_working_day(day: date) -> bool:
    """Whether people work on `day` in general.

    The State Council publishes a year's make-up days (调休) late in the year before. Beyond the years that are
    known, weekends and the statutory holidays (computed from the lunar calendar, 1950 to 2100) are days off.
    """
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return bool(_statutory().is_working_day(day))


@lru_cache(maxsize=1)
def _statutory() -> holidays.HolidayBase:
    return holidays.country_holidays("CN")
