"""Which acts of pools make sense for a customer now; the acts check again by themselves."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Label, and_, case, or_, select

from app.api import UNSCOPED, Customer, entity, held_condition, require_actor, session, setting
from plugins.pools.models import PoolEntry, PoolKeep, PoolLock, PoolStanding
from plugins.pools.services.members import claim_condition, giving_condition

_LYING = ("claim", "assign", "give_back", "invalid")


def acts_for(customer: Customer) -> frozenset[str]:
    """The names of the acts that fit a customer the actor has before them; one statement."""
    actor = require_actor()
    row = session.execute(_asked(customer)).one()
    mine = actor.employee_id is not None and customer.owner_id == actor.employee_id
    found = set()
    if customer.closed_at is not None:
        return frozenset({"reopen"} if row.held and row.was_lying is None else ())
    if row.was_lying is not None:
        found |= {name for name in _LYING if getattr(row, name)}
        return frozenset(found)
    if customer.owner_id is None or not (row.held or mine):
        return frozenset({"invalid"} if row.held else ())
    found |= {"release", "invalid", "unlock" if row.locked else "lock"}
    if row.stage == "red" or (row.stage == "amber" and setting("pools.keep_amber")):
        found.add("keep" if not mine else "" if row.asked else "ask")
    return frozenset(found - {""})


def _asked(customer: Customer) -> Any:
    actor = require_actor()

    def flag(condition: ColumnElement[bool], name: str) -> Label[int]:
        return case((condition, 1), else_=0).label(name)

    asked = select(PoolKeep.id).where(PoolKeep.customer_id == customer.id, PoolKeep.state == "asked").exists()
    held = held_condition(entity("customer"), actor)
    closing = or_(held, giving_condition(actor, "can_close"))
    return (
        select(
            PoolEntry.id.label("was_lying"), PoolStanding.stage, flag(PoolLock.customer_id.is_not(None), "locked"),
            flag(asked, "asked"), flag(held, "held"), flag(claim_condition(actor), "claim"),
            flag(giving_condition(actor, "can_assign"), "assign"), flag(closing, "invalid"),
            flag(and_(PoolEntry.from_employee_id.is_not(None), giving_condition(actor, "can_return")), "give_back"),
        )
        .select_from(Customer)
        .outerjoin(PoolEntry, PoolEntry.customer_id == Customer.id)
        .outerjoin(PoolStanding, PoolStanding.customer_id == Customer.id)
        .outerjoin(PoolLock, PoolLock.customer_id == Customer.id)
        .where(Customer.id == customer.id)
        .execution_options(**{UNSCOPED: True})
    )  # fmt: skip


__all__ = ["acts_for"]
