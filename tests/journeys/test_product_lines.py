"""POOL-1: a rule for each product line, a choice field an admin made on screen, through all a ladder does."""

from __future__ import annotations

import html
import json
import re
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.access.actors import acting_as
from app.access.scope import UNSCOPED
from app.customers.models import Customer
from app.customers.services import create_customers
from app.db import now, session, transaction
from app.demo.product_lines import KEY, LINES
from app.fields.records import update_record
from app.host.context import context, entity
from app.jobs.services import enqueue
from app.testing.factories import make_record
from app.testing.jobs import run_pending
from app.testing.people import Browser, People, login
from app.types import SYSTEM
from plugins.pools.models import PoolMovement, PoolRule, PoolRun, PoolStanding
from plugins.pools.services import business_today, coming_night, reckon
from plugins.pools.services.ladders import read_ladders
from plugins.pools.services.simulation import draft, simulate, simulated_steps
from plugins.pools.services.tonight import count_tonight
from tests.kernel.fields.shaping import add_fields, rebuilt
from tests.kernel.fields.test_shaping import change

FIELD = {"key": KEY, "label_zh": "产品线", "label_en": "Product line", "kind": "choice", "choices": LINES}
#: Days from amber to red, and from red to the pool, are five each.
LADDER = {"trigger": "follow_up", "red_days": "5", "pool_days": "5", "keep_days": "15", "active": "1"}
#: Days to amber by product line; the last rule takes whoever has none of these.
AMBER = {"mortgage": 30, "consumer": 10, "": 20}
#: Quiet for so many whole days on the coming night, and what it does with each line.
QUIET = 21
COMING = {"mortgage": None, "consumer": "recycle", "": "amber"}


@pytest.fixture
def site_with_lines(app: Flask, people: People) -> Any:
    add_fields(FIELD)
    with rebuilt(app) as new:
        make_record("pools_pool", code="N", name="北支行客户池", kind="head", unit_id=people.north.id)
        yield new


def write_rules(client: Browser) -> dict[str, int]:
    """The rules as an admin builds them: {product line: rule}."""
    found = {}
    for place, (line, days) in enumerate(AMBER.items(), 1):
        page = client.get("/pools_rule/add").text
        offered = json.loads(html.unescape(re.findall('data-fields="([^"]+)"', page)[0]))
        built = next(each for each in offered if each["name"] == KEY)
        assert built["label"] == "产品线" and ["mortgage", "房抵贷"] in built["choices"]
        token = re.findall('name="_token" value="([^"]+)"', page)[0]
        given = {**LADDER, "_token": token, "name": f"规则{line or '其余'}", "position": str(place),
                 "amber_days": str(days), "where": f"and({KEY}:in:{line})" if line else ""}  # fmt: skip
        assert client.post("/pools_rule/add", data=given).status_code == 303
        found[line] = one(select(PoolRule.id).where(PoolRule.name == given["name"]))
    return found


def one(statement: Any) -> Any:
    return session.scalars(statement.execution_options(**{UNSCOPED: True})).one()


def quiet(people: People, line: str) -> Customer:
    """A customer of a product line whom nobody has called since they came."""
    since = now() - timedelta(days=QUIET - (coming_night() - business_today()).days + 1)
    row = {"name": f"客户{line}", "owner_id": people.manager.employee_id, "created_at": since}
    with acting_as(SYSTEM):
        (number,) = create_customers([{**row, "custom": {KEY: line} if line else {}}])
        return session.get_one(Customer, number)


def reckon_all() -> None:
    with transaction() as current:
        reckon(current, None)


def standing() -> dict[int, tuple[int, Any]]:
    """{customer: (rule, its next step)}."""
    s = PoolStanding
    found = select(s.customer_id, s.rule_id, s.next_on).execution_options(**{UNSCOPED: True})
    return {number: (rule, on) for number, rule, on in session.execute(found)}


def test_each_product_line_has_a_ladder_of_its_own(site_with_lines: Flask, people: People) -> None:
    client = site_with_lines.test_client()
    login(client, people.admin)
    rules = write_rules(client)
    assert "产品线" in client.get(f"/pools_rule/show/{rules['mortgage']}").text
    customers = {line: quiet(people, line) for line in (*AMBER, "car")}
    night = coming_night()
    with acting_as(SYSTEM):
        run_pending()  # the standings of all, since rules were written
        by_one = standing()
        reckon_all()
        assert standing() == by_one, "of all as of each"
        wanted = {customers[line].id: rules[line if line in rules else ""] for line in customers}
        assert {number: rule for number, (rule, _on) in by_one.items()} == wanted
        coming = {(rules[line], act): 1 + (line == "") for line, act in COMING.items() if act}
        assert count_tonight(night) == coming
        # ninety nights: the rule before it takes its own, a draft of one line takes that line's
        tried = draft({"position": 9, "amber_days": 10, "condition": f"and({KEY}:in:car|mortgage)"})
        assert {step.customer_id for step in simulated_steps(tried)} == set(), "all of them are others' already"
        tried.position = 0
        both = {customers[line].id for line in ("car", "mortgage")}
        assert {step.customer_id for step in simulated_steps(tried)} == both
        assert simulate(tried).totals == {"amber": 2}
        number = enqueue("pools.recycle", {"business_date": night})
        run_pending()
        assert number and one(select(PoolRun.state)) == "done"
        m = PoolMovement
        moved = session.execute(select(m.customer_id, m.act, m.rule_id).execution_options(**{UNSCOPED: True}))
        assert {(customer, rule): act for customer, act, rule in moved} == {
            (customers[line].id, rules[line if line in rules else ""]): act
            for line, act in {**COMING, "car": "amber"}.items() if act
        }  # fmt: skip
        # whoever changes lines has another ladder in the same transaction
        update_record(entity("customer"), session.get_one(Customer, customers["car"].id), {KEY: "mortgage"})
        assert standing()[customers["car"].id][0] == rules["mortgage"]


def test_a_version_names_another_line_and_a_field_out_of_use_stops_the_rule(
    site_with_lines: Flask, people: People
) -> None:
    client = site_with_lines.test_client()
    login(client, people.admin)
    rules = write_rules(client)
    car = quiet(people, "car").id
    address = f"/pools_rule/edit/{rules['consumer']}"
    assert client.post(address, data={"where": f"and({KEY}:in:car)", "_version": "1"}).status_code == 303
    with acting_as(SYSTEM):
        run_pending()
    assert standing()[car][0] == rules["consumer"]
    told = client.get(f"/pools_rule/show/{rules['consumer']}/tab/pools_versions").text
    assert "车抵贷" in told and "消费贷" in told and ":in:" not in told
    wrong = client.post(address, data={"where": f"and({KEY}:in:boat)", "_version": "2"})
    assert wrong.status_code == 422, "a choice the field does not have"
    with acting_as(SYSTEM):
        change(KEY, active=False)
    with rebuilt(site_with_lines) as again, acting_as(SYSTEM):
        reckon_all()
        assert standing()[car][0] == rules[""], "a rule that is not understood watches nobody"
        session.commit()
        login(client := again.test_client(), people.admin)
        assert "已失效的条件" in client.get(f"/pools_rule/show/{rules['consumer']}").text
        assert set(read_ladders(session())[0].broken) == {rules["mortgage"], rules["consumer"]}, "and says why"


def test_the_demonstration_bank_has_a_rule_for_each(site_with_lines: Flask, people: People) -> None:
    quiet(people, "car")
    with acting_as(SYSTEM):
        context().hooks.modules["pools"].demo_data(Random(7), print)
        field = entity("customer").field(KEY)
        assert field is not None
        said = set(session.scalars(select(PoolRule.condition)))
        assert {f"and({KEY}:in:{choice.value})" for choice in field.choices} < said
        watching = one(select(PoolStanding.rule_id))
        assert session.get_one(PoolRule, watching).condition == f"and({KEY}:in:car)"
