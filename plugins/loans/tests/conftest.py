"""A bank with a customer and its account manager."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from app.api import Customer, acting_as, create_record, entity
from app.testing.factories import make_customer
from app.testing.people import People, Person
from plugins.loans.models import Application, Development


@pytest.fixture
def customer(people: People) -> Customer:
    """A company of the manager's."""
    return make_customer("桥江商贸有限公司", owner=people.manager, kind="corporate")


def develop(person: Person, customer: Customer, **values: Any) -> Development:
    """A business development opened by a person through the form's way in."""
    values.setdefault("name", "流动资金贷款")
    with acting_as(person.actor):
        made: Development = create_record(entity("loans_development"), {"customer_id": customer.id, **values})
    return made


def apply_for(person: Person, customer: Customer, **values: Any) -> Application:
    """An application written by a person through the form's way in."""
    values = {"amount": Decimal(120_000), "annual_rate": "4.35", "months": 12, "start_on": "2026-01-31", **values}
    with acting_as(person.actor):
        made: Application = create_record(entity("loans_application"), {"customer_id": customer.id, **values})
    return made
