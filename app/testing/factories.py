"""Records for tests, made through the product's own verbs by the installation itself."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import count
from typing import Any

from app.access.actors import acting_as
from app.activities.models import Activity
from app.customers.models import Contact, Customer
from app.db import now
from app.fields.records import create_record
from app.fields.rules import id_check_digit, uscc_check_digit
from app.host.context import entity
from app.host.settings import change_settings
from app.organisation.models import Employee, Unit
from app.types import SYSTEM

_numbers = count(1)


def make_record(slug: str, **values: Any) -> Any:
    """A record of any entity with these raw values, committed."""
    with acting_as(SYSTEM):
        return create_record(entity(slug), values)


def make_unit(name: str = "", parent: Unit | int | None = None, **values: Any) -> Unit:
    """A unit, under `parent` (a unit or its id) or at the root."""
    number = next(_numbers)
    values.setdefault("code", f"U{number}")
    made: Unit = make_record("unit", name=name or f"机构{number}", parent_id=_id(parent), **values)
    return made


def make_employee(unit: Unit | int, name: str = "", **values: Any) -> Employee:
    """An employee of a unit (a unit or its id), without a login."""
    number = next(_numbers)
    values.setdefault("code", f"E{number}")
    made: Employee = make_record("employee", name=name or f"员工{number}", unit_id=_id(unit), **values)
    return made


def make_customer(name: str = "", owner: Any = None, unit: Any = None, **values: Any) -> Customer:
    """A customer of `owner` (employee, person or id) in `unit` (the owner's where none is given)."""
    number = next(_numbers)
    values.setdefault("code", f"C{number}")
    if unit is None and owner is not None:
        unit = getattr(owner, "unit_id", None)
    made: Customer = make_record(
        "customer", name=name or f"客户{number}", owner_id=_id(owner), unit_id=_id(unit), **values
    )
    return made


def make_contact(customer: Customer | int, name: str = "", **values: Any) -> Contact:
    """A contact of a customer."""
    made: Contact = make_record("contact", name=name or f"联系人{next(_numbers)}", customer_id=_id(customer), **values)
    return made


def make_activity(customer: Customer | int, by: Any = None, *, days_ago: float = 0, **values: Any) -> Activity:
    """A follow-up with a customer, done `days_ago` days before now by `by` (employee, person or id)."""
    values.setdefault("at", now() - timedelta(days=days_ago))
    values.setdefault("subject", f"跟进{next(_numbers)}")
    made: Activity = make_record("activity", customer_id=_id(customer), employee_id=_id(by), **values)
    return made


def make_setting(name: str, value: object) -> None:
    """A setting of a module as an admin would type it."""
    with acting_as(SYSTEM):
        change_settings({name: str(value)})


def id_number(number: int, born: date = date(1985, 6, 15), division: str = "110101", *, female: bool = False) -> str:
    """A resident identity number with a valid check digit, different for each `number` below 500."""
    order = (number % 500) * 2 + (0 if female else 1)
    seventeen = f"{division}{born:%Y%m%d}{order:03d}"
    return seventeen + id_check_digit(seventeen)


def uscc(number: int) -> str:
    """A unified social credit code with a valid check character, different for each `number`."""
    seventeen = f"91110000{number:09d}"
    return seventeen + uscc_check_digit(seventeen)


def _id(of: Any) -> int | None:
    """The id of a record, of a person of the cast (their employee), or the id itself."""
    if of is None or isinstance(of, int):
        return of
    employee_id = getattr(of, "employee_id", None) if not hasattr(of, "__table__") else None
    found: int = employee_id if employee_id is not None else of.id
    return found
