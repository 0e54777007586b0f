"""A pool takes customers of somebody who hands over, and gives them back."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from app.api import UNSCOPED, Customer, CustomerOwnership, acting_as, hooks, session
from app.testing.factories import make_customer, make_record
from app.testing.handing import hand_over, route_of, states_of, take_back
from app.types import Place, Refused
from plugins.pools.models import PoolEntry, PoolMovement
from plugins.pools.services import claim_customers
from plugins.pools.tests.conftest import Bank

OPEN = {UNSCOPED: True}


def into(bank: Bank, pool_id: int) -> int:
    route = route_of("customers", place=f"pools.{pool_id}")
    return hand_over(bank.people.head, bank.people.manager, route, reason="转岗")


def test_the_pools_of_the_unit_and_above_are_offered_the_nearest_first(bank: Bank) -> None:
    make_record("pools_pool", code="X", name="停用池", unit_id=bank.people.north.id, active="no")
    found = hooks().gather("holdings", employee_id=bank.people.manager.employee_id)
    places = [each.name for each in found if isinstance(each, Place)]
    nearest = [bank.north_pool.id, bank.closed_pool.id, bank.branch_pool.id]
    assert places == [f"pools.{number}" for number in nearest]


def test_customers_go_into_a_pool_and_come_back(bank: Bank) -> None:
    manager = bank.people.manager.employee_id
    first, claimed = make_customer(owner=bank.people.manager), make_customer(owner=bank.people.manager)
    made = into(bank, bank.north_pool.id)
    entries = session.execute(
        select(PoolEntry.customer_id, PoolEntry.pool_id, PoolEntry.from_employee_id)
        .order_by(PoolEntry.customer_id)
        .execution_options(**OPEN)
    ).all()
    assert entries == [(each.id, bank.north_pool.id, manager) for each in (first, claimed)]
    causes = session.scalars(
        select(CustomerOwnership.cause).where(CustomerOwnership.cause != "create").execution_options(**OPEN)
    ).all()
    assert causes == ["handover"] * 2
    with acting_as(bank.people.colleague.actor):
        claim_customers([claimed.id])
    take_back(bank.people.head, made)
    owners = dict(session.execute(select(Customer.id, Customer.owner_id).execution_options(**OPEN)).all())
    assert owners == {first.id: manager, claimed.id: bank.people.colleague.employee_id}
    assert session.scalar(select(PoolEntry.id).execution_options(**OPEN)) is None
    acts = session.scalars(select(PoolMovement.act).order_by(PoolMovement.id).execution_options(**OPEN)).all()
    assert sorted(acts) == ["claim", "release", "release", "return"]
    assert states_of(made) == {("customers", first.id): "back", ("customers", claimed.id): "kept"}


def test_a_pool_of_another_branch_takes_nothing(bank: Bank) -> None:
    make_customer(owner=bank.people.manager)
    with pytest.raises(Refused) as refused:
        into(bank, bank.south_pool.id)
    assert list(refused.value.errors) == ["customers"]
