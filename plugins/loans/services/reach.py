"""Whose developments and applications one may write: those of customers one may change."""

from __future__ import annotations

from typing import cast

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Table, select

from app.api import Customer, entity, find_record, require_actor
from app.types import Actor, Refused

_CUSTOMER = cast(Table, Customer.__table__)


def customer_to_change(customer_id: int) -> Customer:
    """The customer, if the actor may change it. Raises `Refused`: seeing one (in a pool, shared) is not enough."""
    found: Customer | None = find_record(entity("customer"), customer_id, write=True)
    if found is None:
        raise Refused(_("You may see this customer, but not change it"), field="customer_id")
    return found


def own_customers(actor: Actor, customer_id: ColumnElement[int]) -> ColumnElement[bool] | None:
    """That a record's customer is the actor's own: what was begun with a customer stays visible to the new owner."""
    if actor.employee_id is None:
        return None
    mine = select(_CUSTOMER.c.id).where(_CUSTOMER.c.owner_id == actor.employee_id)
    return customer_id.in_(mine)


def account_manager_of(customer: Customer) -> int | None:
    """Whose development or application it is: the customer's owner, else whoever writes it."""
    return customer.owner_id if customer.owner_id is not None else require_actor().employee_id


__all__ = ["account_manager_of", "customer_to_change", "own_customers"]
