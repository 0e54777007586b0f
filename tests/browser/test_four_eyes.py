"""Changes of rights by clicking: put under approval in the designer, held on the role's page, decided by another."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import expect
from sqlalchemy import select

from app.approvals.models import Case
from app.base.security.roles import read_role
from app.db import session
from app.testing.browser import PHONE, Served, Window, check, shot
from app.testing.people import Person
from app.types import SYSTEM

EXPORT = "can_export|CustomerView"


def put_under_approval(window: Window, shaper: Person) -> None:
    """A flow for roles and rights, in which any administrator decides, drawn and put in force."""
    page = window(shaper, "/approval-flows/", language="zh")
    page.click("[data-bs-target='#new-flow']")
    page.fill("#flow-name", "授权复核")
    page.fill("#flow-name-en", "Rights with four eyes")
    page.select_option("#flow-entity", "role")
    page.click("#new-flow [type=submit]")
    page.wait_for_selector("#flow-designer .flow-add")
    item = page.locator("[data-add=approve][data-key=''][data-index='0']")
    item.locator("xpath=../../button").click()
    item.click()
    panel = page.locator("#flow-panel.show:not(.showing)")
    panel.locator("[data-key=name]").fill("复核")
    panel.locator("[data-key=find]").select_option("role")
    panel.locator("[data-key=role]").select_option(label="超级管理员")
    page.wait_for_selector("body[data-flow-saved=yes]")
    expect(page.locator("[data-flow-findings] .text-danger")).to_have_count(0)
    check(page)
    shot(page, "four-eyes-1-flow")
    page.click("[data-bs-target='#flow-publish']")
    page.click("#flow-publish [type=submit]")
    page.locator(".page-header a[href$=versions]").wait_for()


def ask_for_export(page: Any) -> str:
    """Tick the export of customers on a role's page and see all of them; the path of the case that holds it."""
    page.locator(f"input[value='{EXPORT}']").check()
    page.select_option("select[name='s.customer']", "all")
    page.click(".matrix-save button[type=submit]")
    page.get_by_role("link", name="查看审批单").first.wait_for()
    expect(page.locator(f"input[value='{EXPORT}']")).not_to_be_checked()
    check(page)
    shot(page, "four-eyes-2-held")
    page.get_by_role("link", name="查看审批单").first.click()
    page.locator("#case-held").wait_for()
    return str(page.evaluate("location.pathname"))


def test_a_role_changes_once_a_second_person_has_agreed_by_clicking(served: Served, window: Window) -> None:
    people = served.people
    with served.acting(SYSTEM):
        shaper = people.add("shaper", "业管", people.head_office, "business_admin")
        second = people.add("second", "王复核", people.head_office, "Admin")
        role_id = people.manager.role_id
    put_under_approval(window, shaper)

    page = window(people.admin, f"/roles/{role_id}", language="zh")
    path = ask_for_export(page)
    for action in ("批准", "拒绝"):
        expect(page.get_by_role("button", name=action, exact=True)).to_have_count(0)
    page.goto(f"{served.url}/approvals/")
    expect(page.locator("tr[data-row]")).to_have_count(0)

    page = window(second, "/approvals/", language="en", width=PHONE)
    check(page)
    shot(page, "four-eyes-3-inbox")
    row = page.locator("tr[data-row]")
    expect(row.locator("[data-act], [data-check]")).to_have_count(0)
    row.get_by_role("link", name="Open", exact=True).click()
    held = page.locator("#case-held")
    expect(held).to_contain_text("+ Export")
    expect(held.locator("dd", has_text="→")).to_contain_text("All")
    check(page)
    shot(page, "four-eyes-4-case")
    page.locator(".case-acts").get_by_text("Approve", exact=True).click()
    page.locator("#act-comment").fill("Seen")
    page.locator("#dialog-content button[type=submit]").click()
    expect(page.locator("[data-status=approved]")).to_be_visible()

    page = window(people.admin, f"/roles/{role_id}", language="zh")
    expect(page.locator(f"input[value='{EXPORT}']")).to_be_checked()
    expect(page.locator("select[name='s.customer']")).to_have_value("all")
    page = window(people.admin, path, language="zh")
    expect(page.locator(".case-history")).to_contain_text(second.name)
    shot(page, "four-eyes-5-done")
    with served.acting(SYSTEM):
        role = read_role(role_id)
        assert role is not None and tuple(EXPORT.split("|")) in role.pairs
        assert session.scalars(select(Case.status)).all() == ["approved"]
