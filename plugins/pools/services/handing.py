"""A pool as a place where customers of somebody who hands over or leaves can go."""

from __future__ import annotations

from functools import partial

from sqlalchemy import delete, select

from app.api import (
    UNSCOPED,
    Customer,
    Employee,
    Unit,
    among,
    assign_customers,
    session,
    transaction,
)
from app.types import Handing, Place
from plugins.pools.models import Pool, PoolEntry
from plugins.pools.rules import chain
from plugins.pools.services.releasing import Lying, lay_down
from plugins.pools.services.writing import write_movements

_OPEN = {UNSCOPED: True}
#: The kernel's holding of the customers one owns.
_CUSTOMERS = "customers"


def pools_for(employee_id: int) -> list[Place]:
    """The active pools of an employee's unit and of the units above it, the nearest first."""
    own = select(Unit.path).join(Employee, Employee.unit_id == Unit.id).where(Employee.id == employee_id)
    units = chain(session.scalar(own.execution_options(**_OPEN)))
    pools = session.execute(
        select(Pool.id, Pool.name, Pool.unit_id)
        .where(Pool.unit_id.in_(units), Pool.active)
        .order_by(Pool.id)
        .execution_options(**_OPEN)
    ).all()
    return [
        Place(
            f"pools.{pool.id}",
            pool.name,
            _CUSTOMERS,
            partial(put_into_pool, pool.id, pool.unit_id),
            partial(take_from_pool, pool.id),
        )
        for pool in sorted(pools, key=lambda each: -units.index(each.unit_id))
    ]


def put_into_pool(pool_id: int, unit_id: int, asked: Handing) -> dict[int, str]:
    """Let customers who are still the giver's lie in a pool; its ledger says the giver released them.

    Raises `Refused` for a veto of `before_assign`; nothing is then written.
    """
    with transaction() as current:
        moved = assign_customers(
            among(current, Customer.id, asked.records),
            None,
            cause=asked.cause,
            reason=asked.reason,
            from_employee_id=asked.giver_id,
            unit_id=unit_id,
            scoped=False,
        )
        pool = Lying(pool_id, unit_id)
        lay_down(current, dict.fromkeys(moved, pool), dict.fromkeys(moved, asked.giver_id), asked.reason)
    return dict.fromkeys(moved, "")


def take_from_pool(pool_id: int, asked: Handing) -> list[int]:
    """Give customers back who still lie in the pool as they were put there."""
    with transaction() as current:
        lying = select(PoolEntry.customer_id).where(
            among(current, PoolEntry.customer_id, asked.records),
            PoolEntry.pool_id == pool_id,
            PoolEntry.from_employee_id == asked.giver_id,
            PoolEntry.entered_at <= asked.at,
        )
        still = current.scalars(lying.order_by(PoolEntry.customer_id).with_for_update().execution_options(**_OPEN))
        moved = assign_customers(
            among(current, Customer.id, still.all()),
            asked.giver_id,
            cause="pools.return",
            reason=asked.reason,
            from_employee_id=None,
            scoped=False,
        )
        gone = delete(PoolEntry).where(among(current, PoolEntry.customer_id, moved))
        current.execute(gone.execution_options(synchronize_session=False, **_OPEN))
        back = {"from_pool_id": pool_id, "to_employee_id": asked.giver_id}
        write_movements(current, "return", [{"customer_id": number, **back} for number in moved], asked.reason)
    return moved


__all__ = ["pools_for"]
