"""APR-2: the finer parts of designing: a step dragged, people picked, fields and options set, faults told."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import expect

from app.approvals.rules.document import Document, Find, Kind, Rule, Step
from app.approvals.services import definitions
from app.approvals.services.definitions import version_of
from app.testing.browser import DESK, PHONE, Served, Window, check, shot
from app.types import SYSTEM

STEPS = (
    Step("s1", Kind.APPROVE, name="主管", assignees=(Rule(Find.UNIT_HEAD),)),
    Step("s2", Kind.APPROVE, name="行长", assignees=(Rule(Find.UNIT_HEAD, level=2),)),
)


def kept(page: Any) -> None:
    page.wait_for_selector("body[data-flow-saved=yes]")


def publish(page: Any) -> None:
    page.locator("#flow-panel .btn-close").click()
    page.locator("#flow-panel").wait_for(state="hidden")
    page.click("[data-bs-target='#flow-publish']")
    page.click("#flow-publish [type=submit]")


def test_the_finer_parts_of_a_flow(window: Window, served: Served) -> None:
    people = served.people
    with served.acting(SYSTEM):
        shaper = people.add("shaper", "业管", people.head_office, "business_admin")
        number = definitions.create("客户变更", "Customer change", "customer", document=Document(STEPS)).id
    page = window(shaper, f"/approval-flows/{number}/", language="zh", width=DESK)
    items = page.locator("[data-list=''] > .flow-item")
    page.locator("[data-card=s2] .app-grip").drag_to(page.locator("[data-card=s1] .app-grip"))
    expect(items.first).to_have_attribute("data-step", "s2")
    kept(page)

    # named people instead of a head
    page.locator("[data-open=s1]").click()
    panel = page.locator("#flow-panel.show:not(.showing)")
    panel.locator("[data-key=find]").select_option("people")
    kept(page)
    expect(page.locator("[data-card=s1].has-error")).to_be_visible()
    picker = panel.locator("[data-key=employees] + .ts-wrapper")
    picker.locator("input").fill(people.head.name)
    picker.locator(".ts-dropdown .option", has_text=people.head.name).first.click()
    kept(page)
    expect(page.locator("[data-card=s1].has-error")).to_have_count(0)
    expect(page.locator("[data-card=s1]")).to_contain_text(people.head.name)

    # what this step sees and fills in
    panel.locator("summary", has_text="审批期间的字段权限").click()
    for label, level in (("地址", "hidden"), ("备注", "write")):
        panel.get_by_label(label, exact=True).select_option(level)
    kept(page)
    check(page)
    shot(page, "flow-details-fields")

    # what starts it, and up to which amount several are decided at once
    page.click("[data-flow-options]")
    panel.locator("summary", has_text="所选字段的变更").click()
    panel.get_by_role("group", name="这些字段").locator("input[value=level]").check()
    panel.locator("[data-key=button]").uncheck()
    panel.locator("[data-key=batch_field]").select_option("registered_capital")
    kept(page)
    faults = page.locator("[data-flow-findings] .text-danger")
    expect(faults).to_have_count(1)
    check(page)
    shot(page, "flow-details-options")

    # with a fault it is not published, and says why; mended, it is
    publish(page)
    expect(page.locator("#toasts")).to_contain_text("批量审批的上限须同时填写字段和金额")
    with served.acting(SYSTEM):
        assert not definitions.versions_of(number), "nothing is in force"
    page.click("[data-flow-options]")
    panel.locator("[data-key=batch_below]").fill("500000")
    kept(page)
    expect(faults).to_have_count(0)
    publish(page)
    page.locator(".page-header a[href$=versions]").wait_for()
    with served.acting(SYSTEM):
        document = version_of(number, 1)
    assert [step.id for step in document.steps] == ["s2", "s1"]
    rule = document.steps[1].assignees[0]
    assert (rule.find, rule.employees) == (Find.PEOPLE, (people.head.employee_id,))
    assert dict(document.steps[1].fields) == {"address": "hidden", "remark": "write"}
    assert (document.starts.change, document.starts.button) == (("level",), False)
    assert (document.batch_field, document.batch_below) == ("registered_capital", "500000")

    phone = window(shaper, f"/approval-flows/{number}/", language="en", width=PHONE)
    phone.click("[data-flow-options]")
    phone.locator("#flow-panel.show:not(.showing)").wait_for()
    check(phone)
    shot(phone, "flow-details-options")
