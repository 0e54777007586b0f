"""What a rule means, said with the dates of one customer: while it is being typed, and on its page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

from flask_babel import gettext as _

from app.api import is_working_day, session
from plugins.pools.models import Pool
from plugins.pools.rules import Ladder, Steps, after, basis_of, steps_of


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of a ladder for a customer looked after until a day: what happens on which night."""

    step: str
    on: date
    text: str


def explain_ladder(said: Mapping[str, Any], today: date) -> list[Rung]:
    """The steps of a customer taken over, and last followed up, on `today`; none for a rule without steps."""
    ladder = Ladder(**{one.name: said[one.name] for one in fields(Ladder) if one.name in said})
    if ladder.trigger == "protection" and not ladder.protect_days:
        return []
    basis = basis_of(ladder, today, None if ladder.trigger == "protection" else today, is_working_day)
    steps = steps_of(ladder, basis, is_working_day)
    rungs = [Rung(step, on, text) for step, on, text in _lines(steps, said) if on is not None]
    if steps.pool is not None and said.get("city_days"):
        on = after(steps.pool, said["city_days"], is_working_day if ladder.working_days else None)
        nearest = _("the city's pool")
        rungs.append(Rung("city", on, _("on to %(pool)s", pool=_pool(said.get("city_pool_id"), nearest))))
    return rungs


def _lines(steps: Steps, said: Mapping[str, Any]) -> list[tuple[str, date | None, str]]:
    nearest = _("the head's pool")
    return [
        ("amber", steps.amber, _("turns amber")),
        ("red", steps.red, _("turns red")),
        ("pool", steps.pool, _("goes into %(pool)s", pool=_pool(said.get("pool_id"), nearest))),
    ]


def _pool(pool_id: int | None, nearest: str) -> str:
    pool = session.get(Pool, pool_id) if pool_id is not None else None
    return pool.name if pool is not None else nearest


__all__ = ["Rung", "explain_ladder"]
