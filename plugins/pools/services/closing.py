"""Customers nobody is to work with: marked invalid they leave their pool, opened again they are back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import func, insert, or_, select
from sqlalchemy.orm import Session, aliased

from app.api import (
    UNSCOPED,
    Customer,
    among,
    close_customers,
    entity,
    locks_of,
    reopen_customers,
    require_actor,
    transaction,
)
from plugins.pools.models import PoolEntry, PoolMovement
from plugins.pools.services.held import held_customers, lock_customers_within
from plugins.pools.services.lying import entries_before
from plugins.pools.services.members import giving_condition
from plugins.pools.services.outcome import Outcome, check_reason, each_once
from plugins.pools.services.taking import close_entries
from plugins.pools.services.writing import write_movements

_OPEN = {UNSCOPED: True}
PERMISSION = "can_close"


def mark_invalid(customer_ids: Sequence[int], reason: str) -> Outcome:
    """Close customers for a reason (标为无效); those in a pool leave it. `reopen` takes it back.

    Raises `Refused` for no reason, and for no or too many customers.
    """
    reason = check_reason(reason, needed=True)
    with transaction() as current:
        lying = select(PoolEntry.customer_id).where(giving_condition(require_actor(), PERMISSION))
        reach = or_(held_customers(PERMISSION), Customer.id.in_(lying))
        entries = select(PoolEntry.id, PoolEntry.customer_id, PoolEntry.pool_id).order_by(PoolEntry.customer_id)
        meant = select(Customer.id).where(among(current, Customer.id, each_once(customer_ids)), reach)
        first = entries.where(PoolEntry.customer_id.in_(meant)).with_for_update()
        current.execute(first.execution_options(**_OPEN)).all()  # what lies in pools before the customers, as claims do
        rows, outcome = lock_customers_within(current, customer_ids, reach)
        locks = locks_of(entity("customer"), [row.id for row in rows])
        for row in rows:
            lock = locks.get(row.id)
            if row.closed_at is not None:
                outcome.refused[row.id] = _("This customer is closed")
            elif lock is not None and lock.holds("closed_at"):
                outcome.refused[row.id] = str(lock.reason)
            else:
                outcome.done.append(row.id)
        entries = entries.where(among(current, PoolEntry.customer_id, outcome.done)).with_for_update()
        gone = current.execute(entries.execution_options(**_OPEN)).all()
        close_entries(current, gone)
        close_customers(outcome.done, reason)
        pools = {entry.customer_id: entry.pool_id for entry in gone}
        rows_of = [{"customer_id": number, "from_pool_id": pools.get(number)} for number in outcome.done]
        write_movements(current, "invalid", rows_of, reason)
    return outcome


def reopen(customer_ids: Sequence[int], reason: str = "") -> Outcome:
    """Take back that customers are invalid: they are open again, and lie where they lay.

    Raises `Refused` for no or too many customers.
    """
    reason = check_reason(reason)
    with transaction() as current:
        rows, outcome = lock_customers_within(current, customer_ids, held_customers(PERMISSION))
        marks = _marks(current, [row.id for row in rows if row.closed_at is not None])
        for row in rows:
            if row.id in marks:
                outcome.done.append(row.id)
            else:
                outcome.refused[row.id] = _("This customer was not marked invalid")
        reopen_customers(outcome.done, reason)
        back = entries_before(current, [marks[n].id for n in outcome.done if marks[n].pool_id is not None])
        if back:
            current.execute(insert(PoolEntry), back)
        rows_of = [{"customer_id": n, "to_pool_id": marks[n].pool_id, "reverses_id": marks[n].id} for n in outcome.done]
        write_movements(current, "reverse", rows_of, reason)
    return outcome


def _marks(current: Session, customer_ids: Sequence[int]) -> dict[int, Any]:
    """{customer: the movement that marked it invalid and is not taken back, with the pool it left}"""
    undone, m = aliased(PoolMovement), PoolMovement
    last = (
        select(func.max(m.id))
        .where(among(current, m.customer_id, customer_ids), m.act == "invalid")
        .where(~select(undone.id).where(undone.reverses_id == m.id).exists())
        .group_by(m.customer_id)
    )
    statement = select(m.id, m.customer_id, m.from_pool_id.label("pool_id")).where(m.id.in_(last))
    return {row.customer_id: row for row in current.execute(statement.execution_options(**_OPEN))}


__all__ = ["mark_invalid", "reopen"]
