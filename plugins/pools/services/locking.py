"""Customers no rule moves for a while, by a head's word."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from flask_babel import gettext as _
from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from app.api import UNSCOPED, among, now, require_actor, transaction
from app.types import Refused
from plugins.pools.models import PoolLock
from plugins.pools.services.days import business_today
from plugins.pools.services.held import held_customers, lock_customers_within
from plugins.pools.services.outcome import Outcome, check_reason
from plugins.pools.services.reckoning import reckon
from plugins.pools.services.writing import write_movements

_OPEN = {UNSCOPED: True}


def lock_customers(customer_ids: Sequence[int], reason: str, until: date | None = None) -> Outcome:
    """Let no rule move customers up to and including a day, or for good without one (锁定).

    Locked once more, the new day holds. Raises `Refused` for no reason, a day that is over, no or too many customers.
    """
    reason = check_reason(reason, needed=True)
    if until is not None and until < business_today():
        raise Refused(_("This day is over"), field="until")
    with transaction() as current:
        rows, outcome = lock_customers_within(current, customer_ids, held_customers("can_lock"))
        for row in rows:
            if row.closed_at is not None:
                outcome.refused[row.id] = _("This customer is closed")
            else:
                outcome.done.append(row.id)
        _forget(current, outcome.done)
        said = {"until": until, "reason": reason, "by_user_id": require_actor().user_id, "at": now()}
        if outcome.done:
            current.execute(insert(PoolLock), [{"customer_id": number, **said} for number in outcome.done])
        write_movements(current, "lock", [{"customer_id": number} for number in outcome.done], reason)
        reckon(current, outcome.done)
    return outcome


def unlock_customers(customer_ids: Sequence[int], reason: str = "") -> Outcome:
    """Let the rules count for customers again (解锁). Raises `Refused` for no or too many customers."""
    reason = check_reason(reason)
    with transaction() as current:
        rows, outcome = lock_customers_within(current, customer_ids, held_customers("can_lock"))
        locked = select(PoolLock.customer_id).where(among(current, PoolLock.customer_id, [row.id for row in rows]))
        held = set(current.scalars(locked.execution_options(**_OPEN)))
        for row in rows:
            if row.id in held:
                outcome.done.append(row.id)
            else:
                outcome.refused[row.id] = _("This customer is not locked")
        _forget(current, outcome.done)
        write_movements(current, "unlock", [{"customer_id": number} for number in outcome.done], reason)
        reckon(current, outcome.done)
    return outcome


def _forget(current: Session, customer_ids: Sequence[int]) -> None:
    gone = delete(PoolLock).where(among(current, PoolLock.customer_id, customer_ids))
    current.execute(gone.execution_options(synchronize_session=False, **_OPEN))


__all__ = ["lock_customers", "unlock_customers"]
