"""What customers bring: the customer with its contacts, shares and ledger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l

from app.customers import page, services
from app.customers.assignment.schemas import ASSIGNMENT_RULE, ASSIGNMENT_RUN, ASSIGNMENT_TARGET
from app.customers.models import Customer
from app.customers.schemas import CONTACT, CUSTOMER, OWNERSHIP, SHARE
from app.customers.views import CustomerView
from app.hookspecs import hookimpl
from app.types import Action, Actor, Entity, Holding, MenuGroup, MenuItem, RoleTemplate, Tab, Text, TimelineItem, Verbs


@hookimpl
def entities() -> Sequence[Entity]:
    customer = Verbs(
        create=services.create_customer,
        update=services.update_customer,
        delete=services.delete_customer,
        create_many=services.create_customers,
    )
    share = Verbs(create=services.share_customer, update=services.change_share, delete=services.unshare)
    return (
        *(replace(CUSTOMER, verbs=customer), CONTACT, replace(SHARE, verbs=share), OWNERSHIP),
        *(ASSIGNMENT_RULE, ASSIGNMENT_TARGET, ASSIGNMENT_RUN),
    )


@hookimpl
def menu() -> Sequence[MenuGroup]:
    return (
        MenuGroup(
            "customers",
            _l("Customers"),
            "user-heart",
            (
                MenuItem(
                    "customers",
                    _l("Customers"),
                    "CustomerView.list",
                    "CustomerView",
                    icon="user-heart",
                    order=10,
                ),
                MenuItem(
                    "contacts",
                    _l("Contacts"),
                    "ContactView.list",
                    "ContactView",
                    icon="address-book",
                    order=20,
                ),
            ),
            order=100,
        ),
    )


@hookimpl
def views() -> Sequence[type]:
    return (CustomerView,)


@hookimpl
def role_templates() -> Sequence[RoleTemplate]:
    share, steer = ("can_share", "can_unmask"), ("can_share", "can_assign", "can_unmask")
    contacts = {"ContactView": ("can_unmask",)}
    return (
        RoleTemplate("account_manager", "", {"CustomerView": share, **contacts}),
        RoleTemplate("department_head", "", {"CustomerView": steer, **contacts}),
        RoleTemplate("city_manager", "", {"CustomerView": steer, **contacts}),
        RoleTemplate("risk_officer", "", {"CustomerView": ("can_unmask",), **contacts}),
    )


@hookimpl
def holdings(employee_id: int) -> Sequence[Holding]:
    return services.customer_holdings(employee_id)


@hookimpl
def record_tabs(entity: str, actor: Actor) -> Sequence[Tab]:
    return page.tabs() if entity == "customer" else ()


@hookimpl
def record_actions(entity: str, actor: Actor) -> Sequence[Action]:
    if entity != "customer":
        return ()
    return (
        _asking("ActivityView", "record", _l("Record follow-up"), "can_add", "phone-call"),
        _asking("CustomerView", "assign", _l("Assign"), "can_assign", "user-share"),
        _asking("CustomerView", "share", _l("Share customer"), "can_share", "share", bulk=False),
    )


def _asking(view: str, route: str, label: Text, permission: str, icon: str, *, bulk: bool = True) -> Action:
    """A button whose dialog is served, and whose answer is taken, by the same route."""
    address = f"{view}.{route}"
    return Action(route, label, address, view, permission, icon, dialog_endpoint=address, bulk=bulk)


@hookimpl
def timeline(entity: str, record: Any, before: datetime | None, limit: int) -> Sequence[TimelineItem]:
    if entity != "customer" or not isinstance(record, Customer):
        return ()
    return page.timeline_of(record, before, limit)
