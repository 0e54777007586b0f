"""POOL-1: a rule written on screen: its condition, its rungs, what it said under each version."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from app.api import Customer, acting_as, check_condition, condition_of, session
from app.testing.factories import make_customer, make_record
from app.testing.people import Browser, login
from app.types import SYSTEM, Refused
from plugins.pools.models import Pool, PoolRule, PoolRuleVersion
from plugins.pools.services.explaining import explain_ladder
from plugins.pools.tests.conftest import Bank, rows

RULE = {
    "name": "重点客户", "position": "10", "trigger": "follow_up", "amber_days": "7", "red_days": "3", "pool_days": "5",
    "city_days": "5", "keep_days": "15", "active": "1",
}  # fmt: skip
ADDRESS = "/pools_rule/add"


def test_a_rule_is_written_with_its_condition(bank: Bank, client: Browser) -> None:
    login(client, bank.people.admin)
    form = client.get(ADDRESS).text
    assert form.count("留空：按系统设置（客户经理 3 天，主管 1 天）") == 1, "one help for all reminders"
    assert form.count('placeholder="3" aria-label=') == 3
    token = re.findall('name="_token" value="([^"]+)"', form)[0]
    given = {**RULE, "_token": token, "where": "or(level:in:key,kind:in:corporate)", "head_city_days": "0"}
    assert client.post(ADDRESS, data=given).status_code == 303
    with acting_as(SYSTEM):
        rule = session.scalars(select(PoolRule).where(PoolRule.name == "重点客户")).one()
        mine = bank.people.manager
        key, firm = make_customer(owner=mine, level="key"), make_customer(owner=mine, kind="corporate")
        other = make_customer(owner=mine)
        taken = set(session.scalars(select(Customer.id).where(condition_of("customer", rule.condition))))
    assert (rule.owner_red_days, rule.head_city_days) == (None, 0)
    assert {key.id, firm.id} <= taken
    assert other.id not in taken
    page = client.get(f"/pools_rule/show/{rule.id}").text
    assert "重点客户" in page
    assert "或" in page, "the condition is said in words"
    assert "level:in" not in page
    assert "level:in" in client.get(f"/pools_rule/edit/{rule.id}").text


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"amber_days": "", "red_days": "", "pool_days": "", "city_days": ""}, "pool_days"),
        ({"pool_days": "", "city_days": "5"}, "city_days"),
        ({"trigger": "protection"}, "protect_days"),
        ({"trigger": "protection", "protect_days": "10", "hard_stop_days": "5"}, "hard_stop_days"),
        ({"condition": "or(level:in:key"}, "condition"),
        ({"condition": "and(pools_stage:in:red)"}, "condition"),
        ({"trigger": "the weather"}, "trigger"),
        *(({"amber_days": days}, "amber_days") for days in ("-1", "0", "3651")),
    ],
)
def test_what_a_rule_cannot_say_is_refused(bank: Bank, wrong: dict[str, str], field: str) -> None:
    with pytest.raises(Refused) as refused:
        make_record("pools_rule", **{**RULE, **wrong})
    assert list(refused.value.errors) == [field]


def test_nobody_asks_by_a_field_kept_from_them(bank: Bank, client: Browser) -> None:
    people = bank.people
    hidden = f"and(parent_id:in:{make_customer(owner=people.stranger).id})"
    with acting_as(people.head.actor), pytest.raises(Refused):
        check_condition("customer", hidden, "condition")
    with acting_as(people.admin.actor):
        assert check_condition("customer", hidden, "condition") == hidden
    login(client, people.manager)
    assert client.post(ADDRESS, data=RULE).status_code == 403


def test_each_version_is_kept_and_told(bank: Bank, client: Browser) -> None:
    login(client, bank.people.admin)
    rule = make_record("pools_rule", name="新规则", pool_days=30)
    address = f"/pools_rule/edit/{rule.id}"
    assert client.post(address, data={"pool_days": "45", "_version": "1"}).status_code == 303
    assert client.post(address, data={"pool_days": "45", "_version": "2"}).status_code == 303
    kept = rows(
        select(PoolRuleVersion.version, PoolRuleVersion.document)
        .where(PoolRuleVersion.rule_id == rule.id)
        .order_by(PoolRuleVersion.version)
    )
    assert [(version, said["pool_days"]) for version, said in kept] == [(1, 30), (2, 45)]
    text = client.get(f"/pools_rule/show/{rule.id}/tab/pools_versions").text
    assert "45" in text
    assert "30" in text


def test_the_form_says_what_the_rule_means(bank: Bank, client: Browser) -> None:
    login(client, bank.people.admin)
    told = client.post("/pools_rule/explain", data={**RULE, "where": "and(level:in:key)"}).text
    assert "转黄" in told
    assert "重点客户" in told
    assert "1,000,000" not in client.post("/pools_rule/explain", data={**RULE, "amber_days": "1000000"}).text


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (
            {"trigger": "follow_up", "amber_days": 7, "red_days": 3, "pool_days": 5, "city_days": 5},
            [("amber", 9), ("red", 12), ("pool", 17), ("city", 23)],
        ),
        ({"trigger": "owned", "pool_days": 30}, [("pool", 32)]),
        ({"trigger": "protection", "protect_days": 10, "red_days": 3}, [("amber", 12), ("red", 15)]),
        ({"trigger": "protection"}, []),
    ],
)
def test_the_steps_of_one_customer(app: Any, said: dict[str, Any], expected: list[tuple[str, int]]) -> None:
    found = explain_ladder(said, date(2026, 3, 1))
    assert [(one.step, (one.on - date(2026, 2, 28)).days) for one in found] == expected


def test_who_belongs_to_a_pool_is_named_once(bank: Bank, client: Browser) -> None:
    people, pool = bank.people, bank.north_pool.id
    make_record("pools_member", pool_id=pool, employee_id=people.manager.employee_id)
    make_record("pools_member", pool_id=pool, unit_id=people.south.id, administers=True)
    for wrong in (
        {},
        {"employee_id": people.manager.employee_id, "unit_id": people.south.id},
        {"employee_id": people.manager.employee_id},
        {"unit_id": people.south.id},
    ):
        with pytest.raises(Refused):
            make_record("pools_member", pool_id=pool, **wrong)
    login(client, people.admin)
    assert "张经理" in client.get(f"/pools_pool/show/{pool}/tab/pools_member").text
    assert client.get(f"/pools_pool/edit/{pool}").status_code == 200


def test_limits_and_hidden_fields_of_a_pool(bank: Bank, client: Browser) -> None:
    head = make_record("pools_pool", code="HH", name="主管池", kind="head", unit_id=bank.people.north.id, owned_limit=5)
    assert (head.owned_limit, head.hidden_fields) == (5, [])
    login(client, bank.people.admin)
    address = f"/pools_pool/edit/{head.id}"
    assert "[]" not in client.get(address).text
    hidden = {"hidden_fields": "name,mobile", "claims_per_day": "3"}
    assert client.post(address, data=hidden).status_code == 303
    assert rows(select(Pool.hidden_fields, Pool.claims_per_day).where(Pool.id == head.id)) == [(["name", "mobile"], 3)]
    assert client.post(address, data={"hidden_fields": "", "claims_per_day": ""}).status_code == 303
    assert rows(select(Pool.hidden_fields, Pool.claims_per_day).where(Pool.id == head.id)) == [([], None)]
