"""What the search box of customers understands: a name, the end of a phone or document number, an exact key."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_

from app.access.actors import current_actor
from app.access.policy import may_ask
from app.customers.models import Customer
from app.search.conditions import ends_with, in_any_way, matches
from app.search.rules import folded, runs

#: Shorter terms are no key of anybody.
KEY_LENGTH = 6


def search_customers(term: str) -> ColumnElement[bool]:
    """Customers whose name contains or sounds like the term, whose mobile or ID number ends with it, whose key it is.

    Each part is answered by an index of its own; the row scope comes on top. Only fields the actor reads are asked:
    nobody guesses a masked number by searching for its end.
    """
    actor = current_actor()
    parts: list[Any] = [matches(Customer, term)] if may_ask("customer", "name", actor) else []
    ends = {
        "mobile": ends_with(Customer.mobile, term, Customer.mobile_tail),
        "id_number": ends_with(Customer.id_number, term),
    }
    parts.extend(end for name, end in ends.items() if end is not None and may_ask("customer", name, actor))
    key = folded(term).strip().upper()
    if len(key) >= KEY_LENGTH and key.isascii() and key.isalnum():
        keys = {"code": Customer.code, "id_number": Customer.id_number, "uscc": Customer.uscc}
        parts.extend(column == key for name, column in keys.items() if may_ask("customer", name, actor))
    return in_any_way(Customer, parts)


def name_contains(term: str) -> ColumnElement[bool]:
    """Customers whose name contains the term, as it is written: the filter of the list."""
    letters = [run for run in runs(term) if run.isascii()]  # which might be pinyin
    return and_(matches(Customer, term), *(Customer.name.icontains(run, autoescape=True) for run in letters))
