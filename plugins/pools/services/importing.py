"""Customers brought straight into pools by a file: their number and the pool's code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from flask_babel import gettext as _
from sqlalchemy import Table, func, select
from sqlalchemy.orm import Session

from app.api import (
    UNSCOPED,
    Customer,
    Move,
    Unit,
    among,
    insert_rows,
    move_customers,
    next_ids,
    now,
    session,
    transaction,
)
from app.types import Refused
from plugins.pools.models import Pool, PoolEntry, PoolMovement
from plugins.pools.rules import draws_from
from plugins.pools.services.held import held_customers, lock_customers_within
from plugins.pools.services.reversing import take_back
from plugins.pools.services.writing import write_movements

_OPEN = {UNSCOPED: True}
_ENTRY = cast(Table, PoolEntry.__table__)


def lay_into_pools(rows: Sequence[dict[str, Any]]) -> list[int]:
    """Let customers lie in pools (`customer_id`, `pool_id`), released by whom they belong to; the ids of the entries
    in the order of the rows. Set-based: all of them, or `Refused` by field and none."""
    with transaction() as current:
        ids = [row["customer_id"] for row in rows]
        if len(set(ids)) != len(ids):
            raise Refused(_("This customer is there twice"), field="customer_id")
        held, outcome = lock_customers_within(current, ids, held_customers("can_import"), most=len(ids))
        pools = _pools(current, {row["pool_id"] for row in rows})
        customers = {customer.id: customer for customer in held}
        lying = set(current.scalars(_lying(current, ids)))
        for row in rows:
            _check(row["customer_id"], pools.get(row["pool_id"]), customers, lying, outcome.refused)
        into = {row["customer_id"]: pools[row["pool_id"]] for row in rows}
        moves = [Move(n, None, pool.unit_id, from_id=customers[n].owner_id) for n, pool in into.items()]
        moved = move_customers(moves, cause="pools.release")
        for reason in moved.refused.values():
            raise Refused(reason, field="customer_id")
        made = next_ids(current, _ENTRY, len(rows))
        shared, moment = {"rule_id": None, "next_on": None}, now()
        entries = [
            {
                "id": number, "customer_id": row["customer_id"], "pool_id": row["pool_id"],
                "unit_id": into[row["customer_id"]].unit_id, "entered_at": moment,
                "from_employee_id": customers[row["customer_id"]].owner_id, **shared,
            }
            for number, row in zip(made, rows, strict=True)
        ]  # fmt: skip
        insert_rows(current, _ENTRY, entries, list(entries[0]))
        lines = [
            {"customer_id": e["customer_id"], "from_employee_id": e["from_employee_id"], "to_pool_id": e["pool_id"]}
            for e in entries
        ]
        write_movements(current, "release", lines)
    return list(made)


def releases_of(entry_ids: Sequence[int]) -> list[int]:
    """The movements by which these entries were just laid into pools, for an import to remember."""
    m, current = PoolMovement, session()
    wanted = (
        select(func.max(m.id))
        .join(PoolEntry, PoolEntry.customer_id == m.customer_id)
        .where(among(current, PoolEntry.id, entry_ids), m.act == "release")
        .group_by(m.customer_id)
    )
    return sorted(current.scalars(wanted.execution_options(**_OPEN)))


def take_back_releases(movement_ids: Sequence[int]) -> dict[int, tuple[str, str]]:
    """Take customers a file laid into pools out of them again, to whom and where they were, with ledger rows `reverse`;
    {movement: (customer's name, why it stays)} of those with whom something has happened since.

    Raises `Refused` when a customer would then be out of the actor's charge, which it was in as the file was read.
    """
    with transaction() as current:
        taken = take_back(current, movement_ids, _("The import was undone"))
        back = [taken.customers[number] for number in taken.done]
        held = select(func.count(Customer.id)).where(among(current, Customer.id, back), held_customers("can_import"))
        if current.scalar(held.execution_options(**_OPEN)) != len(back):
            raise Refused(_("This customer is not in your charge"))
        named = select(Customer.id, Customer.name).where(among(current, Customer.id, list(taken.customers.values())))
        names = {row.id: row.name for row in current.execute(named.execution_options(**_OPEN))}
    stays = {number: (names[taken.customers[number]], why) for number, why in taken.refused.items()}
    gone = set(movement_ids) - set(taken.customers)
    return stays | dict.fromkeys(gone, ("", _("The customer is not there any more")))


def _check(number: int, pool: Any, customers: dict[int, Any], lying: set[int], refused: dict[int, str]) -> None:
    """Raises `Refused` for a customer that does not go into this pool."""
    customer = customers.get(number)
    if customer is None:
        raise Refused(refused[number], field="customer_id")
    if customer.closed_at is not None:
        raise Refused(_("This customer is closed"), field="customer_id")
    if number in lying:
        raise Refused(_("This customer lies in a pool already"), field="customer_id")
    if pool is None or draws_from(customer.path or "", pool.path) is None:
        reason = _("The pool must be in use, and belong to the customer's unit or to one above it")
        raise Refused(reason, field="pool_id")


def _pools(current: Session, ids: set[int]) -> dict[int, Any]:
    wanted = select(Pool.id, Pool.unit_id, Unit.path).join(Unit, Unit.id == Pool.unit_id)
    rows = current.execute(wanted.where(Pool.active, among(current, Pool.id, ids)).execution_options(**_OPEN))
    return {row.id: row for row in rows}


def _lying(current: Session, ids: Sequence[int]) -> Any:
    wanted = select(PoolEntry.customer_id).where(among(current, PoolEntry.customer_id, ids))
    return wanted.execution_options(**_OPEN)


__all__ = ["lay_into_pools", "releases_of", "take_back_releases"]
