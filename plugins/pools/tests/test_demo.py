"""The demonstration data of pools holds to the rules of the product."""

from __future__ import annotations

from random import Random

from sqlalchemy import func, select

from app.api import Customer, acting_as, context, session
from app.testing.factories import make_customer
from app.testing.people import People
from app.types import SYSTEM
from plugins.pools.models import Pool, PoolEntry, PoolMovement, PoolRule


def test_it_is_deterministic_and_consistent(people: People) -> None:
    for place in range(40):
        make_customer(owner=(people.manager, people.colleague, people.stranger)[place % 3])
    said: list[str] = []
    with acting_as(SYSTEM):
        context().hooks.modules["pools"].demo_data(Random(7), said.append)
        assert said
        assert session.scalar(select(func.count(Pool.id))) == 2
        assert session.scalar(select(func.count(PoolRule.id))) == 2
        lying = select(Customer).join(PoolEntry, PoolEntry.customer_id == Customer.id)
        for customer in session.scalars(lying):
            assert customer.owner_id is None
        acts = dict(session.execute(select(PoolMovement.act, func.count()).group_by(PoolMovement.act)).all())
        entries = session.scalar(select(func.count(PoolEntry.id)))
        assert acts["recycle"] == entries + acts.get("claim", 0) + acts.get("assign", 0)
        free = select(func.count(Customer.id)).where(Customer.owner_id.is_(None))
        assert session.scalar(free) == entries > 10


def test_nothing_to_show_is_no_error(people: People) -> None:
    with acting_as(SYSTEM):
        context().hooks.modules["pools"].demo_data(Random(7), print)
        assert session.scalar(select(func.count(Pool.id))) == 0
