"""Taking customers out of a pool: claim by oneself, be assigned by a head, go back to the former owner."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from sqlalchemy import Select, delete, exists, func, insert, select
from sqlalchemy.orm import Session

from app.api import (
    UNSCOPED,
    Customer,
    Employee,
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
from plugins.pools.models import Pool, PoolEntry, PoolMovement
from plugins.pools.rules import Holding, Limits, why_not_claim


def claim_customers(customer_ids: Sequence[int]) -> list[int]:
    """Take customers out of a claimable pool for oneself (领取); all or nothing.

    Of two people claiming one customer exactly one wins: the entry is deleted under its row lock, and whoever
    finds none is told so. Limits are counted from the ledger in the same transaction.

    Raises `Refused`: nobody's employee, out of reach, not claimable, just taken, over a limit, cooling down.
    """
    actor = require_actor()
    if actor.employee_id is None:
        raise Refused(_("Only an employee can claim customers"))
    wanted = sorted(set(customer_ids))
    with transaction() as current:
        # the person's own row orders the claims of one person, so that two tabs cannot pass one limit
        current.execute(select(Employee.id).where(Employee.id == actor.employee_id).with_for_update())
        entries = _take(current, wanted, need_claimable=True)
        _check_limits(current, actor.employee_id, wanted)
        _record(current, entries, "claim", actor.employee_id, "")
        assign_customers(
            wanted, actor.employee_id, cause="pools.claim", from_employee_id=None, scoped=False
        )
    return wanted


def assign_from_pool(customer_ids: Sequence[int], employee_id: int, reason: str = "") -> list[int]:
    """Give customers lying in a pool to an employee (分配); all or nothing. Raises `Refused`."""
    wanted = sorted(set(customer_ids))
    with transaction() as current:
        entries = _take(current, wanted)
        _record(current, entries, "assign", employee_id, reason)
        assign_customers(
            wanted, employee_id, cause="pools.assign", reason=reason, from_employee_id=None, scoped=False
        )
    return wanted


def return_customers(customer_ids: Sequence[int], reason: str = "") -> list[int]:
    """Give customers back to whom the pool got them from (返回); all or nothing.

    Raises `Refused` when one has no former owner or the former owner has left.
    """
    wanted = sorted(set(customer_ids))
    with transaction() as current:
        entries = _take(current, wanted)
        former: dict[int, list[Any]] = {}
        for entry in entries:
            if entry.from_employee_id is None:
                raise Refused(_("A customer without a former account manager cannot be returned"))
            former.setdefault(entry.from_employee_id, []).append(entry)
        for employee_id, group in former.items():
            _record(current, group, "return", employee_id, reason)
            assign_customers(
                [entry.customer_id for entry in group],
                employee_id,
                cause="pools.return",
                reason=reason,
                from_employee_id=None,
                scoped=False,
            )
    return wanted


def _take(current: Session, wanted: list[int], *, need_claimable: bool = False) -> list[Any]:
    """Lock and delete the entries within the actor's scope. Raises `Refused` when any is missing."""
    if not wanted:
        raise Refused(_("Choose at least one customer"))
    if len(wanted) > 500:
        raise Refused(_("At most 500 customers at once"))
    statement: Select[Any] = (
        select(PoolEntry.id, PoolEntry.customer_id, PoolEntry.pool_id, PoolEntry.from_employee_id, Pool.claimable)
        .join(Pool, Pool.id == PoolEntry.pool_id)
        .where(
            PoolEntry.customer_id.in_(wanted),
            scope_condition(entity("pools_entry"), require_actor()),
        )
        .order_by(PoolEntry.customer_id)
        .with_for_update(of=PoolEntry)
    )
    entries = list(current.execute(statement.execution_options(**{UNSCOPED: True})).all())
    if len(entries) < len(wanted):
        gone = len(wanted) - len(entries)
        raise Refused(_("%(count)s of these customers are no longer in the pool: somebody was faster", count=gone))
    if need_claimable and not all(entry.claimable for entry in entries):
        raise Refused(_("Customers of this pool are assigned by the head and cannot be claimed"))
    removed = current.execute(
        delete(PoolEntry)
        .where(PoolEntry.id.in_([entry.id for entry in entries]))
        .execution_options(synchronize_session=False, **{UNSCOPED: True})
    )
    if removed.rowcount != len(entries):
        raise Refused(_("Somebody was faster; reload the pool"))
    return entries


def _check_limits(current: Session, employee_id: int, wanted: list[int]) -> None:
    zone = ZoneInfo(context().site.timezone)
    today = datetime.combine(now().astimezone(zone).date(), time.min, zone).astimezone(UTC)
    limits = Limits(setting("pools.claims_per_day"), setting("pools.owned_limit"), setting("pools.cool_down_days"))
    holding = Holding(
        owned=_count(current, select(func.count(Customer.id)).where(Customer.owner_id == employee_id)),
        claimed_today=_count(
            current,
            select(func.count(PoolMovement.id)).where(
                PoolMovement.to_employee_id == employee_id, PoolMovement.act == "claim", PoolMovement.at >= today
            ),
        ),
    )
    reason = why_not_claim(holding, limits, len(wanted))
    if reason is None and limits.cool_down_days and _lost_lately(current, employee_id, wanted, limits.cool_down_days):
        reason = "cool_down"
    if reason is not None:
        raise Refused(_reason(reason, limits))


def _count(current: Session, statement: Select[Any]) -> int:
    return int(current.scalar(statement.execution_options(**{UNSCOPED: True})) or 0)


def _lost_lately(current: Session, employee_id: int, wanted: list[int], days: int) -> bool:
    """Whether the person lost any of these customers to a pool within `days`: all former owners count."""
    lost = select(
        exists().where(
            PoolMovement.customer_id.in_(wanted),
            PoolMovement.from_employee_id == employee_id,
            PoolMovement.act == "recycle",
            PoolMovement.at > now() - timedelta(days=days),
        )
    )
    return bool(current.scalar(lost.execution_options(**{UNSCOPED: True})))


def _reason(code: str, limits: Limits) -> str:
    if code == "per_day":
        return str(_("You may claim %(count)s customers a day", count=limits.per_day))
    if code == "owned":
        return str(_("Whoever owns %(count)s customers or more cannot claim", count=limits.owned))
    return str(_("You lost one of these customers less than %(count)s days ago", count=limits.cool_down_days))


def _record(current: Session, entries: Sequence[Any], act: str, employee_id: int, reason: str) -> None:
    moment, actor = now(), require_actor()
    current.execute(
        insert(PoolMovement),
        [
            {
                "customer_id": entry.customer_id, "act": act, "pool_id": entry.pool_id, "to_employee_id": employee_id,
                "from_employee_id": None, "reason": reason, "by_user_id": actor.user_id, "at": moment,
            }
            for entry in entries
        ],
    )
