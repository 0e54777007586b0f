"""ACT-2 and POOL-5: a call the call centre reports starts the countdown anew in the same transaction."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from app.access.actors import acting_as
from app.access.scope import UNSCOPED
from app.customers.models import Customer
from app.db import now, session, transaction
from app.testing.factories import make_customer, make_record
from app.testing.people import Browser, People
from app.types import SYSTEM
from plugins.pools.models import PoolMovement, PoolStanding
from plugins.pools.services import reckon
from tests.kernel.activities.telling import MOBILE, CallCentre, said


@pytest.fixture
def red(people: People) -> Customer:
    """A customer forgotten for two months, red for some days."""
    make_record("pools_pool", code="H", name="主管客户池", kind="head", unit_id=people.north.id)
    make_record("pools_rule", name="跟进要求", amber_days=30, red_days=10, pool_days=60, unit_id=people.north.id)
    customer = make_customer(owner=people.manager, mobile=MOBILE)
    with acting_as(SYSTEM), transaction() as current:
        long_ago = {"owned_since_at": now() - timedelta(days=60), "created_at": now() - timedelta(days=60)}
        table = Customer.__table__
        current.execute(update(table).where(table.c.id == customer.id).values(**long_ago))
        reckon(current, [customer.id])
        current.execute(update(PoolStanding).values(stage="red").execution_options(**{UNSCOPED: True}))
    return customer


def stands(customer: Customer) -> tuple[str, Any]:
    """(stage, the day the clock counts from) as the database has it."""
    session.expire_all()
    statement = select(PoolStanding.stage, PoolStanding.basis_on).where(PoolStanding.customer_id == customer.id)
    return tuple(session.execute(statement.execution_options(**{UNSCOPED: True})).one())


def test_a_call_makes_a_red_customer_green_at_once(red: Customer, client: Browser) -> None:
    before = stands(red)
    assert before[0] == "red"
    centre = CallCentre(client)
    assert centre.send(said("missed", seconds=0)).status_code == 201
    assert stands(red) == before, "nobody answered"
    assert centre.send(said("spoken", seconds=120)).status_code == 201
    stage, basis = stands(red)
    assert stage == "green"
    assert basis > before[1]
    told = select(PoolMovement.act).where(PoolMovement.customer_id == red.id)
    assert session.scalars(told.execution_options(**{UNSCOPED: True})).all() == ["clear"]


def test_what_refuses_the_reckoning_refuses_the_call(
    red: Customer, client: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = stands(red)

    def fails(*_args: Any, **_given: Any) -> None:
        raise RuntimeError("the ladder cannot be reckoned")

    monkeypatch.setattr("plugins.pools.hooks.services.reckon", fails)
    with pytest.raises(RuntimeError, match="cannot be reckoned"):
        CallCentre(client).send(said("spoken", seconds=120))
    monkeypatch.undo()
    with acting_as(SYSTEM):
        session.rollback()
        assert session.get_one(Customer, red.id).last_effective_at is None
    assert stands(red) == before
    assert CallCentre(client, "again").send(said("spoken", seconds=120)).status_code == 201
    assert stands(red)[0] == "green"
