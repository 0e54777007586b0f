"""The customers an act of their owner or of a head is about, locked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from app.api import UNSCOPED, Customer, Unit, among, entity, held_condition, require_actor
from plugins.pools.models import PoolStanding
from plugins.pools.services.members import VIEW
from plugins.pools.services.outcome import MOST, Outcome, each_once

_OPEN = {UNSCOPED: True}


def held_customers(permission: str) -> ColumnElement[bool]:
    """The customers an actor may act on: those they own or that are in their charge, with the permission."""
    actor = require_actor()
    if not (actor.is_system or actor.can(permission, VIEW)):
        return Customer.id < 0
    return held_condition(entity("customer"), actor)


def lock_customers_within(
    current: Session, customer_ids: Sequence[int], reach: ColumnElement[bool], most: int = MOST
) -> tuple[list[Any], Outcome]:
    """The customers within reach, locked, in the order given, with their unit's path and their standing: `rule_id`,
    `stage`, `pool_on`, `since` (owned since). The others are refused. Raises `Refused` for no or too many."""
    wanted, outcome = each_once(customer_ids, most), Outcome()
    held = PoolStanding
    statement = (
        select(
            Customer.id, Customer.owner_id, Customer.unit_id, Customer.closed_at, Unit.path, held.rule_id, held.stage,
            held.pool_on, Customer.owned_since_at, Customer.created_at,
        )
        .outerjoin(Unit, Unit.id == Customer.unit_id)
        .outerjoin(held, held.customer_id == Customer.id)
        .where(among(current, Customer.id, wanted), reach)
        .order_by(Customer.id)
        .with_for_update(key_share=True, of=Customer)
    )  # fmt: skip
    found = {row.id: row for row in current.execute(statement.execution_options(**_OPEN))}
    for number in wanted:
        if number not in found:
            outcome.refused[number] = _("This customer is not in your charge")
    return [found[number] for number in wanted if number in found], outcome


__all__ = ["held_customers", "lock_customers_within"]
