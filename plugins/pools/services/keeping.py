"""Keeping red customers: what an extension gives, and one given by a head directly."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from app.api import UNSCOPED, add_working_days, among, now, require_actor, setting, transaction
from app.types import Refused
from plugins.pools.models import PoolKeep, PoolRule
from plugins.pools.services.days import business_today
from plugins.pools.services.held import held_customers, lock_customers_within
from plugins.pools.services.outcome import Outcome, check_reason
from plugins.pools.services.reckoning import reckon
from plugins.pools.services.writing import write_movements

#: The most days a head gives at once.
MOST_DAYS = 365


def keep_customers(customer_ids: Sequence[int], days: int, reason: str) -> Outcome:
    """Keep red customers in one's charge out of the pool for some days more (保留), asked by nobody.

    It does not count as an application of their owner. Whoever owns a customer applies instead. Raises `Refused` for
    no reason, a length out of bounds, and for no or too many customers.
    """
    reason, actor = check_reason(reason, needed=True), require_actor()
    if not 1 <= days <= MOST_DAYS:
        raise Refused(_("Use a number from %(low)s to %(high)s", low=1, high=MOST_DAYS), field="days")
    with transaction() as current:
        rows, outcome = lock_customers_within(current, customer_ids, held_customers("can_keep"))
        working = working_rules(current, {row.rule_id for row in rows})
        moment, kept = now(), []
        for row in rows:
            if row.owner_id is not None and row.owner_id == actor.employee_id:
                outcome.refused[row.id] = _("This customer is your own: apply to keep it")
            elif reason_against := not_to_keep(row):
                outcome.refused[row.id] = reason_against
            else:
                until = kept_until(row.pool_on, days, row.rule_id in working)
                kept.append(
                    {
                        "customer_id": row.id, "employee_id": row.owner_id, "unit_id": row.unit_id,
                        "rule_id": row.rule_id, "days": days, "reason": reason, "state": "given", "kept_until": until,
                        "asked_at": moment, "decided_at": moment, "decided_by_id": actor.employee_id,
                    }
                )  # fmt: skip
        outcome.done = [row["customer_id"] for row in kept]
        if kept:
            current.execute(insert(PoolKeep), kept)
        write_keeps(current, kept, reason)
        reckon(current, outcome.done)
    return outcome


def not_to_keep(row: Any) -> str:
    """Why a customer cannot be kept, whoever asks: only one that is red (or amber, by setting) goes into a pool."""
    if row.closed_at is not None:
        return _("This customer is closed")
    if row.rule_id is None:
        return _("No rule watches this customer: it goes into no pool")
    if row.stage == "red" or (row.stage == "amber" and setting("pools.keep_amber")):
        return ""
    return _("Not marked red: only a customer about to go into a pool needs to be kept")


def kept_until(pool_on: date | None, days: int, working: bool) -> date:
    """The last day of an extension: so many (working) days from today, and never before the day it would have gone."""
    today = business_today()
    until = add_working_days(today, days) if working else today + timedelta(days=days)
    return max(until, pool_on or until)


def working_rules(current: Session, rule_ids: set[int | None]) -> set[int]:
    """Those of these rules for which only working days count."""
    wanted = [number for number in rule_ids if number is not None]
    found = select(PoolRule.id).where(among(current, PoolRule.id, wanted), PoolRule.working_days)
    return set(current.scalars(found.execution_options(**{UNSCOPED: True})))


def write_keeps(current: Session, kept: Sequence[dict[str, Any]], reason: str) -> None:
    """The ledger's rows of extensions: the customer stays with whom it is."""
    rows = [
        {"customer_id": row["customer_id"], "to_employee_id": row["employee_id"], "rule_id": row["rule_id"]}
        for row in kept
    ]
    write_movements(current, "keep", rows, reason)


__all__ = ["keep_customers", "kept_until", "not_to_keep", "working_rules", "write_keeps"]
