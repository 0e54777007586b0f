"""How a customer lay in a pool before a movement took it out of there: read from the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from app.api import UNSCOPED, UtcDateTime, among, is_working_day, setting
from plugins.pools.models import Pool, PoolMovement, PoolRule
from plugins.pools.rules import after
from plugins.pools.services.days import business_today, zone

_OPEN = {UNSCOPED: True}


def entries_before(current: Session, movement_ids: Sequence[int]) -> list[dict[str, Any]]:
    """The entries (columns of `PoolEntry`) there were before these movements out of a pool, or on to another.

    Who lost the customer and by which rule stands where the ledger says it came in. The night that takes it on to the
    city's pool is never nearer than the days nothing happens to whom a reversal was about.
    """
    if not movement_ids:
        return []
    m, came, lost = PoolMovement, aliased(PoolMovement), aliased(PoolMovement)
    earlier = aliased(PoolMovement)

    def last(*which: Any) -> Any:
        found = select(func.max(earlier.id)).where(earlier.customer_id == m.customer_id, earlier.id < m.id, *which)
        return found.correlate(m).scalar_subquery()

    statement = (
        select(
            m.customer_id, m.from_pool_id, Pool.unit_id, Pool.kind,
            func.coalesce(came.at, m.at, type_=UtcDateTime()).label("at"),
            lost.from_employee_id, came.rule_id, PoolRule.city_days, PoolRule.working_days,
        )
        .join(Pool, Pool.id == m.from_pool_id)
        .outerjoin(came, came.id == last(earlier.to_pool_id == m.from_pool_id, earlier.act != "reverse"))
        .outerjoin(lost, lost.id == last(earlier.from_employee_id.is_not(None), earlier.to_pool_id.is_not(None)))
        .outerjoin(PoolRule, PoolRule.id == came.rule_id)
        .where(among(current, m.id, movement_ids))
    )  # fmt: skip
    soonest = business_today() + timedelta(days=setting("pools.reversed_days") + 1)
    return [
        {"customer_id": row.customer_id, "pool_id": row.from_pool_id, "unit_id": row.unit_id, "rule_id": row.rule_id,
         "from_employee_id": row.from_employee_id, "entered_at": row.at, "next_on": _next_on(row, soonest)}
        for row in current.execute(statement.execution_options(**_OPEN))
    ]  # fmt: skip


def _next_on(row: Any, soonest: Any) -> Any:
    if row.kind == "city" or row.city_days is None:
        return None
    entered = row.at.astimezone(zone()).date()
    return max(soonest, after(entered, row.city_days, is_working_day if row.working_days else None))


__all__ = ["entries_before"]
