"""Assignment rules in the browser: the form says what the rule means while it is typed; the order by keyboard."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import expect

from app.testing.browser import Served, Window, check
from app.testing.factories import make_record
from app.types import SYSTEM


def test_the_form_explains_the_rule_while_it_is_typed(served: Served, window: Window) -> None:
    page: Any = window(served.people.admin, "/assignment_rule/add", width=390, language="zh")
    said = page.locator("#rule-explained")
    expect(said).to_contain_text("各行人员轮流分配")
    page.locator("[name=method]").select_option("load")
    expect(said).to_contain_text("使各人负荷趋于均衡")
    page.locator("[name='f.level'][value=key]").check()
    expect(said).to_contain_text("重点客户")
    check(page)
    page.locator("[name=name]").fill("重点客户均衡")
    page.locator(".save-bar button[type=submit]").first.click()
    page.wait_for_url("**/tab/people**")
    expect(page.locator("#rule-explained")).to_contain_text("重点客户")
    check(page)


def test_rules_are_put_in_order_with_the_arrows(served: Served, window: Window) -> None:
    with served.acting(SYSTEM):
        for name in ("甲规则", "乙规则"):
            make_record("assignment_rule", name=name, method="load")
    page: Any = window(served.people.admin, "/assignment_rule/order")
    last = page.locator("[data-sortable-item]").last
    expect(last).to_contain_text("乙规则")
    last.locator("[data-sortable-move='-1']").click()
    check(page)
    page.get_by_role("button", name="保存").click()
    page.wait_for_url("**/assignment_rule/list/")
    names = page.locator("#list-region tbody tr").all_inner_texts()
    places = [number for number, text in enumerate(names) if "规则" in text]
    assert "乙规则" in names[places[0]] and "甲规则" in names[places[1]]
