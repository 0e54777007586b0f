"""Customers and browsers of the tests of screens and REST."""

from __future__ import annotations

import pytest

from app.customers.models import Customer
from app.testing.factories import id_number, make_customer, uscc
from app.testing.people import Browser, People, login


@pytest.fixture
def customers(people: People, as_system: None) -> list[Customer]:
    """Three customers of the manager and one of a stranger."""
    return [
        make_customer(
            "张伟", people.manager, mobile="13800135678", level="key", id_number=id_number(1),
            annual_income="350000", birth_date="1985-06-15", source="phone",
        ),
        make_customer(
            "北京瑞丰贸易有限公司", people.manager, kind="corporate", uscc=uscc(7), level="important",
            registered_capital="50000000", founded_on="2009-03-12", remark="100% 控股_全资",
        ),
        make_customer("李秀英", people.colleague, level="normal", sex="female", annual_income="80000"),
        make_customer("王外", people.stranger, level="key", mobile="13911112222"),
    ]  # fmt: skip


@pytest.fixture
def seen_all(client: Browser, people: People, customers: list[Customer]) -> Browser:
    """A browser of someone who sees all four."""
    return login(client, people.admin)


@pytest.fixture
def mine(people: People) -> Customer:
    return make_customer("我的客户", people.manager, mobile="13800138000", level="key")


@pytest.fixture
def theirs(people: People) -> Customer:
    return make_customer("别人的客户", people.stranger)


@pytest.fixture
def manager(client: Browser, people: People) -> Browser:
    """A browser of the account manager."""
    return login(client, people.manager)
