"""Who reaches one branch sets up rules, pools and members of that branch only, by whatever door."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from sqlalchemy import select

from app.api import Employee, Unit, acting_as, create_record, delete_record, entity, session, update_record
from app.testing.factories import make_record
from app.testing.jobs import run_pending
from app.testing.people import Browser, Person, login, narrow
from app.types import SYSTEM, Refused
from plugins.pools.models import Pool, PoolMember, PoolRule
from plugins.pools.tests.conftest import Bank, rows

LADDER = {"name": "本支行", "position": 10, "trigger": "follow_up", "pool_days": 5, "keep_days": 15}


@pytest.fixture
def clerk(bank: Bank) -> Person:
    """Somebody who sets pools up for the northern sub-branch only."""
    person = bank.people.add("chen", "陈支行", bank.people.north, "business_admin")
    narrow(person, "unit_and_below", "pools_rule", "pools_pool")
    return person


def written(slug: str, record_id: int) -> dict[str, Any]:
    """What a record says, whoever acts."""
    table = entity(slug).model.__table__
    session.rollback()
    return dict(session.connection().execute(select(table).where(table.c.id == record_id)).mappings().one())


def test_rules_beyond_are_looked_at_and_not_written(bank: Bank, clerk: Person, client: Browser) -> None:
    people, rule = bank.people, entity("pools_rule")
    south = make_record("pools_rule", **LADDER, unit_id=people.south.id)
    with acting_as(clerk.actor):
        own = create_record(rule, {**LADDER, "unit_id": people.north.id})
        # nobody's, since the whole bank's; of another branch; of the whole bank by the unit of its pool
        for beyond in ({"unit_id": None}, {"unit_id": people.south.id}, {"pool_id": bank.branch_pool.id}):
            with pytest.raises(Refused) as refused:
                create_record(rule, {**LADDER, **beyond})
            assert list(refused.value.errors) == ["unit_id"]
        for beyond in ({"unit_id": None}, {"unit_id": people.south.id}):
            with pytest.raises(Refused):
                update_record(rule, session.get_one(PoolRule, own.id), beyond)
            session.rollback()
    login(client, clerk)
    for number in (bank.rule.id, south.id):
        before = written("pools_rule", number)
        page = client.get(f"/pools_rule/show/{number}")
        assert page.status_code == 200
        assert f"/pools_rule/edit/{number}" not in page.text
        form = {**LADDER, "active": "", "unit_id": people.north.id, "_version": "1"}
        for answer in (
            client.post(f"/pools_rule/edit/{number}", data=form),
            client.post(f"/pools_rule/cell/{number}/position", data={"position": "1", "_version": "1"}),
            client.put(f"/api/v1/pools_rule/{number}", json={"active": False}),
        ):
            assert answer.status_code in (303, 403, 404), answer.text  # 303: back to its page, which says why
        assert written("pools_rule", number) == before
    answer = client.post("/api/v1/pools_rule/", json=LADDER)
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["unit_id"])
    form = {**{name: str(value) for name, value in LADDER.items()}, "unit_id": str(people.south.id)}
    form["_token"] = re.findall('name="_token" value="([^"]+)"', client.get("/pools_rule/add").text)[0]
    assert client.post("/pools_rule/add", data=form).status_code == 422
    assert client.put(f"/api/v1/pools_rule/{own.id}", json={"pool_days": 6}).status_code == 200
    kept = {(None, 30), (people.south.id, 5), (people.north.id, 6)}
    assert set(rows(select(PoolRule.unit_id, PoolRule.pool_days))) == kept


def test_who_reaches_a_unit_without_those_below_writes_no_rule_that_takes_them(bank: Bank, client: Browser) -> None:
    people, rule = bank.people, entity("pools_rule")
    there = people.add("bian", "卞分行", people.branch, "business_admin")
    narrow(there, "unit", "pools_rule")
    ours = make_record("pools_rule", **LADDER, unit_id=people.branch.id)
    with acting_as(there.actor):
        for act in (
            lambda: create_record(rule, {**LADDER, "unit_id": people.branch.id}),
            lambda: create_record(rule, {**LADDER, "pool_id": bank.branch_pool.id}),
            lambda: update_record(rule, session.get_one(PoolRule, ours.id), {"active": False}),
        ):
            with pytest.raises(Refused):
                act()
            session.rollback()
    login(client, there)
    before = written("pools_rule", ours.id)
    form = {**{name: str(value) for name, value in LADDER.items()}, "unit_id": str(people.branch.id)}
    form["_token"] = re.findall('name="_token" value="([^"]+)"', client.get("/pools_rule/add").text)[0]
    answer = client.post("/pools_rule/add", data=form)
    assert answer.status_code == 422 and "全部下级机构" in answer.text
    assert client.post("/api/v1/pools_rule/", json={**LADDER, "unit_id": people.branch.id}).status_code == 422
    for answer in (
        client.post(f"/pools_rule/edit/{ours.id}", data=form),
        client.post(f"/pools_rule/cell/{ours.id}/position", data={"position": "1", "_version": "1"}),
        client.put(f"/api/v1/pools_rule/{ours.id}", json={"active": False}),
    ):
        assert answer.status_code in (303, 403, 404), answer.text
    assert written("pools_rule", ours.id) == before
    leaf = people.add("ye", "叶支行", people.north, "business_admin")  # the same role, where nothing lies below
    with acting_as(leaf.actor):
        assert create_record(rule, {**LADDER, "unit_id": people.north.id}).unit_id == people.north.id


def test_pools_and_members_beyond_are_looked_at_and_not_written(bank: Bank, clerk: Person, client: Browser) -> None:
    people, pool, member = bank.people, entity("pools_pool"), entity("pools_member")
    mine = {"employee_id": clerk.employee_id}
    with acting_as(SYSTEM):
        named = create_record(member, {"pool_id": bank.south_pool.id, "employee_id": people.stranger.employee_id})
    with acting_as(clerk.actor):
        created = create_record(pool, {"code": "X", "name": "新池", "unit_id": people.north.id})
        create_record(member, {"pool_id": created.id, **mine})
        for act in (
            lambda: create_record(pool, {"code": "Y", "name": "外池", "unit_id": people.south.id}),
            lambda: create_record(member, {"pool_id": bank.branch_pool.id, **mine, "administers": True}),
            lambda: update_record(pool, bank.south_pool, {"claimable": True, "hidden_fields": []}),
            lambda: update_record(member, named, mine),
            lambda: delete_record(member, named),
            lambda: delete_record(pool, bank.branch_pool),
        ):
            with pytest.raises(Refused):
                act()
            session.rollback()
    login(client, clerk)
    assert client.get(f"/pools_pool/show/{bank.south_pool.id}").status_code == 200
    api = "/api/v1/pools_"
    for answer in (
        client.put(f"{api}pool/{bank.south_pool.id}", json={"active": False}),
        client.delete(f"{api}pool/{bank.branch_pool.id}"),
        client.put(f"{api}member/{named.id}", json=mine),
        client.delete(f"{api}member/{named.id}"),
        client.post(f"/pools_member/edit/{named.id}", data={"administers": "1"}),
        client.post("/pools_pool/delete_many", data={"ids": str(bank.south_pool.id)}),
        client.post(f"{api}member/", json={"pool_id": bank.south_pool.id, **mine}),
        client.post(f"{api}pool/", json={"code": "Y", "name": "外池", "unit_id": people.branch.id}),
    ):
        assert answer.status_code in (303, 403, 404, 422), answer.text
    assert {code for (code,) in rows(select(Pool.code).where(Pool.active))} == {"B", "N", "S", "H", "X"}
    people_of = {(created.id, clerk.employee_id), (bank.south_pool.id, people.stranger.employee_id)}
    assert set(rows(select(PoolMember.pool_id, PoolMember.employee_id))) == people_of


def brought(client: Browser, slug: str, text: str) -> None:
    """A file by the wizard, its columns as it guesses them, existing records changed."""
    sent = {"file": (io.BytesIO(text.encode()), "pools.csv")}
    answer = client.post(f"/import/start/{slug}", data=sent)
    (number,) = re.findall(r"/import/(\d+)/", answer.headers["Location"])
    page = client.get(f"/import/{number}/columns").text
    chosen = {"duplicates": "update"}
    for place, options in enumerate(re.findall(r'<select[^>]*name="column-\d+".*?</select>', page, re.S)):
        chosen[f"column-{place}"] = re.findall(r'value="(\w+)" selected', options)[0]
    assert client.post(f"/import/{number}/columns", data=chosen).status_code == 303
    assert client.post(f"/import/{number}/run").status_code == 303
    run_pending()


def test_no_file_brings_in_what_is_beyond(bank: Bank, clerk: Person, client: Browser) -> None:
    people = bank.people
    with acting_as(SYSTEM):
        unit = {name: session.get_one(Unit, getattr(people, name).id).code for name in ("north", "south")}
        code = session.get_one(Employee, clerk.employee_id).code
    login(client, clerk)
    brought(client, "pools_pool", f"code,name,unit_id\nX,新池,{unit['north']}\nY,外池,{unit['south']}\nS,改名,\n")
    assert set(rows(select(Pool.code, Pool.name).where(Pool.code.in_(("X", "Y", "S"))))) == {
        ("X", "新池"), ("S", bank.south_pool.name),
    }  # fmt: skip
    brought(client, "pools_member", f"pool_id,employee_id\nX,{code}\nS,{code}\n")
    pool = select(Pool.code).join(PoolMember, PoolMember.pool_id == Pool.id)
    assert rows(pool) == [("X",)]
