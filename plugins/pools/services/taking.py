"""Taking customers out of pools: the entries locked, the customers given away, the ledger written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, delete, literal, select
from sqlalchemy.orm import Session

from app.api import UNSCOPED, Employee, Move, among, move_customers, now
from plugins.pools.models import PoolEntry
from plugins.pools.services.outcome import Outcome, each_once
from plugins.pools.services.writing import write_movements

_OPEN = {UNSCOPED: True}


def lock_entries(
    current: Session, customer_ids: Sequence[int], reach: ColumnElement[bool], by_role: Any = None
) -> tuple[list[Any], Outcome]:
    """The entries of these customers within reach, locked, in the order given; the others are refused.

    Each says whether it is also within `by_role`. Raises `Refused` for no or too many customers.
    """
    wanted, outcome = each_once(customer_ids), Outcome()
    mark = (literal(True) if by_role is None else by_role).label("by_role")
    statement = (
        select(PoolEntry.id, PoolEntry.customer_id, PoolEntry.pool_id, PoolEntry.from_employee_id, mark)
        .where(among(current, PoolEntry.customer_id, wanted), reach)
        .order_by(PoolEntry.customer_id)
        .with_for_update()
    )
    found = {row.customer_id: row for row in current.execute(statement.execution_options(**_OPEN))}
    for number in wanted:
        if number not in found:
            outcome.refused[number] = _("No longer in a pool you can take it from: somebody was faster")
    return [found[number] for number in wanted if number in found], outcome


def units_of_working(current: Session, employee_ids: set[int]) -> dict[int, int]:
    """{employee: unit} of those of them who have not left."""
    statement = select(Employee.id, Employee.unit_id).where(
        among(current, Employee.id, employee_ids), Employee.left_on.is_(None) | (Employee.left_on >= now().date())
    )
    return {row.id: row.unit_id for row in current.execute(statement.execution_options(**_OPEN))}


def take_out(
    current: Session, entries: Sequence[Any], act: str, to: Mapping[int, int], units: Mapping[int, int],
    reason: str, outcome: Outcome,
) -> None:  # fmt: skip
    """Give each customer to its new owner (`to`, by customer; `units` by owner), close the entries, write the ledger.

    Those somebody's veto is about stay where they are, with its reason.
    """
    moves = [Move(entry.customer_id, to[entry.customer_id], units[to[entry.customer_id]], reason) for entry in entries]
    moved = move_customers(moves, cause=f"pools.{act}")
    outcome.refused |= moved.refused
    gone = [entry for entry in entries if entry.customer_id in moved.done]
    close_entries(current, gone)
    rows = [
        {"customer_id": e.customer_id, "from_pool_id": e.pool_id, "to_employee_id": to[e.customer_id]} for e in gone
    ]
    write_movements(current, act, rows, reason)
    outcome.done.extend(entry.customer_id for entry in gone)


def close_entries(current: Session, entries: Sequence[Any]) -> None:
    """Let entries be gone, in one statement."""
    gone = delete(PoolEntry).where(among(current, PoolEntry.id, [entry.id for entry in entries]))
    current.execute(gone.execution_options(synchronize_session=False, **_OPEN))


__all__ = ["close_entries", "lock_entries", "take_out", "units_of_working"]
