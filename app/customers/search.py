"""What the search box of customers understands: a name, the end of a phone number, an exact key."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, or_

from app.customers.models import Customer
from app.search.conditions import ends_with, matches

#: Shorter terms are no key of anybody.
KEY_LENGTH = 6


def search_customers(term: str) -> ColumnElement[bool]:
    """Customers whose name contains the term, whose mobile ends with it, or whose number it is.

    Each part is answered by an index of its own; the row scope comes on top.
    """
    parts: list[Any] = [matches(Customer, term)]
    tail = ends_with(Customer.mobile, Customer.mobile_tail, term)
    if tail is not None:
        parts.append(tail)
    key = term.strip().upper()
    if len(key) >= KEY_LENGTH and key.isascii() and key.isalnum():
        parts.extend((Customer.code == key, Customer.id_number == key, Customer.uscc == key))
    return or_(*parts)


def name_contains(term: str) -> ColumnElement[bool]:
    """Customers whose name contains the term: the filter of the list."""
    return matches(Customer, term)
