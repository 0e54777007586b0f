"""What a rule means, said with the dates of one customer: while it is being typed, and on its page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, timedelta
from typing import Any

from flask_babel import gettext as _

from app.api import is_working_day, session, setting
from plugins.pools.models import Pool
from plugins.pools.rules import REMINDED, Ladder, Steps, after, basis_of, days_ahead, steps_of


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of a ladder for a customer looked after until a day: what happens on which night."""

    step: str
    on: date
    text: str
    #: Who is reminded of it, and from which day on.
    reminders: str = ""


def explain_ladder(said: Mapping[str, Any], today: date) -> list[Rung]:
    """The steps of a customer taken over, and last followed up, on `today`; none for a rule without steps."""
    ladder = Ladder(**{one.name: said[one.name] for one in fields(Ladder) if one.name in said})
    if ladder.trigger == "protection" and not ladder.protect_days:
        return []
    basis = basis_of(ladder, today, None if ladder.trigger == "protection" else today, is_working_day)
    steps = steps_of(ladder, basis, is_working_day)
    rungs = [Rung(step, on, text, _reminders(said, step, on)) for step, on, text in _lines(steps, said) if on]
    if steps.pool is not None and said.get("city_days"):
        on = after(steps.pool, said["city_days"], is_working_day if ladder.working_days else None)
        nearest = _("the city's pool")
        text = _("on to %(pool)s", pool=_pool(said.get("city_pool_id"), nearest))
        rungs.append(Rung("city", on, text, _reminders(said, "city", on)))
    return rungs


def _lines(steps: Steps, said: Mapping[str, Any]) -> list[tuple[str, date | None, str]]:
    nearest = _("the head's pool")
    return [
        ("amber", steps.amber, _("turns amber")),
        ("red", steps.red, _("turns red")),
        ("pool", steps.pool, _("goes into %(pool)s", pool=_pool(said.get("pool_id"), nearest))),
    ]


def _reminders(said: Mapping[str, Any], step: str, on: date) -> str:
    usual = {"owner": setting("pools.remind_days"), "head": setting("pools.remind_head_days")}
    days = {whom: days_ahead(said, whom, step, usual[whom]) if step in REMINDED[whom] else 0 for whom in usual}
    starts = {whom: on - timedelta(days=ahead) for whom, ahead in days.items() if ahead}
    told = {"owner": _("account manager"), "head": _("head")}
    named = [_("%(who)s from %(day)s", who=told[whom], day=day.isoformat()) for whom, day in starts.items()]
    return _("Reminded: %(who)s", who=_(", ").join(named)) if named else _("No reminder")


def _pool(pool_id: int | None, nearest: str) -> str:
    pool = session.get(Pool, pool_id) if pool_id is not None else None
    return pool.name if pool is not None else nearest


__all__ = ["Rung", "explain_ladder"]
