"""The demonstration data of pools holds to the rules of the product."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from random import Random

import pytest
import time_machine
from sqlalchemy import select

from app.api import Customer, CustomerOwnership, acting_as, context, session
from app.testing.people import People
from app.types import SYSTEM
from plugins.pools import demo
from plugins.pools.models import Pool, PoolEntry, PoolMovement, PoolRule, PoolRuleVersion, PoolRun, PoolStanding
from plugins.pools.services import reckon
from plugins.pools.tests.conftest import NIGHT, aged, local, rows


@time_machine.travel(local(NIGHT, 12), tick=False)
def test_it_is_deterministic_and_consistent(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "NIGHTS", 32)
    owners = (people.manager, people.colleague, people.stranger)
    for place in range(60):
        aged(owners[place % 3], owned=local(NIGHT) - timedelta(days=5 * place), level=("normal", "key")[place % 5 == 0])
    said: list[str] = []
    with acting_as(SYSTEM):
        context().hooks.modules["pools"].demo_data(Random(7), said.append)
        assert said
        assert dict(rows(select(Pool.code, Pool.kind))) == {"P-B1": "city", "P-B1N": "head", "P-B1S": "head"}
        assert len(rows(select(PoolRule.id))) == len(rows(select(PoolRuleVersion.id))) == 3
        assert rows(select(PoolRun.state)) == [("done",)] * 32
        acts = Counter(act for (act,) in rows(select(PoolMovement.act)))
        out = acts["claim"] + acts["assign"] + acts["return"]
        lying = rows(select(Customer.owner_id).join(PoolEntry, PoolEntry.customer_id == Customer.id))
        assert acts["recycle"] == len(lying) + out and set(lying) == {(None,)}
        assert min(acts["amber"], acts["red"], acts["escalate"], out) > 0
        # both ledgers tell the same moves, at the same moments
        m, o = PoolMovement, CustomerOwnership
        hands = ("recycle", "escalate", "claim", "assign", "return")
        moves = sorted(rows(select(m.customer_id, m.act, m.at).where(m.act.in_(hands))))
        owned = rows(select(o.customer_id, o.cause, o.at, o.id).where(o.cause.like("pools.%")))
        assert sorted((number, cause.removeprefix("pools."), at) for number, cause, at, _id in owned) == moves
        by_id, by_moment = (sorted(owned, key=lambda row: (row[0], row[place])) for place in (3, 2))
        assert by_id == by_moment, "in the order they were written"
        stands = select(PoolStanding.customer_id, PoolStanding.stage, PoolStanding.next_on)
        before = sorted(rows(stands))
        assert {stage for _customer, stage, _next in before} == {"green", "amber", "red"}
        reckon(session(), None)
        assert sorted(rows(stands)) == before, "what stands there is what the rules say"


def test_nothing_to_show_is_no_error(people: People) -> None:
    with acting_as(SYSTEM):
        context().hooks.modules["pools"].demo_data(Random(7), print)
        assert rows(select(Pool.id)) == []
