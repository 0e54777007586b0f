"""POOL-3, POOL-4: release, lock, mark invalid; members, administrators and what a pool hides."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from app.api import Customer, acting_as, readable, session
from app.testing.factories import make_setting
from app.testing.people import Browser, People, Person, login
from app.types import SYSTEM, FieldLevels, Level, Refused
from plugins.pools.models import Pool, PoolEntry, PoolLock, PoolMember, PoolMovement
from plugins.pools.services import (
    acts_for,
    assign_from_pool,
    claim_customers,
    lay_into_pools,
    lock_customers,
    mark_invalid,
    release_customers,
    reopen,
    return_customers,
    unlock_customers,
)
from plugins.pools.services.days import business_today
from plugins.pools.tests.conftest import Bank, aged, entries, ownership, put, redden, rows, standing, story


def name_members(pool: Pool, *people: Person, administers: bool = False, unit: Any = None) -> None:
    """Name people (or a unit) as members or administrators of a pool."""
    with acting_as(SYSTEM):
        session.add_all(
            PoolMember(pool_id=pool.id, employee_id=person.employee_id, administers=administers) for person in people
        )
        if unit is not None:
            session.add(PoolMember(pool_id=pool.id, unit_id=unit.id, administers=administers))
        session.commit()


def change(pool: Pool, **values: Any) -> None:
    with acting_as(SYSTEM):
        session.execute(update(Pool.__table__).where(Pool.id == pool.id).values(**values))
        session.commit()
        session.refresh(pool)


def claims(person: Person, customer: Customer) -> bool:
    with acting_as(person.actor):
        return bool(claim_customers([customer.id]).done)


# --- release ------------------------------------------------------------------------------------------------


def test_a_release_keeps_the_real_owner_whoever_lets_go(bank: Bank) -> None:
    """Into the nearest public pool; the owner may not have it back at once, whoever released it; others may."""
    people = bank.people
    own, by_head, foreign = aged(people.manager), aged(people.manager), aged(people.stranger)
    with acting_as(people.manager.actor):
        with pytest.raises(Refused) as refused:
            release_customers([own.id], "")
        assert list(refused.value.errors) == ["reason"]
        answer = release_customers([own.id, foreign.id], "不再需要")
    assert (answer.done, list(answer.refused)) == ([own.id], [foreign.id])
    with acting_as(people.head.actor):
        assert release_customers([by_head.id], "跟进不力", bank.branch_pool.id).done == [by_head.id]
    manager = people.manager.employee_id
    assert entries() == {own.id: bank.north_pool.id, by_head.id: bank.branch_pool.id}
    assert story(by_head) == [("release", bank.branch_pool.id, manager, None)]
    assert ownership(by_head) == [(manager, None, "pools.release")]
    assert set(rows(select(PoolEntry.from_employee_id))) == {(manager,)}
    assert not claims(people.manager, by_head)
    assert claims(people.head, by_head), "who only let it go may have it"
    assert claims(people.colleague, own)


def test_nothing_is_released_into_a_heads_or_a_strange_pool(bank: Bank) -> None:
    people = bank.people
    one = aged(people.manager)
    change(bank.closed_pool, kind="head")
    with acting_as(people.manager.actor):
        for wrong in (bank.closed_pool.id, 987_654):
            with pytest.raises(Refused) as refused:
                release_customers([one.id], "放弃", wrong)
            assert list(refused.value.errors) == ["pool_id"]
        assert release_customers([one.id], "放弃", bank.south_pool.id).done == []
    assert entries() == {}


def test_a_file_lays_customers_straight_into_pools(bank: Bank) -> None:
    """All rows of a chunk or none; whom they belonged to stands in the ledger; a member's row scope is not enough."""
    people = bank.people
    owned, free, foreign = aged(people.manager), aged(people.colleague), aged(people.stranger)
    row = {"customer_id": owned.id, "pool_id": bank.north_pool.id}
    with acting_as(people.manager.actor), pytest.raises(Refused):
        lay_into_pools([row])
    with acting_as(people.head.actor):
        strange = {"customer_id": free.id, "pool_id": bank.south_pool.id}
        for one in ({"customer_id": foreign.id}, {"customer_id": owned.id}, strange):
            with pytest.raises(Refused):
                lay_into_pools([row, {"pool_id": bank.north_pool.id, **one}])
        assert entries() == {}
        made = lay_into_pools([{"customer_id": free.id, "pool_id": bank.branch_pool.id}, row])
        with pytest.raises(Refused):
            lay_into_pools([row])
    assert entries() == {free.id: bank.branch_pool.id, owned.id: bank.north_pool.id}
    assert rows(select(PoolEntry.id).where(PoolEntry.customer_id == owned.id)) == [(made[1],)]
    assert story(owned) == [("release", bank.north_pool.id, people.manager.employee_id, None)]


# --- limits of pools ----------------------------------------------------------------------------------------


def test_the_limits_of_a_pool_go_before_those_of_the_site(bank: Bank) -> None:
    people = bank.people
    make_setting("pools.claims_per_day", 1)
    change(bank.north_pool, claims_per_day=2)
    change(bank.branch_pool, cool_down_days=0)
    in_north = [put(aged(people.colleague), bank.north_pool) for _ in range(3)]
    in_branch = put(aged(people.colleague), bank.branch_pool)
    assert [claims(people.manager, one) for one in in_north] == [True, True, False]
    assert not claims(people.manager, in_branch), "every claim of the day counts for the site's limit"
    with acting_as(people.head.actor):
        release_customers([in_north[0].id], "放弃", bank.branch_pool.id)
        make_setting("pools.claims_per_day", 0)
    assert claims(people.manager, in_north[0]), "a pool without a cool-down"
    change(bank.branch_pool, owned_limit=1)
    assert not claims(people.manager, in_branch)


@pytest.mark.parametrize(("what", "given", "warned"), [("ignore", 1, 0), ("warn", 1, 1), ("refuse", 0, 0)])
def test_who_is_given_too_many(bank: Bank, what: str, given: int, warned: int) -> None:
    people = bank.people
    make_setting("pools.owned_limit", 1)
    make_setting("pools.over_limit", what)
    aged(people.colleague)
    one = put(aged(people.manager), bank.north_pool, people.colleague)
    with acting_as(people.head.actor):
        answer = return_customers([one.id])
    assert (len(answer.done), len(answer.warnings), len(answer.refused)) == (given, warned, 1 - given)


# --- locks and closing --------------------------------------------------------------------------------------


def test_a_lock_spares_a_customer_until_its_day(bank: Bank) -> None:
    people = bank.people
    one, foreign = aged(people.manager), aged(people.stranger)
    redden(bank, one)
    day = business_today() + timedelta(days=3)
    with acting_as(people.manager.actor):
        assert lock_customers([one.id], "我的").done == [], "heads lock"
    with acting_as(people.head.actor):
        with pytest.raises(Refused):
            lock_customers([one.id], "谈判中", business_today() - timedelta(days=1))
        answer = lock_customers([one.id, foreign.id], "谈判中", day)
        assert (answer.done, list(answer.refused)) == ([one.id], [foreign.id])
        assert standing(one)[:2] == ("red", "locked")
        assert rows(select(PoolLock.customer_id, PoolLock.until)) == [(one.id, day)]
        assert lock_customers([one.id], "再延").done == [one.id]
        assert rows(select(PoolLock.until)) == [(None,)]
        assert unlock_customers([one.id]).done == [one.id]
        assert unlock_customers([one.id]).done == []
    assert standing(one)[:2] == ("red", "")
    assert [act for act, *_rest in story(one)] == ["lock", "lock", "unlock"]


def test_an_invalid_customer_leaves_its_pool_and_comes_back(bank: Bank) -> None:
    people = bank.people
    lying, owned = put(aged(people.manager), bank.north_pool, people.colleague), aged(people.manager)
    with acting_as(people.head.actor):
        answer = mark_invalid([lying.id, owned.id], "号码空号")
        assert answer.done == [lying.id, owned.id]
        assert mark_invalid([lying.id], "号码空号").done == []
    assert entries() == {}
    assert lying.closed_at is not None and owned.closed_at is not None
    assert not claims(people.manager, lying)
    with acting_as(people.head.actor):
        assert acts_for(lying) == {"reopen"}
        assert reopen([lying.id, owned.id], "核实有效").done == [lying.id, owned.id]
        assert reopen([lying.id]).done == []
    assert lying.closed_at is None and owned.owner_id == people.manager.employee_id
    assert rows(select(PoolEntry.pool_id, PoolEntry.customer_id)) == [(bank.north_pool.id, lying.id)]
    taken_back = select(PoolMovement.reverses_id.is_not(None)).where(PoolMovement.act == "reverse")
    assert rows(taken_back) == [(True,), (True,)]


# --- members and administrators -----------------------------------------------------------------------------


def test_whom_a_pool_names_are_its_members(bank: Bank) -> None:
    people = bank.people
    one, two = (put(aged(people.manager), bank.north_pool) for _ in range(2))
    name_members(bank.north_pool, people.stranger)
    assert not claims(people.colleague, one), "the unit's people are no members any more"
    assert claims(people.stranger, one)
    name_members(bank.north_pool, unit=people.north)
    assert claims(people.colleague, two)


def test_administrators_give_away_within_their_pool_to_its_members(bank: Bank) -> None:
    people = bank.people
    one, two, other = (
        put(aged(people.stranger), pool, people.stranger)
        for pool in (bank.north_pool, bank.north_pool, bank.branch_pool)
    )
    name_members(bank.north_pool, people.manager, administers=True)
    with acting_as(people.colleague.actor):
        assert return_customers([one.id]).done == []
    assert claims(people.colleague, two), "naming an administrator alone keeps nobody out"
    with acting_as(people.manager.actor):
        with pytest.raises(Refused) as refused:
            assign_from_pool([one.id], people.stranger.employee_id)
        assert list(refused.value.errors) == ["employee_id"]
        answer = assign_from_pool([one.id, other.id], people.colleague.employee_id, "熟悉")
        assert (answer.done, list(answer.refused)) == ([one.id], [other.id])


# --- what a pool hides --------------------------------------------------------------------------------------


SECRET_NAME, SECRET_PHONE = "隐名万里实业", "13987650123"
#: Every door a member might try for a customer of a pool that hides something of it.
DOORS = (
    "/pools_entry/list/",
    "/pools_entry/list/?f.level=key",
    "/pools_entry/show/{entry}",
    "/pools_movement/list/",
    "/pools_keep/list/",
    "/customer/list/",
    "/customer/list/?q=隐名",
    "/customer/show/{customer}",
    "/customer/show/{customer}/tab/pools_story",
    "/customer/show/{customer}/timeline",
    "/search/?q=隐名",
    "/api/v1/pools_entry/",
    "/api/v1/pools_entry/{entry}",
    "/api/v1/customer/",
    "/api/v1/customer/{customer}",
    "/api/v1/contact/",
    "/api/v1/pools_movement/",
    "/",
)


def test_what_a_pool_hides_no_door_shows_before_the_claim(bank: Bank, client: Browser) -> None:
    people: People = bank.people
    one = put(aged(people.colleague, name=SECRET_NAME, mobile=SECRET_PHONE, level="key"), bank.north_pool)
    change(bank.north_pool, hidden_fields=["name", "mobile", "level"])
    ((number,),) = rows(select(PoolEntry.id))
    login(client, people.manager)
    seen = {}
    for door in DOORS:
        answer = client.get(door.format(entry=number, customer=one.id))
        seen[door] = answer.status_code
        assert SECRET_NAME not in answer.text and SECRET_PHONE not in answer.text, door
        assert SECRET_PHONE[-4:] not in answer.text or "data-" in answer.text, door
    assert {seen["/pools_entry/list/"], seen["/pools_entry/show/{entry}"], seen["/api/v1/pools_entry/"]} == {200}
    assert seen["/customer/show/{customer}"] == seen["/api/v1/customer/{customer}"] == 404
    row = client.get(f"/api/v1/pools_entry/{number}").json["result"]
    assert (row["name"], row["level"], row["kind"]) == (None, None, "personal")
    wished = client.get("/api/v1/pools_entry/?f.level=key").json
    assert wished.get("count", 0) == 0, "nor does a filter tell"
    assert claims(people.manager, one)
    assert SECRET_NAME in client.get(f"/customer/show/{one.id}").text


def test_who_gives_away_sees_what_the_pool_hides_from_members(bank: Bank, client: Browser) -> None:
    people = bank.people
    one = put(aged(people.colleague, name=SECRET_NAME), bank.north_pool)
    change(bank.north_pool, hidden_fields=["mobile"])
    name_members(bank.north_pool, people.manager, administers=True)
    for person, status in ((people.head, 200), (people.manager, 200), (people.colleague, 404)):
        login(client, person)
        assert client.get(f"/customer/show/{one.id}").status_code == status
        assert SECRET_NAME in client.get("/pools_entry/list/").text, "the name is not among the hidden"


def test_an_entry_keeps_the_field_rights_of_its_customer(bank: Bank) -> None:
    levels = FieldLevels({"customer": {"level": Level.HIDDEN, "name": Level.MASKED}})
    actor = replace(bank.people.manager.actor, fields=levels)
    assert [readable("pools_entry", name, actor) for name in ("level", "name", "kind")] == [False, False, True]


# --- screens and REST ---------------------------------------------------------------------------------------


def test_the_acts_over_screens_and_rest(bank: Bank, client: Browser) -> None:
    people = bank.people
    one, two = aged(people.manager), put(aged(people.manager), bank.north_pool, people.manager)
    redden(bank, one)
    login(client, people.manager)
    page = client.get(f"/customer/show/{one.id}").text
    assert "/pools_customer/ask" in page and "/pools_customer/release" in page
    assert "/pools_customer/lock" not in page and "/pools_customer/claim" not in page
    assert client.get(f"/pools_customer/lock?ids={one.id}").status_code == 403
    assert client.post("/pools_customer/invalid", data={"ids": one.id, "reason": "x"}).status_code == 403
    assert client.post("/api/v1/pools_entry/lock", json={"customers": [one.id], "reason": "x"}).status_code == 403
    assert client.post("/pools_customer/release", data={"ids": one.id}, htmx=True).status_code == 422
    login(client, people.head)
    page = client.get(f"/customer/show/{two.id}").text
    assert "/pools_customer/assign" in page and "/pools_customer/return" in page
    assert "/pools_customer/release" not in page
    assert client.get(f"/pools_customer/keep?ids={one.id}", htmx=True).status_code == 200
    sent = {"customers": [one.id, two.id], "days": 9, "reason": "出差"}
    answer = client.post("/api/v1/pools_entry/keep", json=sent)
    assert answer.status_code == 200
    assert (answer.json["done"], list(answer.json["refused"])) == ([one.id], [str(two.id)])
    for wrong in ({"customers": [one.id]}, {**sent, "days": 0}, {**sent, "ids": [1]}, {**sent, "more": 1}):
        assert client.post("/api/v1/pools_entry/keep", json=wrong).status_code == 422, wrong
    done = client.post("/pools_customer/return", data={"ids": two.id, "next": f"/customer/show/{two.id}"})
    assert done.headers["Location"].endswith(f"/customer/show/{two.id}")
    assert two.owner_id == people.manager.employee_id
    assert client.get(f"/customer/show/{one.id}/tab/pools_keeps", htmx=True).status_code == 200
