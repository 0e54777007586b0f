"""Taking customers out of a pool: claim by oneself, be assigned by a head, go back to the former owner."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Select, delete, false, func, insert, select
from sqlalchemy.orm import Session

from app.api import (
    UNSCOPED,
    Customer,
    Employee,
    among,
    assign_customers,
    context,
    entity,
    now,
    require_actor,
    scope_condition,
    setting,
    transaction,
)
from app.types import Refused
from plugins.pools.models import PoolEntry, PoolMovement
from plugins.pools.rules import Holding, Limits, room_left
from plugins.pools.services.members import member_condition

_OPEN = {UNSCOPED: True}
#: The most customers one act is about.
MOST = 500


@dataclass(slots=True)
class Outcome:
    """What became of each customer: those that moved, and why each of the others stayed."""

    done: list[int] = field(default_factory=list)
    refused: dict[int, str] = field(default_factory=dict)


def claim_customers(customer_ids: Sequence[int]) -> Outcome:
    """Take customers out of pools one is a member of, for oneself (领取).

    Of two people claiming one customer exactly one wins: the entry is deleted under its row lock, and whoever
    finds none is told so. Limits are counted from the ledger in the same transaction; where there is room
    for some only, the first ones given are taken.

    Raises `Refused` for nobody's employee, for no or too many customers, and for a veto of `before_assign`.
    """
    actor = require_actor()
    if actor.employee_id is None:
        raise Refused(_("Only an employee can claim customers"))
    with transaction() as current:
        # the person's own row orders the claims of one person, so that two tabs cannot pass one limit
        own = select(Employee.id).where(Employee.id == actor.employee_id).with_for_update(key_share=True)
        current.execute(own)
        mine = member_condition(actor)
        entries, outcome = _lock(current, customer_ids, false() if mine is None else mine)
        entries = _without_cooling(current, actor.employee_id, entries, outcome)
        entries = _within_limits(current, actor.employee_id, entries, outcome)
        _move(current, entries, "claim", actor.employee_id, "", outcome)
    return outcome


def assign_from_pool(customer_ids: Sequence[int], employee_id: int, reason: str = "") -> Outcome:
    """Give customers lying in a pool within the actor's reach to an employee within it (分配).

    Raises `Refused` for an employee who has left or whose customers the actor could not see, for no or too
    many customers, and for a veto of `before_assign`.
    """
    _check_reason(reason)
    with transaction() as current:
        entries, outcome = _lock(current, customer_ids, _reach())
        _move(current, entries, "assign", employee_id, reason, outcome)
        _check_result(current, outcome.done)
    return outcome


def return_customers(customer_ids: Sequence[int], reason: str = "") -> Outcome:
    """Give customers back to whom the pool got them from (返回).

    One without a former account manager, or whose former account manager has left, stays. Raises `Refused`
    for no or too many customers and for a veto of `before_assign`.
    """
    _check_reason(reason)
    with transaction() as current:
        entries, outcome = _lock(current, customer_ids, _reach())
        working = set(
            current.scalars(
                select(Employee.id)
                .where(among(current, Employee.id, {e.from_employee_id for e in entries if e.from_employee_id}))
                .where(Employee.left_on.is_(None) | (Employee.left_on >= now().date()))
                .execution_options(**_OPEN)
            )
        )
        former: dict[int, list[Any]] = defaultdict(list)
        for entry in entries:
            if entry.from_employee_id is None:
                outcome.refused[entry.customer_id] = _("There is no former account manager")
            elif entry.from_employee_id not in working:
                outcome.refused[entry.customer_id] = _("The former account manager has left")
            else:
                former[entry.from_employee_id].append(entry)
        for employee_id, group in sorted(former.items()):
            _move(current, group, "return", employee_id, reason, outcome)
    return outcome


def _reach() -> ColumnElement[bool]:
    """The entries the actor's roles let them give away; a member's view of a pool is not enough."""
    return scope_condition(entity("pools_entry"), require_actor(), write=True)


def _lock(current: Session, customer_ids: Sequence[int], reach: ColumnElement[bool]) -> tuple[list[Any], Outcome]:
    """The entries of these customers within reach, locked, in the order given; the others are refused."""
    wanted = list(dict.fromkeys(customer_ids))
    if not wanted:
        raise Refused(_("Choose at least one customer"))
    if len(wanted) > MOST:
        raise Refused(_("At most %(count)s customers at once", count=MOST))
    statement = (
        select(PoolEntry.id, PoolEntry.customer_id, PoolEntry.pool_id, PoolEntry.from_employee_id)
        .where(among(current, PoolEntry.customer_id, wanted), reach)
        .order_by(PoolEntry.customer_id)
        .with_for_update()
    )
    found = {row.customer_id: row for row in current.execute(statement.execution_options(**_OPEN))}
    outcome = Outcome()
    for number in wanted:
        if number not in found:
            outcome.refused[number] = _("No longer in a pool you can take it from: somebody was faster")
    return [found[number] for number in wanted if number in found], outcome


def _without_cooling(current: Session, employee_id: int, entries: list[Any], outcome: Outcome) -> list[Any]:
    """Leave out what the person lost to a pool lately; every former owner counts, not only the last."""
    days = setting("pools.cool_down_days")
    if not days or not entries:
        return entries
    lost = select(PoolMovement.customer_id).where(
        among(current, PoolMovement.customer_id, [entry.customer_id for entry in entries]),
        PoolMovement.from_employee_id == employee_id,
        PoolMovement.act == "recycle",
        PoolMovement.at > now() - timedelta(days=days),
    )
    cooling = set(current.scalars(lost.execution_options(**_OPEN)))
    for number in sorted(cooling):
        outcome.refused[number] = _("You lost this customer less than %(count)s days ago", count=days)
    return [entry for entry in entries if entry.customer_id not in cooling]


def _within_limits(current: Session, employee_id: int, entries: list[Any], outcome: Outcome) -> list[Any]:
    limits = Limits(setting("pools.claims_per_day"), setting("pools.owned_limit"), setting("pools.cool_down_days"))
    zone = ZoneInfo(context().site.timezone)
    today = datetime.combine(now().astimezone(zone).date(), time.min, zone).astimezone(UTC)
    owned = select(func.count(Customer.id)).where(Customer.owner_id == employee_id, Customer.closed_at.is_(None))
    claimed = select(func.count(PoolMovement.id)).where(
        PoolMovement.to_employee_id == employee_id, PoolMovement.act == "claim", PoolMovement.at >= today
    )
    room, binding = room_left(Holding(_count(current, owned), _count(current, claimed)), limits)
    if room is None:
        return entries
    for entry in entries[room:]:
        if binding == "per_day":
            reason = _("You may claim %(count)s customers a day", count=limits.per_day)
        else:
            reason = _("Whoever owns %(count)s customers cannot claim more", count=limits.owned)
        outcome.refused[entry.customer_id] = reason
    return entries[:room]


def _count(current: Session, statement: Select[Any]) -> int:
    return int(current.scalar(statement.execution_options(**_OPEN)) or 0)


def _check_reason(reason: str) -> None:
    if len(reason) > 300:
        raise Refused(_("At most 300 characters"), field="reason")


def _check_result(current: Session, numbers: Sequence[int]) -> None:
    """Whoever assigns must still see the customers afterwards: nobody gives them away out of sight."""
    if not numbers:
        return
    seen = scope_condition(entity("customer"), require_actor(), write=True)
    statement = select(func.count(Customer.id)).where(among(current, Customer.id, numbers), seen)
    if _count(current, statement) != len(numbers):
        raise Refused(_("Choose an employee of your unit"), field="employee_id")


def _move(current: Session, entries: Sequence[Any], act: str, employee_id: int, reason: str, outcome: Outcome) -> None:
    """Close the entries, give the customers to the employee, write the ledger."""
    if not entries:
        return
    numbers = [entry.customer_id for entry in entries]
    current.execute(
        delete(PoolEntry)
        .where(among(current, PoolEntry.id, [entry.id for entry in entries]))
        .execution_options(synchronize_session=False, **_OPEN)
    )
    assign_customers(numbers, employee_id, cause=f"pools.{act}", reason=reason, from_employee_id=None, scoped=False)
    moment, actor = now(), require_actor()
    current.execute(
        insert(PoolMovement),
        [
            {
                "customer_id": entry.customer_id, "act": act, "from_pool_id": entry.pool_id, "from_employee_id": None,
                "to_employee_id": employee_id, "reason": reason, "by_user_id": actor.user_id, "at": moment,
            }
            for entry in entries
        ],
    )  # fmt: skip
    outcome.done.extend(numbers)


__all__ = ["MOST", "Outcome", "assign_from_pool", "claim_customers", "return_customers"]
