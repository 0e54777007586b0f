"""Rules with their lines, customers nobody looks after, and the rules of the night at work on them."""

from __future__ import annotations

from collections import Counter
from typing import Any

from sqlalchemy import select, update

from app.access.actors import acting_as
from app.access.scope import UNSCOPED
from app.customers.assignment.applying import EVERY, NIGHTLY, assign_by_rules
from app.customers.assignment.models import AssignmentRule
from app.customers.models import Customer, CustomerOwnership
from app.db import session, transaction
from app.organisation.models import Unit
from app.testing.factories import make_customer, make_record
from app.types import SYSTEM

OPEN = {UNSCOPED: True}


def make_rule(method: str, *lines: dict[str, Any], **values: Any) -> AssignmentRule:
    """A rule in force with its lines; every night, for the whole institution."""
    rule = make_record(
        "assignment_rule", **{"name": method, "method": method, "nightly": True, "on_create": False, **values}
    )
    for line in lines:
        make_record("assignment_target", rule_id=rule.id, **line)
    with acting_as(SYSTEM), transaction() as current:
        current.execute(update(AssignmentRule).where(AssignmentRule.id == rule.id).values(active=True))
    session.expire_all()
    return rule


def person(of: Any, **more: Any) -> dict[str, Any]:
    return {"way": "person", "employee_id": getattr(of, "employee_id", None) or of.id, **more}


def unowned(number: int, unit: Unit | int, **values: Any) -> list[Customer]:
    return [make_customer(unit=unit, **values) for _each in range(number)]


def ask() -> Counter[tuple[str, int | None]]:
    """The rules of the night at work; {(state, to): customers}."""
    with acting_as(SYSTEM):
        applied = assign_by_rules(EVERY, trigger=NIGHTLY)
    session.expire_all()
    return Counter((item["state"], item["to_id"]) for item in applied.items)


def owners(*customers: Customer) -> list[int | None]:
    ids = [one.id for one in customers]
    rows = session.execute(select(Customer.id, Customer.owner_id).where(Customer.id.in_(ids)).execution_options(**OPEN))
    found = {row.id: row.owner_id for row in rows}
    return [found[number] for number in ids]


def ledger(customer: Customer) -> list[CustomerOwnership]:
    mine = select(CustomerOwnership).where(CustomerOwnership.customer_id == customer.id)
    return list(session.scalars(mine.order_by(CustomerOwnership.id).execution_options(**OPEN)))
