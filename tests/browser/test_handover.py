"""Handing work over and leaving as people see it: both languages, desk and phone."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect
from sqlalchemy import func, select

from app.access.scope import UNSCOPED
from app.customers.models import Customer
from app.customers.services import create_customers
from app.db import session
from app.organisation.models import Employee
from app.testing.browser import DESK, PHONE, Served, Window, check, shot
from app.testing.jobs import run_pending
from app.types import SYSTEM

COUNT = 25


def owned(served: Served, employee_id: int) -> int:
    with served.acting(SYSTEM):
        counted = select(func.count(Customer.id)).where(Customer.owner_id == employee_id)
        return session.scalar(counted.execution_options(**{UNSCOPED: True})) or 0


def pick(page: Any, field: str, text: str) -> None:
    """Choose a person in a picker."""
    control = page.locator(f"#{field} + .ts-wrapper")
    control.locator("input").fill(text)
    control.locator(".ts-dropdown .option", has_text=text).first.click()
    page.keyboard.press("Escape")


@pytest.mark.parametrize(("language", "width"), [("zh", DESK), ("en", PHONE)])
def test_a_handover_from_the_employees_page_to_its_undo(
    window: Window, served: Served, language: str, width: int
) -> None:
    giver = served.people.manager.employee_id
    look: dict[str, Any] = {"width": width, "language": language}
    with served.acting(SYSTEM):
        create_customers([{"name": f"客户{n}", "owner_id": giver} for n in range(COUNT)])
    before = owned(served, giver)

    def seen(page: Any, what: str) -> None:
        shot(page, f"handover-{what}-{language}")
        check(page)

    page = window(served.people.city_manager, f"/employee/show/{giver}/tab/work", **look)
    seen(page, "1-held")
    page.click("a[href*='/handover/new']")
    page.wait_for_selector("#to + .ts-wrapper")
    pick(page, "to", "李同事")
    pick(page, "to", "吴主管")
    page.click("button[value=preview]")
    page.wait_for_selector("#preview")
    seen(page, "2-preview")
    page.click("button[value=start]")
    page.wait_for_selector(".job-piece")
    seen(page, "3-asked")
    run_pending(served.app)
    page.wait_for_selector(".job-piece", state="detached")
    assert owned(served, giver) == 0
    page.reload()
    seen(page, "4-result")
    page.click("form[action$='/undo'] button")
    page.click("#confirm-yes")
    page.wait_for_selector(".job-piece")
    run_pending(served.app)
    page.wait_for_selector(".job-piece", state="detached")
    assert owned(served, giver) == before
    page.reload()
    seen(page, "5-undone")
    page.goto(f"{served.url}/handover/list/")
    seen(page, "6-list")
    page.goto(f"{served.url}/handover/start")
    page.wait_for_selector("#employee + .ts-wrapper")
    seen(page, "7-start")
    page.locator("#employee + .ts-wrapper .ts-control").click()
    page.locator("#employee + .ts-wrapper .ts-control input").fill(served.people.colleague.name)
    # The list narrows to what was typed, whatever else the address of the picker asks for.
    expect(page.locator("#employee + .ts-wrapper .ts-dropdown .option")).to_have_count(1)


@pytest.mark.parametrize("width", [DESK, PHONE])
def test_leaving_says_what_is_missing_first(window: Window, served: Served, width: int) -> None:
    number = served.people.colleague.employee_id
    window.expect("422")
    page = window(served.people.city_manager, f"/handover/leave?employee={number}", width=width)
    page.click("button[value=preview]")
    page.wait_for_selector(".handover-error")
    shot(page, "leaving-1-wrong-zh")
    check(page)
    pick(page, "to", "吴主管")
    page.click("button[value=preview]")
    page.wait_for_selector("#preview")
    shot(page, "leaving-2-preview-zh")
    check(page)
    with served.acting(SYSTEM):
        assert session.get_one(Employee, number).left_on is None
