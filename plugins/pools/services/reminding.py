"""The morning's words about the ladder: to each account manager about their customers, to each head about the unit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import case, func, select

from app.api import UNSCOPED, Unit, notify, session, setting
from app.types import NoticeKind
from plugins.pools.models import PoolEntry, PoolMovement, PoolStanding
from plugins.pools.rules import chain

_OPEN = {UNSCOPED: True}
#: What the night did (amber, red, recycle), and what is coming within some days (soon_…).
STEPS = ("amber", "red", "recycle")

MORNING = NoticeKind(
    "pools.morning",
    _l("My customers on the ladder"),
    "stairs",
    help=_l("Each morning: who turned amber or red in the night, who was taken into a pool, who is next"),
)
UNIT_MORNING = NoticeKind(
    "pools.unit_morning",
    _l("Red customers and pools of my unit"),
    "stairs",
    help=_l("Each morning, for heads: who is red, and what leaves the unit's pools soon"),
)


@dataclass(frozen=True, slots=True)
class Morning:
    """Customers of one account manager: by what the night did with them, and by the step that is coming."""

    done: Mapping[str, int]
    coming: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class UnitMorning:
    """Of a head's unit and below: red customers, and customers whose days in a pool end soon."""

    red: int
    leaving: int


def mornings(day: date, days: int) -> dict[int, Morning]:
    """{employee: what to tell} for the business date `day`, looking `days` days ahead; nobody without a figure."""
    done: dict[int, dict[str, int]] = defaultdict(dict)
    for owner, step, count in _rows(_done_on(day)):
        done[owner][step] = count
    coming: dict[int, dict[str, int]] = defaultdict(dict)
    for owner, step, count in _rows(_coming(day, day + timedelta(days=days))):
        coming[owner][step] = count
    return {owner: Morning(done[owner], coming[owner]) for owner in sorted(done.keys() | coming.keys())}


def unit_mornings(day: date, days: int) -> dict[int, UnitMorning]:
    """{head: what to tell} of the units they are the head of, those below included; nobody without a figure."""
    red = _rolled_up(
        select(PoolStanding.unit_id, func.count())
        .where(PoolStanding.stage == "red", PoolStanding.unit_id.is_not(None))
        .group_by(PoolStanding.unit_id)
    )
    leaving = _rolled_up(
        select(PoolEntry.unit_id, func.count())
        .where(PoolEntry.next_on > day, PoolEntry.next_on <= day + timedelta(days=days))
        .group_by(PoolEntry.unit_id)
    )
    heads = select(Unit.id, Unit.head_id).where(Unit.head_id.is_not(None), Unit.active)
    found: dict[int, tuple[int, int]] = {}
    for unit, head in _rows(heads):
        known = found.get(head, (0, 0))
        found[head] = max(known[0], red.get(unit, 0)), max(known[1], leaving.get(unit, 0))
    return {head: UnitMorning(*both) for head, both in sorted(found.items()) if any(both)}


def tell_owners(told: Iterable[tuple[int, Morning]]) -> None:
    """Tell account managers, one notice each, in the running transaction."""
    days = setting("pools.remind_days")
    for owner, morning in told:
        done, coming = morning.done, morning.coming
        if done:
            title = _l(
                "Last night: %(pool)s of your customers into a pool, %(red)s red, %(amber)s amber",
                pool=done.get("recycle", 0), red=done.get("red", 0), amber=done.get("amber", 0),
            )  # fmt: skip
        else:
            title = _l(
                "%(count)s of your customers take the next step within %(days)s days",
                count=sum(coming.values()), days=days,
            )  # fmt: skip
        text = _l(
            "Within %(days)s days: %(pool)s into a pool, %(red)s red, %(amber)s amber. A follow-up keeps them.",
            days=days, pool=coming.get("recycle", 0), red=coming.get("red", 0), amber=coming.get("amber", 0),
        )  # fmt: skip
        link = f"/customer/list/?f.owner_id={owner}&f.pools_days_left.to={days}&sort=pools_days_left"
        notify(MORNING.name, title, text, employees=[owner], link=link, group_key=MORNING.name)


def tell_heads(told: Iterable[tuple[int, UnitMorning]]) -> None:
    """Tell heads of units, one notice each, in the running transaction."""
    days = setting("pools.remind_days")
    for head, morning in told:
        title = _l("%(count)s customers of your unit are red", count=morning.red)
        text = _l("%(count)s customers leave your pools within %(days)s days", count=morning.leaving, days=days)
        link = "/customer/list/?f.pools_stage=red&sort=pools_days_left" if morning.red else "/pools_entry/list/"
        notify(UNIT_MORNING.name, title, text, employees=[head], link=link, group_key=UNIT_MORNING.name)


def _done_on(day: date) -> Any:
    """(owner, act, customers) of the night of a business date."""
    m = PoolMovement
    return (
        select(m.from_employee_id, m.act, func.count())
        .where(m.business_date == day, m.act.in_(STEPS), m.from_employee_id.is_not(None))
        .group_by(m.from_employee_id, m.act)
    )


def _coming(after: date, until: date) -> Any:
    """(owner, next act, customers) of the steps after a day, up to and including another."""
    s = PoolStanding
    step = case((s.next_on == s.pool_on, "recycle"), (s.next_on == s.red_on, "red"), else_="amber")
    return (
        select(s.owner_id, step, func.count()).where(s.next_on > after, s.next_on <= until).group_by(s.owner_id, step)
    )


def _rolled_up(by_unit: Any) -> dict[int, int]:
    """Counts of units with those of the units below them; units are few, whatever the number of customers."""
    counted: dict[int, int] = dict(_rows(by_unit))
    totals: dict[int, int] = defaultdict(int)
    if counted:
        for unit, path in _rows(select(Unit.id, Unit.path)):
            for above in chain(path):
                totals[above] += counted.get(unit, 0)
    return totals


def _rows(statement: Any) -> Iterator[Any]:
    return iter(session.execute(statement.execution_options(**_OPEN)))


def portions(told: Mapping[int, Any], size: int) -> list[Sequence[tuple[int, Any]]]:
    """People in the order of their ids, so many at once: each portion is told in one transaction."""
    people = list(told.items())
    return [people[start : start + size] for start in range(0, len(people), size)]


__all__ = [
    "MORNING", "UNIT_MORNING", "Morning", "UnitMorning", "mornings", "portions", "tell_heads", "tell_owners",
    "unit_mornings",
]  # fmt: skip
