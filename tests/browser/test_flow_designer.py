"""APR-2: a flow designed from nothing by clicking, mended where it says so, published, and looked at on a phone."""

from __future__ import annotations

from playwright.sync_api import Page, expect
from sqlalchemy import select

from app.approvals.models import Definition
from app.approvals.rules.document import Find, Kind, Sign
from app.approvals.services.definitions import version_of
from app.db import session
from app.testing.browser import DESK, PHONE, Served, Window, check, shot
from app.testing.factories import make_customer
from app.types import SYSTEM


def _kept(page: Page) -> None:
    page.wait_for_selector("body[data-flow-saved=yes]")


def _add(page: Page, kind: str, key: str, index: int) -> None:
    """Choose a kind of step in the menu at a place of a list."""
    item = page.locator(f"[data-add={kind}][data-key='{key}'][data-index='{index}']")
    item.locator("xpath=../../button").click()
    item.click()


def test_a_flow_is_designed_from_nothing_and_published(window: Window, served: Served) -> None:
    with served.acting(SYSTEM):
        shaper = served.people.add("shaper", "业管", served.people.head_office, "business_admin")
        make_customer("试验客户", served.people.colleague)
    page = window(shaper, "/approval-flows/", language="zh", width=DESK)
    check(page)
    page.click("[data-bs-target='#new-flow']")
    page.fill("#flow-name", "客户准入")
    page.select_option("#flow-entity", "customer")
    page.click("#new-flow [type=submit]")
    page.wait_for_selector("#flow-designer .flow-add")
    expect(page.locator("[data-flow-findings] li")).to_have_count(1)

    _add(page, "approve", "", 0)
    panel = page.locator("#flow-panel.show:not(.showing)")
    panel.locator("[data-key=name]").fill("部门负责人")
    panel.locator("[data-key=sign]").select_option("all")
    panel.locator("[data-key=share_number]").fill("2")
    panel.locator("[data-key=share_of]").fill("3")
    _kept(page)

    # the branches: one by a condition of two lines, one for everything else
    _add(page, "choice", "", 1)
    form = panel.locator("[data-branch-form='0']")
    form.locator("[data-key=name]").fill("大额")
    form.locator("[data-add-condition]").click()
    line = form.locator(".flow-line-form")
    line.locator("[data-key=field]").select_option("annual_income")
    line.locator("[data-key=operator]").select_option(">=")
    line.locator("[data-key=value]").fill("500000")
    _add(page, "approve", "s2.0", 0)
    panel.locator("[data-key=find]").select_option("role")
    _kept(page)
    expect(page.locator("[data-card=s3].has-error.is-chosen")).to_be_visible()
    panel.locator("[data-key=role]").select_option(label="风控经理")
    _kept(page)
    expect(page.locator("[data-flow-findings] .text-danger")).to_have_count(0)

    # by the keyboard, away and back again
    page.locator("[data-open=s1]").focus()
    page.keyboard.press("Alt+ArrowDown")
    expect(page.locator("[data-list=''] > .flow-item").first).to_have_attribute("data-step", "s2")
    page.click("[data-flow-undo]")
    expect(page.locator("[data-list=''] > .flow-item").first).to_have_attribute("data-step", "s1")
    page.click("[data-delete=s2]")
    expect(page.locator("[data-card=s3]")).to_have_count(0)
    page.click("[data-flow-undo]")
    expect(page.locator("[data-card=s3]")).to_be_visible()
    _kept(page)
    check(page)
    shot(page, "flow-designer")

    # tried on a record: by the conditions, then the other way
    page.locator("#flow-panel").wait_for(state="hidden")
    page.get_by_text("试运行").click()
    for control, text in (("record", "试验客户"), ("applicant", served.people.manager.name)):
        picker = page.locator(f"#trial-{control} + .ts-wrapper")
        picker.locator(".ts-control").click()
        picker.locator(".ts-control input").fill(text)
        picker.locator(".ts-dropdown .option", has_text=text).first.click()
    page.locator("[data-tried=s3][data-state=untaken]").wait_for()
    page.locator("[name='branch.s2']").select_option("0")
    page.locator("[data-tried=s3][data-state=taken]").wait_for()
    check(page)
    shot(page, "flow-trial")

    page.click("[data-bs-target='#flow-publish']")
    page.fill("#flow-note", "首版")
    page.click("#flow-publish [type=submit]")
    page.locator(".page-header a[href$=versions]").wait_for()
    with served.acting(SYSTEM):
        definition = session.scalars(select(Definition)).one()
        document = version_of(definition.id, 1)
    first, choice = document.steps
    assert (first.name, first.sign, str(first.share)) == ("部门负责人", Sign.ALL, "2/3")
    assert (choice.kind, choice.branches[0].name, choice.branches[0].when) == (
        Kind.CHOICE, "大额", "annual_income >= 500000",
    )  # fmt: skip
    assert choice.branches[0].steps[0].assignees[0].find is Find.ROLE
    assert not choice.branches[1].when

    phone = window(shaper, f"/approval-flows/{definition.id}/", language="en", width=PHONE)
    phone.locator("[data-open=s1]").click()
    phone.locator("#flow-panel.show:not(.showing)").wait_for()
    check(phone)
    shot(phone, "flow-designer-panel")
    phone.locator("#flow-panel .btn-close").click()
    phone.locator("#flow-panel").wait_for(state="hidden")
    check(phone)
    shot(phone, "flow-designer")
