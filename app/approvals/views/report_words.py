"""How reports on approvals call months, classes of age and steps."""

from __future__ import annotations

from datetime import date
from typing import Any

from babel.dates import format_skeleton
from flask_babel import get_locale
from flask_babel import gettext as _

from app.approvals.rules.reporting import age_days
from app.approvals.rules.state import APPLICANT
from app.approvals.views.inbox import named_flow


def month_text(month: str) -> str:
    """A month written ``2026-03`` in the reader's language: 2026年3月, Mar 2026."""
    return format_skeleton("yMMM", date.fromisoformat(f"{month}-01"), locale=get_locale() or "zh")


def named_step(names: Any, flow: int | None, step: str) -> str:
    """What a step is called in the reader's language."""
    if step == APPLICANT:
        return _("Applicant")
    name, name_en = names.get((flow, step), (step, ""))
    return named_flow(name, name_en)


def age_text(place: int) -> str:
    """A class of age: 2-3 days, over 30 days."""
    first, last = age_days(place)
    if last is None:
        return _("over %(days)s days", days=first - 1)
    return _("%(first)s–%(last)s days", first=first, last=last)


def age_days_text(place: int) -> str:
    """The days of a class of age alone: 2–3, >30."""
    first, last = age_days(place)
    return f">{first - 1}" if last is None else f"{first}–{last}"


__all__ = ["age_days_text", "age_text", "month_text", "named_step"]
