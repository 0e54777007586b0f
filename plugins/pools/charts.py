"""The charts of the dashboard, as options for ECharts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

from flask_babel import gettext as _

from app.api import line_chart, ranked_bars, upright_bars
from plugins.pools.services.figures import AGES, Flow
from plugins.pools.services.simulation import Simulated


def flow_chart(weeks: Sequence[Flow]) -> dict[str, Any]:
    """Customers into pools and out of them, by the week's first day."""
    days = [f"{week.first:%m-%d}" for week in weeks]
    came, went = ([Decimal(number) for number in each] for each in zip(*((w.came, w.went) for w in weeks), strict=True))
    lines = {_("Into pools"): came, _("Out of pools"): went}
    return {"options": line_chart(_("Into pools and out of them"), _("customers"), days, lines), "height": 260}


def age_chart(counts: Sequence[int]) -> dict[str, Any]:
    """Customers by how long they have been lying in a pool."""
    values = [(text, Decimal(count)) for text, count in zip(age_texts(), counts, strict=True)]
    return {"options": upright_bars(_("How long customers lie in pools (days)"), _("customers"), values), "height": 260}


def people_chart(title: str, people: Sequence[tuple[str, int]]) -> dict[str, Any]:
    """People by a number of customers, most first."""
    values = [(name, Decimal(count)) for name, count in people]
    return {"options": ranked_bars(title, _("customers"), values), "height": max(160, 34 * len(people) + 60)}


def steps_chart(found: Simulated) -> dict[str, Any]:
    """The steps of a trial by night."""
    nights = [found.first + timedelta(days=number) for number in range((found.last - found.first).days + 1)]
    named = (("amber", _("Turned amber")), ("red", _("Turned red")), ("pool", _("Into a pool")))
    lines = {text: [Decimal(found.by_day[night, rung]) for night in nights] for rung, text in named}
    days = [f"{night:%m-%d}" for night in nights]
    return {"options": line_chart(_("Steps by night"), _("customers"), days, lines), "height": 260}


def age_texts() -> list[str]:
    """The stretches of `AGES`, in days."""
    return [*(f"{first}–{after - 1}" for first, after in pairwise(AGES)), f">{AGES[-1] - 1}"]


__all__ = ["age_chart", "age_texts", "flow_chart", "people_chart", "steps_chart"]
