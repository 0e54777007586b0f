"""What the coming night will do with each customer, within the actor's view; nothing is saved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, cast

from sqlalchemy import (
    ColumnElement,
    Date,
    Integer,
    String,
    Subquery,
    Table,
    and_,
    case,
    func,
    literal,
    null,
    select,
    union_all,
)
from sqlalchemy.orm import selectinload

from app.api import UNSCOPED, Customer, as_table, current_actor, entity, scope_condition, session
from plugins.pools.models import PoolEntry, PoolLock
from plugins.pools.services.ladders import Ladders, read_ladders
from plugins.pools.services.places import places
from plugins.pools.services.standings import STANDING, TODAY, held_by, standings

_OPEN = {UNSCOPED: True}
_ENTRY, _LOCK, _CUSTOMER = (cast(Table, model.__table__) for model in (PoolEntry, PoolLock, Customer))
#: What a night does, as the ledger calls it; ``stays``: what it cannot do, as no pool is there to take the customer.
ACTS = ("amber", "red", "recycle", "escalate", "stays")
#: By what goes into a pool: the column of the rule that may name it.
_INTO = {"recycle": "pool_id", "escalate": "city_pool_id"}


@dataclass(frozen=True, slots=True)
class Coming:
    """A customer a night will do something with: `act` as in `ACTS`, under a rule (None: an entry without one).

    `since`: the day its clock counts from; None for one that lies in a pool.
    """

    customer: Customer
    rule_id: int | None
    act: str
    since: date | None


def count_tonight(night: date) -> dict[tuple[int | None, str], int]:
    """{(rule, act): customers} of a business date (`coming_night`), of those the actor sees."""
    coming = _coming(night)
    statement = select(coming.c.rule_id, coming.c.act, func.count()).group_by(coming.c.rule_id, coming.c.act)
    rows = session.execute(statement.execution_options(**_OPEN), {"today": night})
    return {(rule_id, act): count for rule_id, act, count in rows}


def list_tonight(
    night: date, rule_id: int | None = None, act: str = "", *, after: int = 0, limit: int = 50
) -> Sequence[Coming]:
    """A page of these customers in the order of ids, from beyond a customer's id on; of one rule or act only."""
    c = (coming := _coming(night)).c
    wanted = [c.customer_id > after]
    if rule_id is not None:
        wanted.append(c.rule_id == rule_id)
    if act:
        wanted.append(c.act == act)
    statement = (
        select(Customer, c.rule_id, c.act, c.since)
        .join(coming, c.customer_id == Customer.id)
        .where(*wanted)
        .options(selectinload(Customer.owner), selectinload(Customer.unit))
        .order_by(Customer.id)
        .limit(limit)
    )
    rows = session.execute(statement.execution_options(**_OPEN), {"today": night})
    return [Coming(*row) for row in rows]


def count_due(night: date, employee_id: int) -> int:
    """How many customers of an employee a night will take into pools."""
    s = STANDING.c
    due = select(func.count()).where(s.owner_id == employee_id, s.next_on <= night, s.pool_on <= night)
    return int(session.scalar(due.execution_options(**_OPEN)) or 0)


def _coming(night: date) -> Subquery:
    """(customer_id, rule_id, act, since) for the parameter `today`, within the actor's view.

    Whom no pool is for takes the step below, as at night, or stays.
    """
    d = (due := _due(read_ladders(session())[0])).c
    homeless = _homeless(due, night)
    if not homeless:
        return select(d.customer_id, d.rule_id, d.act, d.since).subquery("coming")
    kinds = {"rule_id": Integer, "unit_id": Integer, "lies_in": Integer, "act": String}
    none = as_table(session(), "none", homeless, kinds)
    same = and_(*(none.c[name].is_not_distinct_from(d[name]) for name in kinds))
    act = case((none.c.act.is_not(None), d.below), else_=d.act).label("act")
    return select(d.customer_id, d.rule_id, act, d.since).join_from(due, none, same, isouter=True).subquery("coming")


def _homeless(due: Subquery, night: date) -> list[dict[str, Any]]:
    """What is due and has no pool to go to, by rule, unit, pool it lies in and act: as many as there are of these."""
    d, found = due.c, []
    asked = select(d.rule_id, d.unit_id, d.lies_in, d.act).where(d.act.in_(list(_INTO))).distinct()
    rows = session.execute(asked.execution_options(**_OPEN), {"today": night}).all()
    for act, named in _INTO.items():
        mine = [row for row in rows if row.act == act]
        place = places(session(), named, {(row.rule_id, row.unit_id) for row in mine}) if mine else {}
        found += [row._asdict() for row in mine if place.get((row.rule_id, row.unit_id)) in (None, row.lies_in)]
    return found


def _due(ladders: Ladders) -> Subquery:
    """Who has a step to take for the parameter `today`, within the actor's view.

    customer_id, rule_id, unit_id, the pool it lies in, the act, the act `below` where no pool is there for it, since.
    """
    s, e = STANDING.c, _ENTRY.c
    names = ("customer_id", "rule_id", "unit_id", "stage", "basis_on", "amber_on", "red_on", "pool_on", "next_on")
    # who is locked up to a day before that night stands still today, and no more then
    freed = and_(_LOCK.c.customer_id == s.customer_id, _LOCK.c.until < TODAY)
    locked = select(s.customer_id).select_from(STANDING.join(_LOCK, freed)).where(s.spared == "locked")

    def which(column: Any) -> ColumnElement[bool]:
        return column.in_(locked)

    anew = standings(ladders, which, held_by(which, "held")).subquery("anew")
    known = select(*(s[name] for name in names)).where(s.next_on <= TODAY)
    fresh = select(*(anew.c[name] for name in names)).where(anew.c.next_on <= TODAY)
    d = union_all(known, fresh).subquery("standing").c
    red, amber = and_(d.red_on <= TODAY, d.stage != "red"), and_(d.amber_on <= TODAY, d.stage == "green")
    warned = case((red, "red"), (amber, "amber"), else_="stays")
    act = case((d.pool_on <= TODAY, "recycle"), else_=warned)
    nowhere: ColumnElement[int | None] = null().cast(Integer)
    owned = (
        select(
            d.customer_id, d.rule_id, d.unit_id, nowhere.label("lies_in"), act.label("act"), warned.label("below"),
            d.basis_on.label("since"),
        )
        .join(_CUSTOMER, _CUSTOMER.c.id == d.customer_id)
        .where(scope_condition(entity("customer"), current_actor()))
    )  # fmt: skip
    lying = select(
        e.customer_id, e.rule_id, e.unit_id, e.pool_id, literal("escalate"), literal("stays"), null().cast(Date)
    ).where(e.next_on <= TODAY, scope_condition(entity("pools_entry"), current_actor()))
    return union_all(owned, lying).subquery("due")


__all__ = ["ACTS", "Coming", "count_due", "count_tonight", "list_tonight"]
