"""POOL-5: the morning's reminders to account managers and heads."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import update

from app.api import Unit, acting_as, enqueue, transaction
from app.testing.factories import make_customer
from app.testing.jobs import run_pending
from app.testing.people import Browser, login
from app.types import SYSTEM
from plugins.pools.models import PoolEntry, PoolMovement
from plugins.pools.services import business_today
from plugins.pools.services.reminding import mornings, unit_mornings
from plugins.pools.tests.conftest import Bank, put
from plugins.pools.tests.test_countdown import stands


def test_each_owner_hears_of_the_night_and_of_what_is_coming(bank: Bank) -> None:
    people, today = bank.people, business_today()
    stands(bank, make_customer(owner=people.manager), 2, "red")
    stands(bank, make_customer(owner=people.manager), 3, "amber")
    stands(bank, make_customer(owner=people.manager), 4, "green")
    stands(bank, make_customer(owner=people.colleague), None)
    lost = put(make_customer(owner=people.stranger), bank.south_pool)
    with acting_as(SYSTEM), transaction() as current:
        taken = {"act": "recycle", "from_employee_id": people.stranger.employee_id, "business_date": today}
        current.add(PoolMovement(customer_id=lost.id, to_pool_id=bank.south_pool.id, **taken))
    with acting_as(SYSTEM):
        told = mornings(today, 3)
    assert {owner: (dict(one.done), dict(one.coming)) for owner, one in told.items()} == {
        people.manager.employee_id: ({}, {"recycle": 2}),
        people.stranger.employee_id: ({"recycle": 1}, {}),
    }


def test_a_head_hears_of_the_unit_and_those_below(bank: Bank) -> None:
    people, today = bank.people, business_today()
    with acting_as(SYSTEM), transaction() as current:
        for unit, head in ((people.branch, people.city_manager), (people.north, people.head)):
            current.execute(update(Unit).where(Unit.id == unit.id).values(head_id=head.employee_id))
    stands(bank, make_customer(owner=people.manager), 2, "red")
    stands(bank, make_customer(owner=people.stranger), 2, "red")
    put(make_customer(owner=people.manager), bank.north_pool)
    with acting_as(SYSTEM), transaction() as current:
        current.execute(update(PoolEntry).values(next_on=today + timedelta(days=1)))
    with acting_as(SYSTEM):
        told = unit_mornings(today, 3)
    assert {head: (one.red, one.leaving) for head, one in told.items()} == {
        people.city_manager.employee_id: (2, 1),
        people.head.employee_id: (1, 1),
    }


def test_the_job_tells_each_person_once(bank: Bank, client: Browser) -> None:
    stands(bank, make_customer(owner=bank.people.manager), 1, "red")
    with acting_as(SYSTEM):
        enqueue("pools.remind")
    run_pending()
    for person, times in ((bank.people.manager, 1), (bank.people.colleague, 0)):
        login(client, person)
        assert client.get("/notices/").text.count("您有 1 户客户将进入下一步") == times
