"""Letting a colleague see, or also change, somebody's customer."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.access.actors import require_actor
from app.access.scope import UNSCOPED, held_condition
from app.customers.models import Customer, CustomerShare
from app.db import session, transaction
from app.host.context import entity
from app.organisation.models import Employee
from app.types import Refused


def share_customer(values: dict[str, Any]) -> CustomerShare:
    """Share a customer the actor may change: `customer_id`, `employee_id`, `can_write`.

    A second share with the same colleague replaces the first one's right. Raises `Refused` by field.
    """
    with transaction() as current:
        customer = _changeable(values["customer_id"])
        employee = current.get(Employee, values["employee_id"], execution_options={UNSCOPED: True})
        if employee is None or employee.left_on is not None:
            raise Refused(_("This employee has left or does not exist"), field="employee_id")
        if customer.owner_id == employee.id:
            raise Refused(_("This colleague owns the customer already"), field="employee_id")
        share = current.scalar(
            select(CustomerShare)
            .where(CustomerShare.customer_id == customer.id, CustomerShare.employee_id == employee.id)
            .execution_options(**{UNSCOPED: True})
        )
        if share is None:
            share = CustomerShare(customer_id=customer.id, employee_id=employee.id)
            current.add(share)
        share.can_write = bool(values.get("can_write"))
        try:
            current.flush()
        except IntegrityError as error:
            raise Refused(_("Somebody else has just shared this customer with the same colleague")) from error
    return share


def change_share(share: CustomerShare, values: dict[str, Any]) -> None:
    """Change what the colleague may do."""
    with transaction() as current:
        _changeable(share.customer_id)
        share.can_write = bool(values.get("can_write", share.can_write))
        current.flush()


def unshare(share: CustomerShare) -> None:
    """End a share."""
    with transaction() as current:
        _changeable(share.customer_id)
        current.delete(share)
        current.flush()


def unshare_customer(customer_id: int, employee_id: int) -> bool:
    """End the share with one colleague; False when there was none. Raises `Refused` without the right."""
    with transaction() as current:
        _changeable(customer_id)
        share = current.scalar(
            select(CustomerShare).where(
                CustomerShare.customer_id == customer_id, CustomerShare.employee_id == employee_id
            )
        )
        if share is None:
            return False
        unshare(share)
    return True


def _changeable(customer_id: int) -> Customer:
    statement = select(Customer).where(Customer.id == customer_id, held_condition(entity("customer"), require_actor()))
    customer = session.scalar(statement.execution_options(**{UNSCOPED: True}))
    if customer is None:
        raise Refused(_("Only the owner or the head of the unit may share it"), field="customer_id")
    return customer
