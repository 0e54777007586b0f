"""What customers bring: the customer with its contacts, shares and ledger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from flask_babel import lazy_gettext as _l

from app.customers import services
from app.customers.schemas import CONTACT, CUSTOMER, OWNERSHIP, SHARE
from app.hookspecs import hookimpl
from app.types import Entity, MenuGroup, MenuItem, Verbs


@hookimpl
def entities() -> Sequence[Entity]:
    customer = Verbs(
        create=services.create_customer,
        update=services.update_customer,
        create_many=services.create_customers,
    )
    share = Verbs(create=services.share_customer, update=services.change_share, delete=services.unshare)
    return (replace(CUSTOMER, verbs=customer), CONTACT, replace(SHARE, verbs=share), OWNERSHIP)


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
