"""POOL-5: the morning's reminders to account managers and heads, so many days before each step."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from app.api import Unit, acting_as, enqueue, setting, transaction
from app.testing.factories import make_customer, make_record
from app.testing.jobs import run_pending
from app.testing.people import Browser, login
from app.types import SYSTEM, Refused
from plugins.pools.models import PoolEntry, PoolMovement, PoolRule, PoolStanding
from plugins.pools.services import business_today
from plugins.pools.services.reminding import mornings, unit_mornings
from plugins.pools.tests.conftest import Bank, put
from plugins.pools.tests.test_countdown import stands


def says(bank: Bank, **days: int | None) -> None:
    """Let the bank's rule name days of its own."""
    with acting_as(SYSTEM), transaction() as current:
        current.execute(update(PoolRule.__table__).where(PoolRule.id == bank.rule.id).values(**days))


def climbs(bank: Bank, owner: Any, amber: int | None, red: int | None, pool: int, stage: str = "green") -> None:
    """A customer of theirs with steps so many days ahead."""
    customer, today = make_customer(owner=owner), business_today()
    on = {
        f"{step}_on": days and today + timedelta(days=days)
        for step, days in {"amber": amber, "red": red, "pool": pool}.items()
    }
    following = [day for day in on.values() if day and day > today]
    stands(bank, customer, None, stage)
    with acting_as(SYSTEM), transaction() as current:
        mine = PoolStanding.__table__.c.customer_id == customer.id
        current.execute(update(PoolStanding.__table__).where(mine).values(next_on=min(following), **on))


def heads(bank: Bank) -> None:
    people = bank.people
    with acting_as(SYSTEM), transaction() as current:
        city = people.city_manager
        for unit, head in ((people.branch, city), (people.north, people.head), (people.south, city)):
            current.execute(update(Unit).where(Unit.id == unit.id).values(head_id=head.employee_id))


def owners(days: int = 3) -> dict[int, tuple[Any, ...]]:
    """{employee: (amber, red, pool, days to the first, days to the last)} of the steps they are told of."""
    with acting_as(SYSTEM):
        told, today = mornings(business_today(), days), business_today()
    return {
        number: (one.coming.amber, one.coming.red, one.coming.pool, (one.coming.first - today).days,
                 (one.coming.last - today).days)
        for number, one in told.items() if one.coming.first
    }  # fmt: skip


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
    assert {owner: (dict(one.done), one.coming.pool) for owner, one in told.items()} == {
        people.manager.employee_id: ({}, 2),
        people.stranger.employee_id: ({"recycle": 1}, 0),
    }


def test_each_step_has_days_of_its_own(bank: Bank) -> None:
    manager, colleague = bank.people.manager, bank.people.colleague
    climbs(bank, manager, 2, 5, 9)
    climbs(bank, manager, -9, 1, 4, "amber")
    climbs(bank, colleague, -20, -8, 10, "red")
    assert owners() == {manager.employee_id: (1, 1, 0, 1, 2)}
    says(bank, owner_amber_days=1, owner_red_days=5, owner_pool_days=10)
    assert owners() == {manager.employee_id: (0, 2, 2, 1, 9), colleague.employee_id: (0, 0, 1, 10, 10)}
    says(bank, owner_amber_days=0, owner_red_days=0, owner_pool_days=None)
    assert owners(0) == {}
    assert owners(4) == {manager.employee_id: (0, 0, 1, 4, 4)}


def test_a_head_hears_of_the_unit_and_those_below(bank: Bank) -> None:
    people, today = bank.people, business_today()
    heads(bank)
    climbs(bank, people.manager, -9, -2, 2, "red")
    climbs(bank, people.stranger, -9, -2, 6, "red")
    climbs(bank, people.stranger, 1, 3, 6)
    put(make_customer(owner=people.manager), bank.north_pool)
    with acting_as(SYSTEM), transaction() as current:
        current.execute(update(PoolEntry).values(next_on=today + timedelta(days=2), rule_id=bank.rule.id))

    def told() -> dict[int, tuple[int, ...]]:
        with acting_as(SYSTEM):
            found = unit_mornings(today, 1)
        said = {head: (one.red, one.coming) for head, one in found.items()}
        return {head: (red, c.customers, c.amber, c.red, c.pool, c.city) for head, (red, c) in said.items()}

    # the head of the branch and of a unit below it counts nobody twice
    assert told() == {people.city_manager.employee_id: (2, 1, 1, 0, 0, 0), people.head.employee_id: (1, 0, 0, 0, 0, 0)}
    says(bank, head_amber_days=0, head_red_days=3, head_pool_days=5, head_city_days=2)
    assert told() == {people.city_manager.employee_id: (2, 3, 0, 1, 1, 1), people.head.employee_id: (1, 2, 0, 0, 1, 1)}


def test_the_job_tells_each_person_once_a_day(bank: Bank, client: Browser) -> None:
    heads(bank)
    stands(bank, make_customer(owner=bank.people.manager), 1, "red")
    for _again in range(2):
        with acting_as(SYSTEM):
            enqueue("pools.remind")
        run_pending()
    with acting_as(SYSTEM):
        enqueue("pools.remind", {"business_date": (business_today() - timedelta(days=1)).isoformat()})
    run_pending()
    told = {"您有 1 户客户即将进入下一步": bank.people.manager, "本部门有 1 户客户已标红": bank.people.head}
    for words, person in told.items():
        login(client, person)
        page = client.get("/notices/").text
        assert page.count(words) == 1
        assert f"最早 {business_today() + timedelta(days=1)}" in page
    login(client, bank.people.colleague)
    assert "客户即将进入下一步" not in client.get("/notices/").text


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"owner_pool_days": "-1"}, "owner_pool_days"),
        ({"head_pool_days": "61"}, "head_pool_days"),
        ({"head_red_days": "soon"}, "head_red_days"),
        ({"owner_amber_days": "3"}, "owner_amber_days"),
        ({"head_city_days": "3"}, "head_city_days"),
    ],
)
def test_what_cannot_be_reminded_of_is_refused(bank: Bank, wrong: dict[str, str], field: str) -> None:
    with pytest.raises(Refused) as refused:
        make_record("pools_rule", name="提醒", position="1", pool_days="30", keep_days="15", **wrong)
    assert list(refused.value.errors) == [field]


def test_the_days_are_written_on_the_rule_and_said_before_it_is_saved(bank: Bank, client: Browser) -> None:
    rule = make_record("pools_rule", name="提醒", position="1", amber_days="9", pool_days="30", keep_days="15",
                       owner_amber_days="2", head_pool_days="0")  # fmt: skip
    login(client, bank.people.admin)
    assert "每一步之前的提醒" in client.get(f"/pools_rule/edit/{rule.id}").text
    given = {"trigger": "follow_up", "amber_days": "9", "pool_days": "30", "owner_amber_days": "2"}
    said = client.post("/pools_rule/explain", data={**given, "head_amber_days": "0", "head_pool_days": "7"}).text
    today = business_today()
    assert f"客户经理 {today + timedelta(days=8)} 起<" in said, "nothing said of the head"
    owner, head = today + timedelta(days=40 - setting("pools.remind_days")), today + timedelta(days=33)
    assert f"客户经理 {owner} 起、主管 {head} 起" in said
