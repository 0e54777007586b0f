"""POOL-5: what is said of the coming night is what the night then does, on both databases."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select, update

from app.api import Customer, acting_as, enqueue, session, transaction
from app.testing.jobs import run_pending
from plugins.pools.models import PoolEntry, PoolLock, PoolMovement, PoolRule
from plugins.pools.services import coming_night, reckon
from plugins.pools.services.tonight import count_tonight, list_tonight
from plugins.pools.tests.conftest import ZONE, Bank, aged, local, put, rows

pytestmark = pytest.mark.usefixtures("as_system")
NOON = datetime(2026, 3, 31, 12, tzinfo=ZONE)
TODAY = NOON.date()


@pytest.fixture
def four(bank: Bank) -> dict[str, Customer]:
    """One customer for each thing a night does, and one locked up to the day before."""
    with transaction() as current:
        rule = session.get_one(PoolRule, bank.rule.id)
        rule.amber_days, rule.red_days, rule.pool_days = 7, 3, 5
        current.flush()
    manager, old = bank.people.manager, local(TODAY - timedelta(days=60))
    ago = {"amber": 8, "red": 11, "recycle": 16}
    made = {act: aged(manager, owned=old, followed=local(TODAY - timedelta(days=days))) for act, days in ago.items()}
    made["escalate"] = put(aged(manager), bank.north_pool, manager)
    bank.branch_pool.kind = "city"
    made["locked"] = aged(manager, owned=old)
    with transaction() as current:
        current.execute(update(PoolEntry.__table__).values(next_on=TODAY, rule_id=bank.rule.id))
        current.add(PoolLock(customer_id=made["locked"].id, until=TODAY - timedelta(days=1)))
        current.flush()
        with time_machine.travel(NOON - timedelta(days=1), tick=False):
            reckon(current, [made["locked"].id])
    return made


@time_machine.travel(NOON - timedelta(days=1), tick=False)
def test_tonight_says_what_each_rule_will_do(bank: Bank, four: dict[str, Customer]) -> None:
    rule = bank.rule.id
    wanted = {(rule, "amber"): 1, (rule, "red"): 1, (rule, "recycle"): 2, (rule, "escalate"): 1}
    assert coming_night() == TODAY
    assert count_tonight(TODAY) == wanted
    found = {one.customer.id: one.act for one in list_tonight(TODAY)}
    assert found == {customer.id: "recycle" if act == "locked" else act for act, customer in four.items()}
    assert [one.customer.id for one in list_tonight(TODAY, rule, "red")] == [four["red"].id]
    first = list_tonight(TODAY, limit=2)
    rest = list_tonight(TODAY, after=first[-1].customer.id)
    assert [one.customer.id for one in (*first, *rest)] == sorted(customer.id for customer in four.values())
    with acting_as(bank.people.stranger.actor):
        assert count_tonight(TODAY) == {}
        assert list_tonight(TODAY) == []
    assert done_by_night() == found


@time_machine.travel(NOON - timedelta(days=1), tick=False)
def test_whom_no_pool_is_for_takes_the_step_below_or_stays(bank: Bank, four: dict[str, Customer]) -> None:
    with transaction():
        bank.north_pool.active, bank.branch_pool.kind = False, "public"
    said = {one.customer.id: one.act for one in list_tonight(TODAY)}
    wanted = {"recycle": "red", "locked": "red", "escalate": "stays"}
    assert said == {customer.id: wanted.get(act, act) for act, customer in four.items()}
    assert count_tonight(TODAY)[bank.rule.id, "red"] == 3
    assert [one.customer.id for one in list_tonight(TODAY, act="stays")] == [four["escalate"].id]
    assert done_by_night() == {number: act for number, act in said.items() if act != "stays"}


def done_by_night() -> dict[int, str]:
    """Run the night; {customer: what it did}."""
    enqueue("pools.recycle", {"business_date": TODAY})
    run_pending()
    return dict(rows(select(PoolMovement.customer_id, PoolMovement.act).where(PoolMovement.business_date == TODAY)))
