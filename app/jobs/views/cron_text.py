"""A cron expression in words, for the forms that people use; others are shown as they are."""

from __future__ import annotations

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.jobs.rules.cron import Cron

WEEKDAYS = (
    _l("Sunday"),
    _l("Monday"),
    _l("Tuesday"),
    _l("Wednesday"),
    _l("Thursday"),
    _l("Friday"),
    _l("Saturday"),
)
_ALL_DAYS, _WORKING_DAYS = frozenset(range(7)), frozenset(range(1, 6))


def cron_text(cron: Cron) -> str:
    """What an expression says: ``Every day at 02:30``; the expression itself when it says more than that."""
    if len(cron.months) != 12 or (not cron.any_day and not cron.any_weekday):
        return cron.text
    clock = _clock(cron)
    if not clock:
        return cron.text
    if cron.any_day and cron.weekdays == _ALL_DAYS and len(cron.days) == 31:
        return _("Every day, %(time)s", time=clock)
    if len(cron.days) == 31 and cron.weekdays == _WORKING_DAYS:
        return _("Monday to Friday, %(time)s", time=clock)
    if len(cron.days) == 31 and len(cron.weekdays) < 7:
        days = _(", ").join(str(WEEKDAYS[day]) for day in sorted(cron.weekdays, key=lambda day: day or 7))
        return _("%(days)s, %(time)s", days=days, time=clock)
    if cron.weekdays == _ALL_DAYS and len(cron.days) <= 4:
        days = _(", ").join(str(day) for day in sorted(cron.days))
        return _("On day %(days)s of the month, %(time)s", days=days, time=clock)
    return cron.text


def _clock(cron: Cron) -> str:
    """The times of day: some named ones, or every so many minutes around the clock."""
    if len(cron.times) <= 4:
        return _(", ").join(f"{time // 60:02}:{time % 60:02}" for time in cron.times)
    steps = {later - earlier for earlier, later in zip(cron.times, cron.times[1:], strict=False)}
    steps.add(24 * 60 - cron.times[-1] + cron.times[0])
    if len(steps) != 1:
        return ""
    step = steps.pop()
    if step % 60 == 0:
        return _("every %(hours)d hours", hours=step // 60) if step > 60 else _("every hour")
    return _("every %(minutes)d minutes", minutes=step)
