"""Claiming customers for oneself."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import gettext as _
from sqlalchemy import select

from app.api import Employee, require_actor, transaction
from app.types import Refused
from plugins.pools.services.limits import holding_of, limits_of, within_limits, without_cooling
from plugins.pools.services.members import claim_condition
from plugins.pools.services.outcome import Outcome
from plugins.pools.services.taking import lock_entries, take_out, units_of_working


def claim_customers(customer_ids: Sequence[int]) -> Outcome:
    """Take customers out of pools one is a member of, for oneself (领取).

    Of two people claiming one customer exactly one wins: the entry is deleted under its row lock, and whoever
    finds none is told so. Limits are counted from the ledger in the same transaction; where there is room
    for some only, the first ones given are taken. Raises `Refused` for nobody's employee, for no or too many customers.
    """
    actor = require_actor()
    if actor.employee_id is None:
        raise Refused(_("Only an employee can claim customers"))
    with transaction() as current:
        # the person's own row orders the claims of one person, so that two tabs cannot pass one limit
        own = select(Employee.id).where(Employee.id == actor.employee_id).with_for_update(key_share=True)
        current.execute(own)
        entries, outcome = lock_entries(current, customer_ids, claim_condition(actor))
        limits = limits_of(current, {entry.pool_id for entry in entries})
        entries = without_cooling(current, actor.employee_id, entries, limits, outcome)
        entries = within_limits(holding_of(current, actor.employee_id), entries, limits, outcome)
        units = units_of_working(current, {actor.employee_id})
        if entries and not units:
            raise Refused(_("Only an employee can claim customers"))
        mine = dict.fromkeys((entry.customer_id for entry in entries), actor.employee_id)
        take_out(current, entries, "claim", mine, units, "", outcome)
    return outcome


__all__ = ["claim_customers"]
