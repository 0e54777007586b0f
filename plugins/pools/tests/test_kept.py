"""What is kept from somebody: owners, conditions, fields of the countdown, by whatever door they come."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from app.api import Customer, CustomerOwnership, acting_as, now, session, transaction
from app.testing.factories import make_customer, make_record
from app.testing.people import Browser, keep_field, login
from app.types import SYSTEM, Refused
from plugins.pools.models import PoolMovement
from plugins.pools.services import lock_customers
from plugins.pools.tests.conftest import Bank, aged, lose, redden

FORMER, NUMBER, PARENT = "查无此前任", "110101199003070011", "秘而不宣母公司"


def test_who_may_not_read_owners_reads_no_former_ones(bank: Bank, client: Browser) -> None:
    people = bank.people
    former, own = people.add("former", FORMER, people.north, "account_manager"), aged(people.head)
    aged(former)
    lying = lose(aged(former), bank.north_pool, now() - timedelta(days=2))
    with acting_as(SYSTEM), transaction() as current:
        said = {"from_employee_id": former.employee_id, "to_pool_id": bank.north_pool.id}
        current.execute(update(CustomerOwnership.__table__).values(at=now() - timedelta(days=400)))
        current.add(PoolMovement(customer_id=own.id, act="recycle", at=now() - timedelta(days=2), **said))
    doors = {
        f"/customer/show/{lying.id}": False, f"/customer/show/{own.id}/tab/pools_story": True,
        f"/customer/show/{own.id}/timeline": True, "/pools_movement/list/": True, "/pools_entry/list/": True,
        "/pools_board/list/": True, f"/pools_simulation/list/?rule={bank.rule.id}": True,
        "/api/v1/pools_entry/": False, "/api/v1/pools_movement/": False,
    }  # fmt: skip
    login(client, people.head)
    assert [door for door, named in doors.items() if named and FORMER not in client.get(door).text] == []
    keep_field(people.head, "customer", "owner_id")
    login(client, people.head)
    answers = {door: client.get(door) for door in doors}
    assert {answer.status_code for answer in answers.values()} == {200}
    assert [door for door, answer in answers.items() if FORMER in answer.text] == []
    for door in ("/api/v1/pools_entry/", "/api/v1/pools_movement/"):
        assert "from_employee_id" not in answers[door].json["result"][0]
    assert client.get(f"/pools_entry/list/?f.from_employee_id={former.employee_id}").status_code == 400


def test_a_condition_is_said_only_to_who_may_read_all_it_names(bank: Bank, client: Browser) -> None:
    people = bank.people
    parent = make_customer(PARENT, owner=people.stranger)
    by_number = make_record("pools_rule", name="甲", pool_days=30, condition=f"and(id_number:equals:{NUMBER})")
    by_parent = make_record("pools_rule", name="乙", pool_days=30, condition=f"and(parent_id:in:{parent.id})")
    pages = ("show/{}", "show/{}/tab/history", "show/{}/tab/pools_versions")
    doors = ["/pools_rule/list/?columns=condition,name", "/api/v1/pools_rule/"]
    for rule in (by_number, by_parent):
        doors += [f"/pools_rule/{page}".format(rule.id) for page in pages] + [f"/api/v1/pools_rule/{rule.id}"]
    login(client, people.admin)
    assert NUMBER in client.get(f"/api/v1/pools_rule/{by_number.id}").text
    assert NUMBER in client.get(doors[0]).text
    keep_field(people.manager, "customer", "id_number", "masked")
    login(client, people.manager)
    told = {door: client.get(door) for door in doors}
    assert {answer.status_code for answer in told.values()} == {200}
    assert [door for door, answer in told.items() if NUMBER in answer.text or PARENT in answer.text] == []
    for rule in (by_number, by_parent):
        assert told[f"/api/v1/pools_rule/{rule.id}"].json["result"]["condition"] is None


def test_the_countdown_is_kept_from_whom_its_fields_are(bank: Bank, client: Browser) -> None:
    people = bank.people
    one = aged(people.head)
    redden(bank, one)
    for name, level in (("pools_stage", "hidden"), ("pools_days_left", "masked"), ("pools_next_on", "hidden")):
        keep_field(people.head, "customer", name, level)
    login(client, people.head)
    told = client.get(f"/api/v1/customer/{one.id}").json["result"]
    assert {name: value for name, value in told.items() if name.startswith("pools_")} == {"pools_days_left": "***"}
    for asked in ("f.pools_stage=red", "sort=pools_days_left", "where=and(pools_stage:in:red)"):
        assert client.get(f"/customer/list/?{asked}").status_code == 400, asked
    assert "f.pools_stage" not in client.get("/pools_board/list/").text


def test_the_countdown_is_read_anew_after_an_act(bank: Bank) -> None:
    one = aged(bank.people.manager)
    redden(bank, one)
    with acting_as(bank.people.head.actor):
        held = session.get_one(Customer, one.id)
        assert held.pools_days_left is not None
        assert lock_customers([one.id], "诉讼中").done == [one.id]
        assert held.pools_days_left is None


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_no_rule_counts_from_a_day_nobody_can_count_from(bank: Bank, client: Browser, day: str) -> None:
    said = {"name": "怪", "trigger": "follow_up", "pool_days": "3650", "keep_days": "5", "counts_from": day}
    with pytest.raises(Refused) as refused:
        make_record("pools_rule", **said)
    assert list(refused.value.errors) == ["counts_from"]
    login(client, bank.people.admin)
    assert client.post("/pools_rule/explain", data=said).status_code == 200
    assert client.post("/pools_rule/explain", data={**said, "counts_from": "", "pool_id": "x"}).status_code == 200
    for wrong in ({"counts_from": day}, {"unit_id": "x"}, {"pool_id": str(2**31)}):
        asked = {**said, "counts_from": "", **wrong}
        assert client.get("/pools_simulation/list/", query_string=asked).status_code == 400


def test_acts_over_rest_take_only_what_they_ask_for(bank: Bank, client: Browser) -> None:
    one = aged(bank.people.manager)
    login(client, bank.people.admin)
    wrong = (
        ("assign", {"employee_id": "x"}), ("assign", {"employee_id": 2**31}), ("assign", {"employee_id": 2**63}),
        ("release", {"reason": "x", "pool_id": "x"}), ("release", {"reason": "x", "pool_id": 2**63}),
        ("lock", {"reason": "\ud800"}), ("lock", {"reason": ["x"]}), ("keep", {"reason": "x", "days": "3"}),
        ("lock", {"reason": "x", "until": "2026-13-01"}), ("claim", {"reason": "x"}),
    )  # fmt: skip
    for act, said in wrong:
        answer = client.post(f"/api/v1/pools_entry/{act}", json={"customers": [one.id], **said})
        assert answer.status_code in (400, 422), (act, said)
    for ids in ([0], [True], [1.5], ["1"], [2**63], {"a": 1}, []):
        assert client.post("/api/v1/pools_entry/unlock", json={"customers": ids}).status_code == 422, ids
