"""New customers nobody was named for: the rules first, else whoever makes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.access.actors import require_actor
from app.customers.assignment.applying import ON_CREATE, any_rules, assign_by_rules
from app.customers.models import Customer
from app.customers.rules import CREATED
from app.customers.services.moving import Move, move_customers
from app.customers.services.records import create_customer, create_customers
from app.db import session, transaction
from app.types import Refused


def create_with_rules(values: dict[str, Any]) -> Customer:
    """One customer (form, REST): like `create_customer`, with an account manager by rule where none is named.

    Raises what `create_customer` raises.
    """
    if values.get("owner_id") is not None or not any_rules(session(), ON_CREATE):
        return create_customer(values)
    with transaction():
        customer = create_customer(values, ownerless=True)
        _settle([customer.id], [customer.id] if values.get("unit_id") is None else [])
    return customer


def create_many_with_rules(rows: Sequence[dict[str, Any]]) -> list[int]:
    """Many customers (import): like `create_customers`, with account managers by rule where none are named."""
    if all(row.get("owner_id") is not None for row in rows) or not any_rules(session(), ON_CREATE):
        return create_customers(rows)
    with transaction():
        ids = create_customers(rows, ownerless=True)
        free = [number for number, row in zip(ids, rows, strict=True) if row.get("owner_id") is None]
        bare = {number for number, row in zip(ids, rows, strict=True) if row.get("unit_id") is None}
        _settle(free, [number for number in free if number in bare])
    return ids


def _settle(ids: Sequence[int], own: Sequence[int]) -> None:
    """Ask the rules about `ids`; those of `own` no rule gives to anybody become the actor's."""
    given: set[int] = set()
    after, more = 0, True
    while more:
        applied = assign_by_rules(ids, trigger=ON_CREATE, after=after)
        given |= applied.given
        after, more = applied.last_id, applied.more
    actor = require_actor()
    if actor.employee_id is None:
        return
    rest = [Move(number, actor.employee_id, actor.unit_id) for number in own if number not in given]
    if rest and (refused := move_customers(rest, cause=CREATED).refused):
        raise Refused(next(iter(refused.values())))


__all__ = ["create_many_with_rules", "create_with_rules"]
