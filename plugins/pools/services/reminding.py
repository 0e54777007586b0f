"""The morning's words about the ladder: to each account manager about their customers, to each head about the unit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import reduce
from typing import Any, cast

from flask_babel import lazy_gettext as _l
from sqlalchemy import Table, func, select
from sqlalchemy.dialects import postgresql, sqlite

from app.api import UNSCOPED, Telling, Unit, notify_each, session, transaction
from app.types import NoticeKind, Text
from plugins.pools.models import PoolMovement, PoolStanding, PoolTold
from plugins.pools.services.coming import Coming, coming_by_owner, coming_by_unit, rolled_up

_OPEN = {UNSCOPED: True}
_TOLD = cast(Table, PoolTold.__table__)
#: What the night did.
STEPS = ("amber", "red", "recycle")

MORNING = NoticeKind(
    "pools.morning",
    _l("My customers on the ladder"),
    "recycle",
    help=_l("Each morning: who turned amber or red in the night, who was taken into a pool, who is next"),
)
UNIT_MORNING = NoticeKind(
    "pools.unit_morning",
    _l("Red customers and pools of my unit"),
    "recycle",
    help=_l("Each morning, for heads: who is red, who takes a step soon, and what leaves the unit's pools"),
)


@dataclass(frozen=True, slots=True)
class Morning:
    """Customers of one account manager: by what the night did with them, and the steps that are coming."""

    done: Mapping[str, int]
    coming: Coming


@dataclass(frozen=True, slots=True)
class UnitMorning:
    """Of a head's units and below: red customers, and the steps that are coming."""

    red: int
    coming: Coming


def mornings(day: date, usual: int) -> dict[int, Morning]:
    """{employee: what to tell} for the business date `day`, `usual` days before a step where its rule says nothing;
    nobody without a figure."""
    done: dict[int, dict[str, int]] = defaultdict(dict)
    for owner, step, count in _rows(_done_on(day)):
        done[owner][step] = count
    coming = defaultdict(Coming, coming_by_owner(day, usual))
    return {owner: Morning(done[owner], coming[owner]) for owner in sorted(done.keys() | coming.keys())}


def unit_mornings(day: date, usual: int) -> dict[int, UnitMorning]:
    """{head: what to tell} of the units they are the head of, those below included; nobody without a figure."""
    standing = select(PoolStanding.unit_id, func.count()).where(
        PoolStanding.stage == "red", PoolStanding.unit_id.is_not(None)
    )
    red = rolled_up(dict(_rows(standing.group_by(PoolStanding.unit_id))), 0)
    coming = rolled_up(coming_by_unit(day, usual), Coming())
    heads = select(Unit.id, Unit.path, Unit.head_id).where(Unit.head_id.is_not(None), Unit.active).order_by(Unit.path)
    found: dict[int, UnitMorning] = {}
    counted = defaultdict[int, list[str]](list)
    for unit, path, head in _rows(heads):
        if any(path.startswith(above) for above in counted[head]):
            continue  # they are the head of a unit above, too, which counts it
        counted[head].append(path)
        known = found.get(head, UnitMorning(0, Coming()))
        found[head] = UnitMorning(known.red + red.get(unit, 0), known.coming + coming.get(unit, Coming()))
    return {head: one for head, one in sorted(found.items()) if one.red or one.coming.customers}


def tell_owners(day: date, told: Iterable[tuple[int, Morning]]) -> int:
    """Tell account managers, one notice each and none twice of a day; returns how many."""
    people, said = dict(told), list[Telling]()
    for owner in untold(MORNING.name, day, people):
        done, coming = people[owner].done, people[owner].coming
        title: Text = _l("%(count)s of your customers take a step soon", count=coming.customers)
        if done:
            steps = _steps(done.get("amber", 0), done.get("red", 0), done.get("recycle", 0))
            title = _l("Your customers last night: %(steps)s", steps=steps)
        text: Text = ""
        if coming.first is not None:
            steps = _steps(coming.amber, coming.red, coming.pool)
            text = _l(
                "Coming: %(steps)s, the first on %(first)s. A follow-up keeps them.", steps=steps, first=coming.first
            )
        link = f"/customer/list/?f.owner_id={owner}&{_nearest(day, coming)}"
        said.append(Telling(owner, title, text, link))
    notify_each(MORNING.name, said, group_key=MORNING.name)
    return len(said)


def tell_heads(day: date, told: Iterable[tuple[int, UnitMorning]]) -> int:
    """Tell heads of units, one notice each and none twice of a day; returns how many."""
    people, said = dict(told), list[Telling]()
    for head in untold(UNIT_MORNING.name, day, people):
        red, coming = people[head].red, people[head].coming
        title: Text = _l("%(count)s customers of your unit take a step soon", count=coming.customers)
        if red:
            title = _l("%(count)s customers of your unit are red", count=red)
        text: Text = ""
        if coming.first is not None:
            steps = _steps(coming.amber, coming.red, coming.pool, coming.city)
            text = _l("Coming: %(steps)s, the first on %(first)s.", steps=steps, first=coming.first)
        link = f"/customer/list/?{_nearest(day, coming)}"
        if coming.customers == coming.city:
            link = "/customer/list/?f.pools_stage=red&sort=pools_days_left" if red else "/pools_entry/list/"
        said.append(Telling(head, title, text, link))
    notify_each(UNIT_MORNING.name, said, group_key=UNIT_MORNING.name)
    return len(said)


def _steps(amber: int, red: int, pool: int, city: int = 0) -> Text:
    """Customers by the steps they take, as each reader is told; there is one at least."""
    counted = (
        (pool, _l("%(count)s into a pool", count=pool)),
        (red, _l("%(count)s red", count=red)),
        (amber, _l("%(count)s amber", count=amber)),
        (city, _l("%(count)s out of your pools", count=city)),
    )
    said = [text for count, text in counted if count]
    return reduce(lambda some, more: _l("%(some)s, %(more)s", some=some, more=more), said)


def untold(kind: str, day: date, people: Iterable[int]) -> list[int]:
    """Those of these people who have not been told of this kind on `day` or later; from now on they have."""
    with transaction() as current:
        wanted = [{"employee_id": number, "kind": kind, "told_on": day} for number in people]
        if not wanted:
            return []
        dialect = postgresql if current.get_bind().dialect.name == "postgresql" else sqlite
        noted = dialect.insert(_TOLD).on_conflict_do_update(
            index_elements=["employee_id", "kind"], set_={"told_on": day}, where=_TOLD.c.told_on < day
        )
        return sorted(current.connection().scalars(noted.returning(_TOLD.c.employee_id), wanted))


def _nearest(day: date, coming: Coming) -> str:
    """The customers whose next step comes as soon as the last of those told of, the first before the others."""
    days = (coming.last - day).days if coming.last is not None else 0
    return f"f.pools_days_left.to={days}&sort=pools_days_left"


def _done_on(day: date) -> Any:
    """(owner, act, customers) of the night of a business date."""
    m = PoolMovement
    return (
        select(m.from_employee_id, m.act, func.count())
        .where(m.business_date == day, m.act.in_(STEPS), m.from_employee_id.is_not(None))
        .group_by(m.from_employee_id, m.act)
    )


def _rows(statement: Any) -> Iterator[Any]:
    return iter(session.execute(statement.execution_options(**_OPEN)))


def portions(told: Mapping[int, Any], size: int) -> list[Sequence[tuple[int, Any]]]:
    """People in the order of their ids, so many at once: each portion is told in one transaction."""
    people = list(told.items())
    return [people[start : start + size] for start in range(0, len(people), size)]


__all__ = [
    "MORNING", "UNIT_MORNING", "Morning", "UnitMorning", "mornings", "portions", "tell_heads", "tell_owners",
    "unit_mornings", "untold",
]  # fmt: skip
