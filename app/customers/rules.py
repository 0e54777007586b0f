"""Pure decisions about customers: which fields a kind has, numbers, the last digits of a phone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

#: Fields only natural persons (个人, 中介) have.
PERSONAL_FIELDS = frozenset({"sex", "birth_date", "id_number", "occupation", "employer", "annual_income"})
#: Fields only organisations (企业, 渠道) have.
ORGANISATION_FIELDS = frozenset(
    {
        "uscc",
        "industry",
        "legal_representative",
        "registered_capital",
        "annual_revenue",
        "staff_count",
        "founded_on",
        "parent_id",
    }
)
PERSONS = frozenset({"personal", "agent"})
#: Why a customer's owner changes; modules add their own, beginning with their slug.
CREATED, HANDOVER = "create", "handover"


def is_person(kind: str | None) -> bool:
    """Whether a customer of this kind is a natural person."""
    return (kind or "personal") in PERSONS


def foreign_fields(kind: str | None, values: Mapping[str, Any]) -> list[str]:
    """Names of the filled-in fields that customers of this kind do not have.

    >>> foreign_fields("corporate", {"name": "桥江商贸", "id_number": "110…", "sex": None})
    ['id_number']
    """
    alien = ORGANISATION_FIELDS if is_person(kind) else PERSONAL_FIELDS
    if alien.isdisjoint(values):
        return []
    return [name for name, value in values.items() if name in alien and value is not None]


def customer_number(customer_id: int) -> str:
    """The number a customer gets when none is given: ``C`` and the id in eight digits or more.

    >>> customer_number(42)
    'C00000042'
    """
    return f"C{customer_id:08d}"


def mobile_tail(mobile: str | None) -> str | None:
    """The last four digits of a number, by which people are asked for on the phone (尾号)."""
    if mobile is None:
        return None
    digits = mobile if mobile.isdigit() else "".join(c for c in mobile if c.isdigit())
    return digits[-4:] if len(digits) >= 4 else None


def full_years(since: date, today: date) -> int:
    """Years completed since a date (age, years in business).

    >>> full_years(date(2000, 3, 1), date(2024, 2, 29)), full_years(date(2000, 2, 29), date(2001, 2, 28))
    (23, 0)
    """
    return today.year - since.year - ((today.month, today.day) < (since.month, since.day))
