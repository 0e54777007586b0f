"""Customers brought straight into pools by a file: their number and the pool's code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from flask_babel import gettext as _
from sqlalchemy import Table, select
from sqlalchemy.orm import Session

from app.api import UNSCOPED, Move, Unit, among, insert_rows, move_customers, next_ids, now, transaction
from app.types import Refused
from plugins.pools.models import Pool, PoolEntry
from plugins.pools.rules import draws_from
from plugins.pools.services.held import held_customers, lock_customers_within
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


__all__ = ["lay_into_pools"]
