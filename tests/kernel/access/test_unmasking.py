"""SEC-3: one masked value in full, for a reason, so often an hour, and never unnoticed."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from app.access.models import AuditEntry, FieldPermission
from app.access.unmasking import ACTION, PER_HOUR
from app.customers.models import Customer
from app.db import session, transaction
from app.testing.factories import make_customer, make_setting
from app.testing.people import Browser, People, login

MOBILE = "13871125678"
REASON = "客户来电核对号码"


@pytest.fixture
def customer(people: People) -> Customer:
    made = make_customer("王小明", people.manager, mobile=MOBILE, email="wang@example.com")
    with transaction() as current:
        for name, level in (("mobile", "masked"), ("email", "hidden")):
            current.add(
                FieldPermission(role_id=people.manager.role_id, entity="customer", field=name, level=level)
            )
    return made


def looks() -> int:
    return session.scalar(select(func.count()).where(AuditEntry.action == ACTION)) or 0


def test_the_page_offers_it_and_the_log_keeps_who_why_and_what(
    client: Browser, people: People, customer: Customer
) -> None:
    login(client, people.manager)
    address = f"/customer/show/{customer.id}/unmask/mobile"
    page = client.get(f"/customer/show/{customer.id}").text
    assert address in page and MOBILE not in page
    asked = client.get(address, htmx=True)
    assert asked.status_code == 200 and MOBILE not in asked.text
    shown = client.post(address, data={"reason": f"  {REASON}  "}, htmx=True)
    assert shown.status_code == 200 and MOBILE in shown.text
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == ACTION)).one()
    assert (entry.user_id, entry.entity, entry.record_id) == (people.manager.user_id, "customer", str(customer.id))
    assert entry.changes == {"field": [None, "mobile"], "reason": [None, REASON]}
    assert MOBILE not in client.get(f"/customer/show/{customer.id}").text


@pytest.mark.parametrize("reason", ["", "   ", "abc", "x" * 201])
def test_without_a_reason_nothing_is_shown(client: Browser, people: People, customer: Customer, reason: str) -> None:
    login(client, people.manager)
    answer = client.post(f"/customer/show/{customer.id}/unmask/mobile", data={"reason": reason}, htmx=True)
    assert answer.status_code == 422 and MOBILE not in answer.text
    assert looks() == 0


def test_so_many_an_hour(client: Browser, people: People, customer: Customer) -> None:
    make_setting(PER_HOUR, 2)
    login(client, people.manager)
    address = f"/customer/show/{customer.id}/unmask/mobile"
    answers = [client.post(address, data={"reason": REASON}, htmx=True) for _turn in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 422]
    assert MOBILE not in answers[2].text and looks() == 2


def test_hidden_readable_and_foreign_values_have_no_such_page(
    client: Browser, people: People, customer: Customer
) -> None:
    login(client, people.manager)
    for name in ("email", "name", "search_tokens", "nothing"):
        answer = client.post(f"/customer/show/{customer.id}/unmask/{name}", data={"reason": REASON})
        assert answer.status_code == 404, name
    login(client, people.stranger)
    answer = client.post(f"/customer/show/{customer.id}/unmask/mobile", data={"reason": REASON})
    assert answer.status_code == 404
    assert client.get(f"/unit/show/{people.north.id}/unmask/name").status_code == 404
    assert looks() == 0
