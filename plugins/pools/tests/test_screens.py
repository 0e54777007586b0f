"""Pools as people meet them: who sees what, the acts over screens and REST, the forecast, the pieces on other pages."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.api import Customer, acting_as, create_record, entity, find_record, session
from app.testing.factories import make_record
from app.testing.jobs import run_pending
from app.testing.people import Browser, Person, login
from app.types import SYSTEM, Refused
from plugins.pools.models import PoolEntry, PoolMovement, PoolRule
from plugins.pools.tests.conftest import Bank, aged, entries, put, story


def entry_of(customer: Customer) -> int:
    with acting_as(SYSTEM):
        return session.scalars(select(PoolEntry.id).where(PoolEntry.customer_id == customer.id)).one()


def seen(person: Person) -> tuple[set[int], set[int]]:
    """(customers of the entries one sees, customers one sees)"""
    with acting_as(person.actor):
        return set(session.scalars(select(PoolEntry.customer_id))), set(session.scalars(select(Customer.id)))


# --- who sees what ------------------------------------------------------------------------------------------


def test_members_see_claimable_pools_of_their_unit_and_above(bank: Bank) -> None:
    people = bank.people
    in_branch, in_north, in_south, closed = (
        put(aged(people.city_manager), pool).id
        for pool in (bank.branch_pool, bank.north_pool, bank.south_pool, bank.closed_pool)
    )
    assert seen(people.manager) == ({in_branch, in_north}, {in_branch, in_north})
    assert seen(people.stranger) == ({in_branch, in_south}, {in_branch, in_south})
    assert seen(people.head)[0] == {in_branch, in_north, closed}
    assert seen(people.city_manager)[0] == {in_branch, in_north, in_south, closed}
    assert seen(people.admin)[0] == {in_branch, in_north, in_south, closed}


def test_what_lies_in_a_pool_is_looked_at_and_not_changed(bank: Bank) -> None:
    people = bank.people
    one = put(aged(people.manager), bank.north_pool)
    other = aged(people.colleague)
    with acting_as(people.manager.actor):
        assert find_record(entity("customer"), one.id) is not None
        assert find_record(entity("customer"), one.id, write=True) is None
        assert find_record(entity("customer"), other.id) is None, "a colleague's own customer stays hidden"
        entry = session.scalars(select(PoolEntry)).one()
        assert find_record(entity("pools_entry"), entry.id, write=True) is None
        with pytest.raises(Refused):
            make_activity_as(people.manager, one)


def make_activity_as(person: Person, customer: Customer) -> None:
    with acting_as(person.actor):
        create_record(entity("activity"), {"customer_id": customer.id, "kind": "call"})


# --- screens ------------------------------------------------------------------------------------------------


def test_claiming_on_the_screen(bank: Bank, client: Browser) -> None:
    people = bank.people
    one, two = (put(aged(people.colleague), bank.north_pool) for _ in range(2))
    login(client, people.manager)
    page = client.get("/pools_entry/list/")
    assert page.status_code == 200
    assert one.name in page.text
    ids = f"{entry_of(one)},{entry_of(two)}"
    assert client.post("/pools_entry/claim", data={"ids": ids}, csrf=False).status_code == 400
    assert entries().keys() == {one.id, two.id}
    assert client.get("/pools_entry/claim").status_code == 405
    answer = client.post("/pools_entry/claim", data={"ids": ids}, follow_redirects=True)
    assert answer.status_code == 200
    assert "2" in answer.text
    assert entries() == {}
    assert one.owner_id == two.owner_id == people.manager.employee_id
    page = client.get(f"/customer/show/{one.id}/tab/pools_story", htmx=True)
    assert "领取" in page.text
    assert "领取" in client.get(f"/customer/show/{one.id}/timeline").text
    assert "pools.claim" not in client.get(f"/customer/show/{one.id}/timeline").text


def test_strangers_get_nothing_and_change_nothing(bank: Bank, client: Browser) -> None:
    people = bank.people
    one = put(aged(people.manager), bank.north_pool)
    number = entry_of(one)
    login(client, people.stranger)
    assert client.get(f"/pools_entry/show/{number}").status_code == 404
    assert one.name not in client.get("/pools_entry/list/").text
    assert client.get(f"/customer/show/{one.id}").status_code == 404
    client.post("/pools_entry/claim", data={"ids": number})
    assert client.get(f"/pools_entry/assign?ids={number}").status_code == 403
    assert (
        client.post("/pools_entry/assign", data={"ids": number, "employee_id": people.stranger.employee_id}).status_code
        == 403
    )
    assert client.post("/pools_entry/return", data={"ids": number}).status_code == 403
    assert client.post("/pools_rule/run").status_code == 403
    assert client.get("/pools_rule/preview").status_code == 403
    assert client.post("/api/v1/pools_entry/claim", json={"ids": [number]}).status_code in (409, 422)
    login(client, None)
    assert client.post("/pools_entry/claim", data={"ids": number}).status_code in (302, 401)
    assert client.post("/api/v1/pools_entry/claim", json={"ids": [number]}).status_code == 401
    assert entries() == {one.id: bank.north_pool.id}
    assert story(one) == []
    assert one.owner_id is None


@pytest.mark.parametrize("ids", ["", "abc", "1;2", "9" * 30, "-1"])
def test_ids_that_are_none_are_refused(bank: Bank, client: Browser, ids: str) -> None:
    login(client, bank.people.manager)
    answer = client.post("/pools_entry/claim", data={"ids": ids}, follow_redirects=True)
    assert answer.status_code == 200
    assert entries() == {}


def test_the_head_assigns_in_a_dialog(bank: Bank, client: Browser) -> None:
    people = bank.people
    one = put(aged(people.manager), bank.closed_pool)
    number = entry_of(one)
    login(client, people.head)
    dialog = client.get(f"/pools_entry/assign?ids={number}", htmx=True)
    assert "employee_id" in dialog.text
    assert "分配" in dialog.text
    assert client.post("/pools_entry/assign", data={"ids": number}, htmx=True).status_code == 422
    refused = client.post(
        "/pools_entry/assign", data={"ids": number, "employee_id": people.stranger.employee_id}, htmx=True
    )
    assert refused.status_code == 422
    assert "本机构" in refused.text
    assert entries() == {one.id: bank.closed_pool.id}
    done = client.post(
        "/pools_entry/assign",
        data={"ids": number, "employee_id": people.colleague.employee_id, "reason": "熟悉"},
        htmx=True,
    )
    assert done.status_code == 204
    assert one.owner_id == people.colleague.employee_id
    gone = client.post(
        "/pools_entry/assign", data={"ids": number, "employee_id": people.colleague.employee_id}, htmx=True
    )
    assert gone.status_code == 422
    assert len(story(one)) == 1


def test_the_head_returns_in_a_dialog(bank: Bank, client: Browser) -> None:
    people = bank.people
    one, two = put(aged(people.manager), bank.north_pool, people.manager), put(aged(people.manager), bank.north_pool)
    login(client, people.head)
    ids = f"{entry_of(one)},{entry_of(two)}"
    assert client.get(f"/pools_entry/return?ids={ids}", htmx=True).status_code == 200
    client.post("/pools_entry/return", data={"ids": ids, "reason": "x"})
    page = client.get("/pools_entry/list/")
    assert f"{two.name}: 没有原客户经理" in page.text
    assert entries() == {two.id: bank.north_pool.id}


def test_the_forecast_shows_and_saves_nothing_and_the_run_is_a_job(app: Flask, bank: Bank, client: Browser) -> None:
    people = bank.people
    one = aged(people.manager)
    login(client, people.head)
    page = client.get("/pools_rule/preview")
    assert page.status_code == 200
    assert one.name in page.text
    assert "立即执行" not in page.text
    login(client, people.admin)
    assert "立即执行" in client.get("/pools_rule/preview").text
    assert entries() == {}
    assert client.post("/pools_rule/run").status_code in (302, 303)
    client.post("/pools_rule/run")
    assert run_pending() == 1, "asked for twice, it waits once"
    assert entries() == {one.id: bank.north_pool.id}
    assert "今夜您可见的客户都不会变动" in client.get("/pools_rule/preview").text


def test_a_rule_is_checked_as_it_is_typed(bank: Bank, client: Browser) -> None:
    people = bank.people
    for name, value in {"pool_days": "0", "unit_id": str(people.south.id)}.items():
        with pytest.raises(Refused) as refused:
            make_record("pools_rule", **{"name": "规则", "pool_days": "5", "pool_id": bank.north_pool.id, name: value})
        assert list(refused.value.errors) == ["pool_id" if name == "unit_id" else name]
    with pytest.raises(Refused):
        make_record("pools_rule", name="规则", pool_days="3651", pool_id=bank.north_pool.id)
    login(client, people.admin)
    address = f"/pools_rule/edit/{bank.rule.id}"
    assert client.post(address, data={"pool_days": "0", "_version": "1"}).status_code == 422
    assert client.post(address, data={"pool_days": "45", "_version": "1"}).status_code == 303
    with acting_as(SYSTEM):
        rule = session.get(PoolRule, bank.rule.id)
        assert (rule.pool_days, rule.version) == (45, 2)


def test_the_home_page_tells_of_pools(bank: Bank, client: Browser) -> None:
    aged(bank.people.manager)
    put(aged(bank.people.colleague), bank.north_pool)
    login(client, bank.people.manager)
    page = client.get("/")
    assert "今晚将有 1 个您的客户进入客户池" in page.text
    assert "我可见的池中客户" in page.text


def test_a_pool_that_is_used_is_not_deleted(bank: Bank, client: Browser) -> None:
    put(aged(bank.people.manager), bank.south_pool)
    used, empty = bank.south_pool.id, bank.closed_pool.id
    login(client, bank.people.admin)
    for number, still_there in ((used, 200), (empty, 404)):
        client.post(f"/pools_pool/delete/{number}")
        assert client.get(f"/pools_pool/show/{number}").status_code == still_there


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_page_opens(bank: Bank, client: Browser, language: str) -> None:
    one = put(aged(bank.people.manager), bank.north_pool, bank.people.manager)
    number = entry_of(one)
    login(client, bank.people.admin)
    client.get(f"/language/{language}")
    for path in (
        "/pools_entry/list/",
        f"/pools_entry/show/{number}",
        "/pools_movement/list/",
        "/pools_pool/list/",
        "/pools_pool/add",
        f"/pools_pool/show/{bank.north_pool.id}",
        "/pools_rule/list/",
        "/pools_rule/add",
        f"/pools_rule/show/{bank.rule.id}",
        "/pools_rule/preview",
        f"/customer/show/{one.id}",
        f"/customer/show/{one.id}/tab/pools_story",
        "/",
    ):
        assert client.get(path).status_code == 200, path


# --- REST ---------------------------------------------------------------------------------------------------


def test_claiming_over_rest(bank: Bank, client: Browser) -> None:
    people = bank.people
    one, two = (put(aged(people.colleague), bank.north_pool) for _ in range(2))
    login(client, people.manager)
    listed = client.get("/api/v1/pools_entry/").json
    assert {
        row["customer_id"] if isinstance(row["customer_id"], int) else row["customer_id"]["id"]
        for row in listed["result"]
    } == {one.id, two.id}
    for wrong in ({}, {"ids": []}, {"ids": "1"}, {"ids": [True]}, {"ids": [-1]}, [1], {"ids": [1.5]}):
        assert client.post("/api/v1/pools_entry/claim", json=wrong).status_code == 422
    first, second = entry_of(one), entry_of(two)
    answer = client.post("/api/v1/pools_entry/claim", json={"ids": [first]})
    assert (answer.status_code, answer.json) == (200, {"done": [one.id], "refused": {}, "warnings": []})
    again = client.post("/api/v1/pools_entry/claim", json={"ids": [first]})
    assert again.status_code in (409, 422)
    assert client.post("/api/v1/pools_entry/", json={"customer_id": 1}).status_code in (404, 405)
    assert client.delete(f"/api/v1/pools_entry/{second}").status_code in (404, 405)
    with acting_as(SYSTEM):
        assert session.scalar(select(func.count(PoolMovement.id))) == 1
