"""POOL-1 to POOL-4 in the browser: a red customer is kept, others go up the ladder, are given out and claimed."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from playwright.sync_api import expect
from sqlalchemy import update

from app.customers.models import Customer
from app.db import now, session, transaction
from app.jobs.services import enqueue
from app.organisation.models import Unit
from app.testing.browser import DESK, PHONE, Served, Window, check, shot
from app.testing.factories import make_activity, make_customer, make_record
from app.testing.flows import ship_flows
from app.testing.jobs import run_pending
from app.testing.people import Person
from app.types import SYSTEM
from plugins.pools.models import PoolEntry, PoolRule
from plugins.pools.services import business_today, reckon

#: Days since each customer's last follow-up: red after fifteen, in the pool after twenty.
RED, KEPT, GONE = "云埠标红", "岭桥保留", ("青湾退回", "雁洲分配", "柏川公海")


@pytest.fixture(scope="module")
def customers(served: Served) -> dict[str, int]:
    """A ladder, its pools, customers at its rungs, and the first night."""
    people = served.people
    with served.acting(SYSTEM):
        ship_flows()
        head = make_record("pools_pool", code="N", name="北支行主管池", unit_id=people.north.id, claimable=False)
        city = make_record("pools_pool", code="C", name="分行公共池", unit_id=people.branch.id)
        head.kind, city.kind = "head", "city"
        session.add(PoolRule(name="跟进要求", amber_days=10, red_days=5, pool_days=5, city_days=10))
        session.get_one(Unit, people.north.id).head_id = people.head.employee_id
        session.commit()
        days = {RED: 17, KEPT: 18} | dict.fromkeys(GONE, 30)
        made = {name: aged(people.manager, name, ago) for name, ago in days.items()}
        aged(people.manager, "澜浦在期", 2)
    night(served, business_today_of(served))
    return made


def business_today_of(served: Served) -> date:
    with served.acting(SYSTEM):
        return business_today()


def aged(owner: Person, name: str, days: int) -> int:
    """A customer followed up so many days ago, its owner's for long."""
    customer = make_customer(name, owner)
    long_ago = now() - timedelta(days=200)
    table = Customer.__table__
    with transaction() as current:
        current.execute(update(table).where(table.c.id == customer.id).values(owned_since_at=long_ago))
    make_activity(customer, owner, days_ago=days)
    with transaction() as current:
        reckon(current, [customer.id])
    return customer.id


def night(served: Served, day: date) -> None:
    """Run a night as its job."""
    with served.acting(SYSTEM):
        enqueue("pools.recycle", {"business_date": day})
        run_pending()


def answer_dialog(page: Any, **values: str) -> None:
    """Fill in the fields of the open dialog and send it."""
    dialog = page.locator("#dialog.show")
    dialog.locator("form").wait_for()
    check(page)
    for name, value in values.items():
        dialog.locator(f"[name={name}]").fill(value)
    dialog.locator("button[type=submit]").click()


def test_a_red_customer_is_kept(served: Served, window: Window, customers: dict[str, int]) -> None:
    people = served.people
    page: Any = window(people.manager, "/customer/list/?sort=pools_days_left", language="zh")
    row = page.locator("tr").filter(has_text=KEPT)
    expect(row).to_contain_text("标红")
    check(page)
    shot(page, "pools-countdown")
    page.goto(f"{served.url}/customer/show/{customers[KEPT]}")
    page.get_by_role("button", name="更多").click()
    page.locator(".dropdown-menu.show").get_by_text("申请保留").click()
    answer_dialog(page, reason="约定下周签约")
    expect(page.locator("[data-toast]").filter(has_text="1")).to_be_visible()

    page = window(people.head, "/approvals/", language="en", width=PHONE)
    page.locator("#list-region [data-row]").filter(has_text=KEPT).locator("[data-act=approve]").click()
    page.locator("#dialog.show [data-first]").click()
    expect(page.locator("#list-region [data-row]").filter(has_text=KEPT)).to_have_count(0)

    page = window(people.manager, f"/customer/show/{customers[KEPT]}/tab/pools_story", language="en", width=PHONE)
    expect(page.locator("main")).to_contain_text("Kept")
    check(page)


def test_the_others_are_given_out_and_claimed(served: Served, window: Window, customers: dict[str, int]) -> None:
    people, (back, given, left) = served.people, GONE
    page: Any = window(people.head, "/pools_entry/list/?sort=entered_at", language="zh")
    expect(page.locator("main tbody tr")).to_have_count(len(GONE))
    check(page)
    shot(page, "pools-head")
    page.locator("tr", has_text=back).locator("input[type=checkbox]").check()
    page.get_by_role("button", name="返回原客户经理").first.click()
    answer_dialog(page, reason="原客户经理已说明")
    expect(page.locator("tr", has_text=back)).to_have_count(0)
    assert page.url.endswith("?sort=entered_at"), "an act leads back to the list as it was"
    page.locator("tr", has_text=given).locator("input[type=checkbox]").check()
    page.get_by_role("button", name="分配").first.click()
    dialog = page.locator("#dialog.show")
    dialog.locator(".ts-control input").fill("李同事")
    dialog.get_by_role("option", name="李同事").click()
    dialog.locator("button[type=submit]").click()
    expect(page.locator("tr", has_text=given)).to_have_count(0)

    with served.acting(SYSTEM), transaction() as current:  # as if it had lain there for the rule's days
        current.execute(update(PoolEntry.__table__).values(next_on=business_today()))
    night(served, business_today_of(served))
    page = window(people.city_manager, "/pools_entry/list/", language="en", width=DESK)
    expect(page.locator("tr", has_text=left)).to_contain_text("分行公共池")
    check(page)
    shot(page, "pools-city")

    page = window(people.colleague, "/pools_entry/list/", language="zh")
    page.locator("tr", has_text=left).locator("input[type=checkbox]").check()
    page.get_by_role("button", name="领取").first.click()
    page.locator(".modal.show").get_by_role("button", name="确定").click()
    expect(page.locator("tr", has_text=left)).to_have_count(0)
    page.goto(f"{served.url}/customer/show/{customers[left]}/tab/pools_story")
    for said in ("收回", "升级", "领取"):
        expect(page.locator("main")).to_contain_text(said)
    check(page)
    shot(page, "pools-story")
