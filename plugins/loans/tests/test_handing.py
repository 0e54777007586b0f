"""Developments and applications that go on change hands; granted loans keep their credit."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select, update

from app.api import UNSCOPED, acting_as, session, transaction
from app.testing.factories import make_customer, make_record
from app.testing.handing import hand_over, route_of, take_back
from app.testing.people import People
from app.types import SYSTEM
from plugins.loans.models import Application, Development

OPEN = {UNSCOPED: True}


@pytest.fixture
def records(people: People) -> dict[str, Any]:
    """A customer of the manager with an open and a lost development, a draft and a granted application."""
    customer = make_customer(owner=people.manager)
    with acting_as(people.manager.actor):
        terms = {"amount": "100000", "annual_rate": "4", "months": "12", "start_on": "2026-04-01"}
        made = {
            "customer": customer,
            "open": make_record("loans_development", customer_id=customer.id, name="开拓"),
            "lost": make_record("loans_development", customer_id=customer.id, name="丢单"),
            "draft": make_record("loans_application", customer_id=customer.id, **terms),
            "granted": make_record("loans_application", customer_id=customer.id, **terms),
        }
    with acting_as(SYSTEM), transaction() as current:
        current.execute(update(Development).where(Development.id == made["lost"].id).values(stage="lost"))
        current.execute(update(Application).where(Application.id == made["granted"].id).values(state="granted"))
    return made


def owners() -> dict[tuple[str, int], tuple[int | None, int | None]]:
    found = {}
    for name, model in (("development", Development), ("application", Application)):
        rows = session.execute(select(model.id, model.owner_id, model.unit_id).execution_options(**OPEN))
        found |= {(name, row.id): (row.owner_id, row.unit_id) for row in rows}
    return found


def test_what_goes_on_changes_hands_and_comes_back(people: People, records: dict[str, Any]) -> None:
    before = owners()
    routes = [route_of(name, people.colleague) for name in ("loans.developments", "loans.applications")]
    made = hand_over(people.head, people.manager, *routes, reason="转岗")
    unit, manager, colleague = people.north.id, people.manager.employee_id, people.colleague.employee_id
    assert owners() == {
        ("development", records["open"].id): (colleague, unit),
        ("development", records["lost"].id): (manager, unit),
        ("application", records["draft"].id): (colleague, unit),
        ("application", records["granted"].id): (manager, unit),
    }
    take_back(people.head, made)
    assert owners() == before


def test_whoever_takes_over_the_customer_sees_the_granted_loan(people: People, records: dict[str, Any]) -> None:
    hand_over(people.head, people.manager, route_of("customers", people.colleague))
    with acting_as(people.colleague.actor):
        seen = set(session.scalars(select(Application.id)))
    assert seen == {records["draft"].id, records["granted"].id}


def test_they_go_along_with_their_customer(people: People, records: dict[str, Any]) -> None:
    routes = [route_of("customers", people.colleague), route_of("loans.applications", people.head, follow=True)]
    hand_over(people.head, people.manager, *routes)
    assert owners()["application", records["draft"].id][0] == people.colleague.employee_id
