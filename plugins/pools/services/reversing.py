"""Taking movements back (撤销): owner, pool and stage are as they were, where nothing has happened since."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import Table, and_, delete, func, insert, literal, or_, select, update
from sqlalchemy.orm import Session, aliased

from app.api import (
    UNSCOPED,
    Customer,
    CustomerOwnership,
    Employee,
    Move,
    UtcDateTime,
    among,
    entity,
    move_customers,
    now,
    require_actor,
    scope_condition,
    setting,
    transaction,
)
from app.types import Refused, Text
from plugins.pools.models import Pool, PoolEntry, PoolKeep, PoolMovement, PoolStanding
from plugins.pools.services.days import business_today
from plugins.pools.services.lying import entries_before
from plugins.pools.services.reckoning import reckon

_OPEN = {UNSCOPED: True}
_MOVEMENT, _ENTRY, _STANDING, _KEEP, _OWNERSHIP = (
    cast(Table, model.__table__) for model in (PoolMovement, PoolEntry, PoolStanding, PoolKeep, CustomerOwnership)
)
#: What the night does to those who stay where they are, what brings customers into pools, and what out of them.
WARNINGS, INTO, ON, OUT = ("amber", "red"), ("recycle", "release"), ("escalate",), ("claim", "assign", "return")
REVERSIBLE = (*WARNINGS, *INTO, *ON, *OUT)
#: The most movements taken back at once by hand, and the longest reason.
MOST, LONGEST_REASON = 500, 300


@dataclass(slots=True)
class Reversal:
    """What became of each movement: those taken back, and why each of the others stands; their customers by id."""

    done: list[int] = field(default_factory=list)
    refused: dict[int, Text] = field(default_factory=dict)
    customers: dict[int, int] = field(default_factory=dict)


def reverse_movements(movement_ids: Sequence[int], reason: str = "") -> Reversal:
    """Take back movements of customers within the actor's reach, each with an answer of its own.

    Raises `Refused` for none, too many, or a reason that is too long, and when a customer would then be with somebody
    out of the actor's reach; nothing is then written.
    """
    wanted = list(dict.fromkeys(movement_ids))
    if not wanted:
        raise Refused(_("Choose at least one movement"))
    if len(wanted) > MOST:
        raise Refused(_("At most %(count)s movements at once", count=MOST))
    if len(reason) > LONGEST_REASON:
        raise Refused(_("At most 300 characters"), field="reason")
    with transaction() as current:
        reach = scope_condition(entity("customer"), require_actor(), write=True)
        held = select(PoolMovement.id).join(Customer, Customer.id == PoolMovement.customer_id)
        held = held.where(among(current, PoolMovement.id, wanted), reach)
        within = set(current.scalars(held.execution_options(**_OPEN)))
        taken = take_back(current, [number for number in wanted if number in within], reason)
        for number in wanted:
            if number not in within:
                taken.refused[number] = _("This customer is out of your reach")
        back = [taken.customers[number] for number in taken.done]
        seen = select(func.count(Customer.id)).where(among(current, Customer.id, back), reach)
        if current.scalar(seen.execution_options(**_OPEN)) != len(set(back)):
            raise Refused(_("The former account manager is out of your reach"))
    taken.refused = {number: str(why) for number, why in taken.refused.items()}
    return taken


def take_back(current: Session, movement_ids: Sequence[int], reason: str) -> Reversal:
    """Take back movements, the latest first; whoever calls has checked that the actor may."""
    outcome = Reversal()
    if not movement_ids:
        return outcome
    _lock(current, movement_ids)
    going: list[Any] = []
    for row in _facts(current, movement_ids):
        outcome.customers[row.id] = row.customer_id
        refusal = _refusal(row)
        if refusal:
            outcome.refused[row.id] = refusal
        else:
            going.append(row)
    moved = _change_hands(current, [row for row in going if row.act not in WARNINGS], reason)
    outcome.refused |= {row.id: moved[row.customer_id] for row in going if row.customer_id in moved}
    going = [row for row in going if row.id not in outcome.refused]
    outcome.done = [row.id for row in going]
    if going:
        _lay(current, going)
        _write(current, outcome.done, reason)
        _keep(current, [row for row in going if row.act == "recycle"])
        _stand(current, going)
    return outcome


def _lock(current: Session, movement_ids: Sequence[int]) -> None:
    """Lock what lies in pools, then the customers, as claims do."""
    meant = select(_MOVEMENT.c.customer_id).where(among(current, _MOVEMENT.c.id, movement_ids))
    lying = select(_ENTRY.c.id).where(_ENTRY.c.customer_id.in_(meant)).order_by(_ENTRY.c.customer_id)
    current.execute(lying.with_for_update()).all()
    held = select(Customer.id).where(Customer.id.in_(meant)).order_by(Customer.id).with_for_update(key_share=True)
    current.execute(held.execution_options(**_OPEN)).all()


def _facts(current: Session, movement_ids: Sequence[int]) -> list[Any]:
    """The movements with all that tells whether anything has happened since, the latest first."""
    m, later, undone, taken = PoolMovement, aliased(PoolMovement), aliased(PoolMovement), aliased(PoolMovement)
    own, before = aliased(CustomerOwnership), aliased(CustomerOwnership)
    reversed_later = select(undone.id).where(undone.reverses_id == later.id).exists()
    since = select(later.id).where(
        later.customer_id == m.customer_id, later.id > m.id, later.act != "reverse", ~reversed_later
    )
    last_own = (
        select(func.max(before.id))
        .where(before.customer_id == m.customer_id, before.cause == literal("pools.") + m.act)
        .correlate(m)
        .scalar_subquery()
    )
    elsewhere = select(before.id).where(
        before.customer_id == m.customer_id, before.id > own.id, before.cause.not_like("pools.%")
    )
    owned_at = (
        select(func.max(before.at, type_=UtcDateTime()))
        .where(before.customer_id == m.customer_id, before.to_employee_id == m.from_employee_id, before.id < own.id)
        .correlate(m, own)
        .scalar_subquery()
    )
    works = or_(Employee.left_on.is_(None), Employee.left_on >= business_today())
    statement = (
        select(
            m.id, m.customer_id, m.act, m.at, m.from_employee_id, m.to_employee_id, m.from_pool_id, m.to_pool_id,
            m.from_stage, m.rule_id,
            Customer.owner_id, Customer.closed_at, Customer.last_followed_at, Customer.created_at,
            PoolEntry.pool_id.label("lying"), PoolStanding.stage,
            own.id.label("ownership"), own.from_unit_id, owned_at.label("owned_at"),
            Pool.active.label("open"), and_(Employee.id.is_not(None), works).label("works"),
            or_(since.correlate(m).exists(), elsewhere.correlate(m, own).exists()).label("moved_on"),
            select(taken.id).where(taken.reverses_id == m.id).correlate(m).exists().label("taken"),
        )
        .join(Customer, Customer.id == m.customer_id)
        .outerjoin(PoolEntry, PoolEntry.customer_id == m.customer_id)
        .outerjoin(PoolStanding, PoolStanding.customer_id == m.customer_id)
        .outerjoin(own, own.id == last_own)
        .outerjoin(Pool, Pool.id == m.from_pool_id)
        .outerjoin(Employee, Employee.id == m.from_employee_id)
        .where(among(current, m.id, movement_ids))
        .order_by(m.id.desc())
    )  # fmt: skip
    return list(current.execute(statement.execution_options(**_OPEN)))


def _refusal(row: Any) -> Text:
    """Why a movement is not taken back; empty when it can be."""
    if row.act not in REVERSIBLE:
        return _l("A movement of this kind is not taken back")
    if row.taken:
        return _l("It was taken back already")
    if row.closed_at is not None:
        return _l("The customer is closed")
    if row.last_followed_at is not None and row.last_followed_at > row.at:
        return _l("It was followed up since")
    if row.moved_on or not _is_there(row) or (row.act not in WARNINGS and row.ownership is None):
        return _l("It moved on since")
    if row.act in INTO and row.from_employee_id is not None and not row.works:
        return _l("The former account manager has left")
    if row.from_pool_id is not None and not row.open:
        return _l("The pool it came from is out of use")
    return ""


def _is_there(row: Any) -> bool:
    """Whether the customer still is where the movement brought it."""
    if row.act in WARNINGS:
        return bool(row.stage == row.act and row.owner_id == row.from_employee_id)
    if row.act in OUT:
        return bool(row.owner_id == row.to_employee_id and row.lying is None)
    return bool(row.owner_id is None and row.lying == row.to_pool_id)


def _change_hands(current: Session, rows: Sequence[Any], reason: str) -> dict[int, str]:
    """Give customers back to whom they were with, as long as they had them; {customer: why not}."""
    moves = [
        Move(
            row.customer_id, row.from_employee_id if row.act in INTO else None, row.from_unit_id, reason,
            from_id=row.owner_id, since_at=(row.owned_at or row.created_at) if row.act in INTO else None,
        )
        for row in rows
    ]  # fmt: skip
    return move_customers(moves, cause="pools.reverse").refused if moves else {}


def _lay(current: Session, rows: Sequence[Any]) -> None:
    """What lies in pools: out of them again, back into the pool before, or in again as it was."""
    by_act: dict[str, list[Any]] = defaultdict(list)
    for row in rows:
        by_act["into" if row.act in INTO else row.act if row.act in ON else "out" if row.act in OUT else ""].append(row)
    gone = [row.customer_id for row in (*by_act["into"], *by_act["escalate"])]
    current.execute(delete(_ENTRY).where(among(current, _ENTRY.c.customer_id, gone)))
    back = entries_before(current, [row.id for row in (*by_act["escalate"], *by_act["out"])])
    if back:
        current.execute(insert(_ENTRY), back)


def _write(current: Session, movement_ids: Sequence[int], reason: str) -> None:
    """A ledger row for each, the other way round."""
    m, user_id = _MOVEMENT.c, require_actor().user_id
    given = {
        "customer_id": m.customer_id, "act": literal("reverse"), "from_employee_id": m.to_employee_id,
        "to_employee_id": m.from_employee_id, "from_pool_id": m.to_pool_id, "to_pool_id": m.from_pool_id,
        "rule_id": m.rule_id, "rule_version": m.rule_version, "run_id": m.run_id, "reverses_id": m.id,
        "reason": literal(reason), "by_user_id": literal(user_id), "at": literal(now(), UtcDateTime),
    }  # fmt: skip
    rows = select(*given.values()).where(among(current, m.id, movement_ids)).order_by(m.id)
    current.execute(insert(_MOVEMENT).from_select(list(given), rows, include_defaults=False))


def _keep(current: Session, rows: Sequence[Any]) -> None:
    """Whom a night took is not taken again for some days, for its owner to see it coming."""
    until = business_today() + timedelta(days=setting("pools.reversed_days"))
    moment, reason = now(), _("A movement was taken back")
    kept = [
        {"customer_id": row.customer_id, "employee_id": row.from_employee_id, "rule_id": row.rule_id,
         "days": setting("pools.reversed_days"), "reason": reason, "state": "given", "kept_until": until,
         "asked_at": moment, "decided_at": moment}
        for row in rows if row.rule_id is not None
    ]  # fmt: skip
    if kept:
        current.execute(insert(_KEEP), kept)


def _stand(current: Session, rows: Sequence[Any]) -> None:
    """Where they stood on the ladder, and what is next from there."""
    stages: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        if row.from_stage is not None:
            stages[row.from_stage].append(row.customer_id)
    owned = [row.customer_id for row in rows if row.act in (*WARNINGS, *INTO)]
    reckon(current, owned)
    for stage, ids in stages.items():
        current.execute(update(_STANDING).where(among(current, _STANDING.c.customer_id, ids)).values(stage=stage))
    if stages:
        reckon(current, owned)


__all__ = ["MOST", "REVERSIBLE", "Reversal", "reverse_movements", "take_back"]
