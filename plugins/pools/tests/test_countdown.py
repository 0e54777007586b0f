"""POOL-5: the countdown on the customer's list and page."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.api import Customer, acting_as, session, transaction
from app.testing.factories import make_customer
from app.testing.people import Browser, login
from app.testing.statements import heard
from app.types import SYSTEM
from plugins.pools.models import PoolStanding
from plugins.pools.pieces.countdown import until
from plugins.pools.services import business_today
from plugins.pools.tests.conftest import Bank, put


def stands(bank: Bank, customer: Customer, days: int | None, stage: str = "green") -> Customer:
    """Let the customer's next step be so many days ahead."""
    on = None if days is None else business_today() + timedelta(days=days)
    with acting_as(SYSTEM), transaction() as current:
        current.merge(
            PoolStanding(
                customer_id=customer.id, rule_id=bank.rule.id, rule_version=1, owner_id=customer.owner_id,
                unit_id=customer.unit_id, basis_on=business_today(), stage=stage, next_on=on, pool_on=on,
            )
        )  # fmt: skip
    session.expire_all()
    return customer


@pytest.fixture
def four(bank: Bank) -> list[Customer]:
    """Two days left and red, five and amber, none as nothing is coming, and one that lies in a pool."""
    mine = bank.people.manager
    return [
        stands(bank, make_customer(owner=mine, name="红"), 2, "red"),
        stands(bank, make_customer(owner=mine, name="黄"), 5, "amber"),
        stands(bank, make_customer(owner=mine, name="绿"), None),
        put(make_customer(owner=mine, name="池"), bank.north_pool),
    ]


def test_a_record_knows_its_countdown(bank: Bank, four: list[Customer]) -> None:
    found = [(each.pools_stage, each.pools_days_left) for each in four]
    assert found == [("red", 2), ("amber", 5), ("green", None), ("pool", None)]
    assert until(four[0].pools_next_on) == 2


def test_what_has_passed_leaves_no_days(bank: Bank) -> None:
    late = stands(bank, make_customer(owner=bank.people.manager), -3, "red")
    assert (late.pools_days_left, until(late.pools_next_on)) == (0, 0)


def test_the_values_of_a_page_come_in_one_statement(bank: Bank, four: list[Customer]) -> None:
    names = [each.name for each in four]
    with heard() as seen:
        for each in four:
            assert each.pools_stage
            assert each.pools_next_on or each.name in names[2:]
    assert len([statement for statement in seen if "pools_standing" in statement]) == 1


def test_values_are_read_anew_with_the_record(bank: Bank, four: list[Customer]) -> None:
    red = four[0]
    assert red.pools_days_left == 2
    with acting_as(SYSTEM), transaction() as current:
        current.get_one(PoolStanding, red.id).next_on = business_today() + timedelta(days=9)
    session.expire(red)
    assert red.pools_days_left == 9


def test_the_list_shows_sorts_and_filters(bank: Bank, four: list[Customer], client: Browser) -> None:
    login(client, bank.people.manager)

    def names(query: str) -> list[str]:
        text = client.get(f"/customer/list/{query}").text
        return sorted(
            (each.name for each in four if f">{each.name}<" in text), key=lambda name: text.index(f">{name}<")
        )

    assert names("?sort=pools_days_left") == ["红", "黄", "绿", "池"]
    assert names("?sort=-pools_days_left") == ["黄", "红", "池", "绿"]
    assert names("?f.pools_days_left.to=3") == ["红"]
    assert names("?f.pools_stage=amber") == ["黄"]
    page = client.get(f"/customer/show/{four[0].id}").text
    assert "剩余天数" in page
    reply = client.get(f"/api/v1/customer/{four[1].id}").json
    assert "amber" in str(reply)
    assert client.get(f"/customer/edit/{four[0].id}").text.count('name="pools_stage"') == 0


def test_nobody_writes_it(bank: Bank, four: list[Customer], client: Browser) -> None:
    login(client, bank.people.manager)
    answer = client.patch(f"/api/v1/customer/{four[0].id}", json={"pools_days_left": 90, "version": four[0].version})
    assert answer.status_code == 422
