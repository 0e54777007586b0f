"""Putting customers into a public pool: by their owner, by a head, or when somebody hands over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from flask_babel import gettext as _
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from app.api import UNSCOPED, Move, Unit, move_customers, now, transaction
from app.types import Refused
from plugins.pools.models import Pool, PoolEntry
from plugins.pools.services.held import held_customers, lock_customers_within
from plugins.pools.services.outcome import Outcome, check_reason
from plugins.pools.services.writing import write_movements

_OPEN = {UNSCOPED: True}


class Lying(NamedTuple):
    """A pool to lie in, and the unit customers in it count for."""

    id: int
    unit_id: int


#: The kinds of pool one may release into, that which is meant first.
PUBLIC = ("public", "city")


def release_customers(customer_ids: Sequence[int], reason: str, pool_id: int | None = None) -> Outcome:
    """Put customers one owns or is in charge of into a public pool (释放): that one, else the nearest of their unit.

    Entry and ledger keep who owned them, whoever lets them go. Raises `Refused` for no reason, for a pool that is
    not public, and for no or too many customers.
    """
    reason = check_reason(reason, needed=True)
    with transaction() as current:
        pools = _public_pools(current)
        if pool_id is not None and pool_id not in {pool.id for pool in pools}:
            raise Refused(_("Choose a public pool that is in use"), field="pool_id")
        rows, outcome = lock_customers_within(current, customer_ids, held_customers("can_release"))
        into: dict[int, Any] = {}
        for row in rows:
            pool = _nearest([each for each in pools if pool_id in (None, each.id)], row.path or "")
            if row.closed_at is not None:
                outcome.refused[row.id] = _("This customer is closed")
            elif row.owner_id is None:
                outcome.refused[row.id] = _("Nobody looks after this customer: there is nothing to release")
            elif pool is None:
                outcome.refused[row.id] = _("No public pool takes customers of its unit")
            else:
                into[row.id] = pool
        owners = {row.id: row.owner_id for row in rows}
        moves = [Move(number, None, pool.unit_id, reason, from_id=owners[number]) for number, pool in into.items()]
        moved = move_customers(moves, cause="pools.release")
        outcome.refused |= moved.refused
        outcome.done = [number for number in into if number in moved.done]
        lay_down(current, {number: into[number] for number in outcome.done}, owners, reason)
    return outcome


def lay_down(current: Session, into: Mapping[int, Any], owners: Mapping[int, int | None], reason: str) -> None:
    """Let customers lie in pools (`into`: id and unit_id by customer), released by whom they belonged to."""
    moment = now()
    entries = [
        {
            "customer_id": number, "pool_id": pool.id, "unit_id": pool.unit_id, "from_employee_id": owners[number],
            "entered_at": moment,
        }
        for number, pool in into.items()
    ]  # fmt: skip
    if entries:
        current.execute(insert(PoolEntry), entries)
    rows = [{"customer_id": n, "from_employee_id": owners[n], "to_pool_id": pool.id} for n, pool in into.items()]
    write_movements(current, "release", rows, reason)


def _public_pools(current: Session) -> list[Any]:
    statement = (
        select(Pool.id, Pool.kind, Pool.unit_id, Unit.path)
        .join(Unit, Unit.id == Pool.unit_id)
        .where(Pool.active, Pool.kind.in_(PUBLIC))
        .order_by(Pool.id)
    )
    return list(current.execute(statement.execution_options(**_OPEN)))


def _nearest(pools: Sequence[Any], path: str) -> Any:
    """The pool at or nearest above a unit, so that nobody's customers end in a strange branch; public before city's."""
    above = [pool for pool in pools if path.startswith(pool.path)]
    return max(above, key=lambda pool: (len(pool.path), -PUBLIC.index(pool.kind), -pool.id), default=None)


__all__ = ["Lying", "lay_down", "release_customers"]
