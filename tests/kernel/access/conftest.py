"""A bank with one customer of each kind."""

from __future__ import annotations

import pytest

from app.db import session
from app.testing.factories import make_activity, make_contact, make_customer
from app.testing.people import People


@pytest.fixture
def bank(people: People) -> People:
    """A customer (with a contact and an activity) of each kind, seen from 支行北's account manager."""
    for name, owner, unit in (
        ("本人", people.manager, people.north),
        ("同事", people.colleague, people.north),
        ("南边", people.stranger, people.south),
        ("分行", people.city_manager, people.branch),
        ("无主", None, people.south),
    ):
        customer = make_customer(name, owner, unit)
        make_contact(customer, name)
        make_activity(customer, subject=name)
    session.expunge_all()
    return people
