"""The steps of a night, a chunk at a time: each a handful of statements however many customers it moves.

A chunk decides once who goes where (`_moves`), and the ledger, the entries and the customers are written from that,
so that they cannot differ. A step takes whoever is due beyond an id, in the order of ids; what it has moved is not due
any more, so none is moved twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Date,
    Integer,
    Subquery,
    Table,
    and_,
    case,
    func,
    insert,
    literal,
    null,
    select,
    update,
)
from sqlalchemy.orm import Session

from app.api import Customer, UtcDateTime, among, as_table, is_working_day, move_set, vetoes
from plugins.pools.models import Pool, PoolEntry, PoolMovement, PoolRule, PoolStanding
from plugins.pools.rules import after as days_after
from plugins.pools.services.nights import NO_POOL, Night, Stayed
from plugins.pools.services.places import places

#: Customers moved by one chunk: memory and locks stay the same however many are due.
CHUNK = 5_000
#: Chunks of due customers read ahead: not all at once, and not anew for each chunk of them.
AHEAD = 10
_STANDING, _ENTRY, _MOVEMENT, _RULE, _POOL, _CUSTOMER = (
    cast(Table, model.__table__) for model in (PoolStanding, PoolEntry, PoolMovement, PoolRule, Pool, Customer)
)


@dataclass(slots=True)
class Taken:
    """What a chunk did: how far it came (None: there was nobody beyond), how many moved, who stayed."""

    last: int | None = None
    moved: int = 0
    stayed: list[Stayed] = field(default_factory=list)


def warn(current: Session, night: Night, stage: str, beyond: int) -> Taken:
    """Raise whoever is due to amber (转黄) or red (标红)."""
    s = _STANDING.c
    lower = s.stage != "red" if stage == "red" else s.stage == "green"
    due = and_(s.next_on <= night.day, s[f"{stage}_on"] <= night.day, lower)
    first = _first(current, night, s.customer_id, due, beyond)
    ids = _locked(current, s.customer_id, due, _undone(current, first, stage, night))
    if not ids:
        return Taken(first[-1] if first else None)
    chosen = among(current, s.customer_id, ids)
    said = {"act": literal(stage), "from_employee_id": s.owner_id, "from_stage": s.stage, "rule_id": s.rule_id,
            "rule_version": s.rule_version, "reason": _RULE.c.name}  # fmt: skip
    _write(current, night, s.customer_id, said, _STANDING.join(_RULE, _RULE.c.id == s.rule_id), chosen)
    following = func.coalesce(s.red_on, s.pool_on) if stage == "amber" else s.pool_on
    current.execute(update(_STANDING).where(chosen).values(stage=stage, next_on=following))
    return Taken(first[-1], len(ids))


def recycle(current: Session, night: Night, beyond: int) -> Taken:
    """Take the customers whose time is up into their pools (收回).

    Whom no pool is for stays, and so does whoever somebody's veto of `before_assign` is about.
    """
    s, e = _STANDING.c, _ENTRY.c
    due = and_(s.next_on <= night.day, s.pool_on <= night.day)
    first = _first(current, night, s.customer_id, due, beyond)
    ids = _undone(current, first, "recycle", night)
    if not ids:
        return Taken(first[-1] if first else None)
    _lock(current, ids)
    found = current.execute(
        select(s.customer_id, s.rule_id, s.unit_id, s.owner_id)
        .where(among(current, s.customer_id, ids), due)
        .order_by(s.customer_id)
        .with_for_update()
    ).all()
    going, stayed = _willing(found, _places(current, "pool_id", found), "recycle")
    if going:
        moves = _moves(current, night, found, going)
        said = {
            "act": literal("recycle"), "from_employee_id": moves.c.from_employee_id, "to_pool_id": moves.c.pool_id,
            "from_stage": s.stage, "rule_id": moves.c.rule, "rule_version": s.rule_version, "reason": moves.c.reason,
        }  # fmt: skip
        _write(current, night, s.customer_id, said, _STANDING.join(moves, moves.c.customer_id == s.customer_id))
        lying = {
            e.customer_id: moves.c.customer_id, e.pool_id: moves.c.pool_id, e.unit_id: moves.c.unit_id,
            e.from_employee_id: moves.c.from_employee_id, e.rule_id: moves.c.rule,
            e.next_on: _city_on(current, night, moves), e.entered_at: literal(night.at, UtcDateTime),
        }  # fmt: skip
        rows = select(*lying.values())
        current.execute(insert(_ENTRY).from_select(list(lying), rows, include_defaults=False))
        move_set(moves, cause="pools.recycle")
    return Taken(first[-1], len(going), stayed)


def escalate(current: Session, night: Night, beyond: int) -> Taken:
    """Take what has lain in a head's pool for its days on to the city's (升级)."""
    e = _ENTRY.c
    due = e.next_on <= night.day
    first = _first(current, night, e.customer_id, due, beyond)
    ids = _locked(current, e.customer_id, due, _undone(current, first, "escalate", night))
    if not ids:
        return Taken(first[-1] if first else None)
    _lock(current, ids)
    chosen = among(current, e.customer_id, ids)
    asked = select(e.customer_id, e.rule_id, e.unit_id, null().label("owner_id"), e.pool_id)
    found = current.execute(asked.where(chosen).order_by(e.customer_id)).all()
    lies = {row.customer_id: row.pool_id for row in found}
    place = {number: pool for number, pool in _places(current, "city_pool_id", found).items() if pool != lies[number]}
    going, stayed = _willing(found, place, "escalate")
    if going:
        moves = _moves(current, night, found, going)
        said = {
            "act": literal("escalate"), "from_pool_id": e.pool_id, "to_pool_id": moves.c.pool_id,
            "rule_id": moves.c.rule, "rule_version": _RULE.c.version, "reason": moves.c.reason,
        }  # fmt: skip
        source = _ENTRY.join(moves, moves.c.customer_id == e.customer_id).join(_RULE, _RULE.c.id == moves.c.rule)
        _write(current, night, e.customer_id, said, source)
        lying = {"pool_id": moves.c.pool_id, "unit_id": moves.c.unit_id, "next_on": null(), "entered_at": night.at}
        current.execute(update(_ENTRY).where(e.customer_id == moves.c.customer_id).values(lying))
        move_set(moves, cause="pools.escalate")
    return Taken(first[-1], len(going), stayed)


def _first(current: Session, night: Night, column: Any, due: ColumnElement[bool], beyond: int) -> list[int]:
    """The first customers due beyond an id, in the order of ids."""
    if not night.ahead:
        found = select(column).where(due, column > beyond).order_by(column).limit(CHUNK * AHEAD)
        night.ahead[:] = current.scalars(found)
    first = night.ahead[:CHUNK]
    del night.ahead[:CHUNK]
    return first


def _locked(current: Session, column: Any, due: ColumnElement[bool], ids: Sequence[int]) -> list[int]:
    """Those of these rows that are due still, and that nobody else changes until this chunk has ended."""
    chosen = select(column).where(among(current, column, ids), due).order_by(column)
    return list(current.scalars(chosen.with_for_update())) if ids else []


def _lock(current: Session, ids: Sequence[int]) -> None:
    """Lock customers: whoever is handing one over or writing a follow-up at this moment comes first or last."""
    locked = select(_CUSTOMER.c.id).where(among(current, _CUSTOMER.c.id, ids)).order_by(_CUSTOMER.c.id)
    current.execute(select(func.count()).select_from(locked.with_for_update(key_share=True).subquery()))


def _undone(current: Session, ids: Sequence[int], act: str, night: Night) -> list[int]:
    """Those with whom this night has not done this yet: its run may have been asked for again."""
    m = _MOVEMENT.c
    mine = select(m.customer_id).where(among(current, m.customer_id, ids), m.act == act, m.business_date == night.day)
    done = set(current.scalars(mine)) if ids else set()
    return [number for number in ids if number not in done]


def _places(current: Session, named: str, found: Sequence[Any]) -> dict[int, int]:
    """{customer: the pool it goes to} of those that have one."""
    pairs = {(rule, unit) for _number, rule, unit, *_rest in found}
    of_pair = places(current, named, pairs) if pairs else {}
    going = {number: of_pair.get((rule, unit)) for number, rule, unit, *_rest in found}
    return {number: pool for number, pool in going.items() if pool is not None}


def _willing(found: Sequence[Any], place: Mapping[int, int], step: str) -> tuple[dict[int, int], list[Stayed]]:
    """{customer: pool} of those that have a pool and nobody's veto against it, and the others with the reason."""
    held = {row.customer_id: NO_POOL for row in found if row.customer_id not in place}
    held |= vetoes(list(place), None, f"pools.{step}") if place else {}
    if not held:
        return dict(place), []
    stayed = [Stayed(row.customer_id, row.rule_id, step, why) for row in found if (why := held.get(row.customer_id))]
    return {number: pool for number, pool in place.items() if number not in held}, stayed


def _moves(current: Session, night: Night, found: Sequence[Any], going: Mapping[int, int]) -> Subquery:
    """Who goes, from whom, by which rule and into which pool, as `app.api.move_set` takes it."""
    rows = [
        {"customer_id": number, "pool_id": going[number], "rule": rule, "owner": owner}
        for number, rule, _unit, owner, *_rest in found
        if number in going
    ]
    kinds = {"customer_id": BigInteger, "pool_id": Integer, "rule": Integer, "owner": Integer}
    goes = as_table(current, "goes", rows, kinds)
    return (
        select(
            goes.c.customer_id, null().cast(Integer).label("to_id"), _POOL.c.unit_id, _RULE.c.name.label("reason"),
            null().cast(Integer).label("rule_id"), literal(night.at, UtcDateTime).label("at"),
            goes.c.owner.label("from_employee_id"), goes.c.rule, goes.c.pool_id, _POOL.c.kind,
        )
        .join_from(goes, _POOL, _POOL.c.id == goes.c.pool_id)
        .join(_RULE, _RULE.c.id == goes.c.rule)
        .subquery("moves")
    )  # fmt: skip


def _write(
    current: Session, night: Night, customer_id: Any, said: dict[str, Any], source: Any, *chosen: ColumnElement[bool]
) -> None:
    """Ledger rows of the run for the customers chosen."""
    given = {
        **said, "customer_id": customer_id, "business_date": literal(night.day, Date), "run_id": literal(night.run_id),
        "at": literal(night.at, UtcDateTime),
    }  # fmt: skip
    rows = select(*given.values()).select_from(source).where(*chosen)
    current.execute(insert(_MOVEMENT).from_select(list(given), rows, include_defaults=False))


def _city_on(current: Session, night: Night, moves: Subquery) -> ColumnElement[Any]:
    """The night that takes a customer on to the city's pool; null where the rule has none, or it is there."""
    named = select(_RULE.c.id, _RULE.c.city_days, _RULE.c.working_days).where(_RULE.c.city_days.is_not(None))
    nights = {
        rule.id: days_after(night.day, rule.city_days, is_working_day if rule.working_days else None)
        for rule in current.execute(named)
    }
    if not nights:
        return null().cast(Date)
    on = [(moves.c.rule == number, literal(day, Date)) for number, day in nights.items()]
    return case((moves.c.kind == "city", null()), *on)


__all__ = ["CHUNK", "Taken", "escalate", "recycle", "warn"]
