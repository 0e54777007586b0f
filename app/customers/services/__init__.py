"""Verbs of customers: creating and changing them, one or many; who owns them; who shares them."""

from __future__ import annotations

from app.customers.services.changing import move_set
from app.customers.services.closing import close_customers, reopen_customers
from app.customers.services.handing import customer_holdings
from app.customers.services.moving import Move, Moved, move_customers, vetoes
from app.customers.services.ownership import ANYBODY, assign_customers
from app.customers.services.records import (
    create_customer,
    create_customers,
    delete_customer,
    update_customer,
    update_customers,
)
from app.customers.services.sharing import change_share, share_customer, unshare, unshare_customer

__all__ = [
    "ANYBODY",
    "Move",
    "Moved",
    "assign_customers",
    "change_share",
    "close_customers",
    "create_customer",
    "create_customers",
    "customer_holdings",
    "delete_customer",
    "move_customers",
    "move_set",
    "reopen_customers",
    "share_customer",
    "unshare",
    "unshare_customer",
    "update_customer",
    "update_customers",
    "vetoes",
]
