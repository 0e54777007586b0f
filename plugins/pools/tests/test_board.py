"""The dashboard: its figures against rows counted by hand, within what each person sees."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from app.api import acting_as, record_activity, transaction
from app.testing.factories import make_customer
from app.testing.people import Browser, login
from app.types import SYSTEM
from plugins.pools.models import PoolEntry, PoolMovement
from plugins.pools.services.figures import (
    count_ages,
    count_stages,
    count_stock,
    rank_people,
    read_flow,
    read_reactivation,
)
from plugins.pools.tests.conftest import Bank, local, put
from plugins.pools.tests.test_countdown import stands

MONDAY = date(2026, 3, 2)


def moved(customer: Any, act: str, at: datetime, **values: Any) -> int:
    with acting_as(SYSTEM), transaction() as current:
        row = PoolMovement(customer_id=customer.id, act=act, at=at, **values)
        current.add(row)
        current.flush()
        return row.id


@pytest.fixture
def quarter(bank: Bank) -> dict[str, Any]:
    """Two customers lost in the first week, one of them claimed in the second and followed up; one act taken back."""
    people = bank.people
    mine, other = make_customer(owner=people.manager), make_customer(owner=people.stranger)
    mine_lost = {"from_employee_id": people.manager.employee_id, "to_pool_id": bank.north_pool.id}
    other_lost = {"from_employee_id": people.stranger.employee_id, "to_pool_id": bank.south_pool.id}
    won = {"to_employee_id": people.manager.employee_id, "from_pool_id": bank.north_pool.id}
    moved(mine, "recycle", local(MONDAY, 1), **mine_lost)
    moved(other, "recycle", local(MONDAY, 1), **other_lost)
    moved(mine, "claim", local(MONDAY + timedelta(days=7)), **won)
    undone = moved(other, "recycle", local(MONDAY + timedelta(days=8)), **other_lost)
    moved(other, "reverse", local(MONDAY + timedelta(days=9)), reverses_id=undone)
    with acting_as(people.manager.actor):
        record_activity({"customer_id": mine.id, "at": local(MONDAY + timedelta(days=20))})
    return {"mine": mine, "other": other}


def test_flow_people_and_reactivation(bank: Bank, quarter: dict[str, Any]) -> None:
    after = MONDAY + timedelta(weeks=2)
    with acting_as(bank.people.admin.actor):
        assert [(week.came, week.went) for week in read_flow(MONDAY, 2)] == [(2, 0), (0, 1)]
        lost, won = rank_people(MONDAY, after)
        assert sorted(count for _name, count in lost) == [1, 1]
        assert [count for _name, count in won] == [1]
        found = read_reactivation(MONDAY, after)
    assert (found.out, found.active) == (1, 1)


def test_each_sees_the_figures_of_what_they_see(bank: Bank, quarter: dict[str, Any]) -> None:
    with acting_as(bank.people.stranger.actor):
        assert [(week.came, week.went) for week in read_flow(MONDAY, 2)] == [(1, 0), (0, 0)]
        assert rank_people(MONDAY, MONDAY + timedelta(weeks=2))[1] == []


def test_stock_stages_and_ages(bank: Bank) -> None:
    people = bank.people
    stands(bank, make_customer(owner=people.manager), 2, "red")
    stands(bank, make_customer(owner=people.manager), 20)
    put(make_customer(owner=people.manager), bank.north_pool)
    put(make_customer(owner=people.manager), bank.branch_pool)
    now = local(date(2026, 3, 31), 12)
    with acting_as(SYSTEM), transaction() as current:
        for pool, days in ((bank.north_pool, 3), (bank.branch_pool, 40)):
            entered = update(PoolEntry).where(PoolEntry.pool_id == pool.id)
            current.execute(entered.values(entered_at=now - timedelta(days=days)))
    with acting_as(people.admin.actor):
        assert count_stages() == {"red": 1, "green": 1}
        assert count_stock() == {"public": 2}
        assert count_ages(now) == (1, 0, 1, 0)


def test_the_page(bank: Bank, quarter: dict[str, Any], client: Browser) -> None:
    login(client, bank.people.head)
    answer = client.get("/pools_board/list/")
    assert answer.status_code == 200
    assert "application/json" in answer.text
    assert client.get("/pools_board/list/?weeks=5").status_code == 400
    login(client, bank.people.manager)
    assert client.get("/pools_board/list/").status_code == 403
