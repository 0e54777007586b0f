"""Who sees what lies in a pool: whoever works in the pool's unit or below it, while the pool allows claims."""

from __future__ import annotations

from typing import cast

from sqlalchemy import ColumnElement, Table, and_, select

from app.api import Customer
from app.types import Actor
from plugins.pools.models import Pool, PoolEntry
from plugins.pools.rules import chain

#: The permission name of the screens of what lies in pools.
VIEW = "PoolsEntryView"

_POOL, _ENTRY, _CUSTOMER = (cast(Table, model.__table__) for model in (Pool, PoolEntry, Customer))


def units_of(actor: Actor) -> tuple[int, ...]:
    """The units whose pools an actor is a member of: those of all posts held, and the units above them."""
    paths = {actor.unit_path, *(grant.unit_path for grant in actor.grants)}
    return tuple(sorted({unit_id for path in paths for unit_id in chain(path)}))


def member_condition(actor: Actor) -> ColumnElement[bool] | None:
    """The entries an actor sees as a member of claimable pools; None for whoever is a member of none.

    The pool's unit stands in the entry, so that the index on it narrows before the few pools are looked up.
    """
    units = units_of(actor)
    if not units or not actor.can("can_list", VIEW):
        return None
    pools = select(_POOL.c.id).where(_POOL.c.unit_id.in_(units), _POOL.c.claimable, _POOL.c.active)
    return and_(_ENTRY.c.unit_id.in_(units), _ENTRY.c.pool_id.in_(pools))


def customer_condition(actor: Actor) -> ColumnElement[bool] | None:
    """The customers lying in those pools, to be looked at before a claim.

    A customer in a pool counts for the pool's unit, so the customers' own index on the unit narrows first.
    """
    mine = member_condition(actor)
    if mine is None:
        return None
    lying = select(_ENTRY.c.id).where(_ENTRY.c.customer_id == _CUSTOMER.c.id, mine)
    return and_(
        _CUSTOMER.c.unit_id.in_(units_of(actor)),
        _CUSTOMER.c.owner_id.is_(None),
        lying.correlate_except(_ENTRY, _POOL).exists(),
    )


__all__ = ["VIEW", "customer_condition", "member_condition", "units_of"]
