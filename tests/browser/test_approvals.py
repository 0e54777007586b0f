"""APR-4 in the browser: an approval decided by keys at the desk in Chinese, by thumb on the phone in English."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from app.testing.browser import Served, Window, check, shot
from app.testing.factories import make_customer
from app.types import SYSTEM
from tests.kernel.approvals.flows import publish, step, submit


@pytest.mark.parametrize(("language", "width"), [("zh", 1440), ("en", 390)])
def test_an_approval_is_decided(served: Served, window: Window, language: str, width: int) -> None:
    people, code = served.people, f"flow_{language}"
    with served.acting(SYSTEM):
        publish(step("主管审批", people.head), step("行长审批", people.city_manager), code=code, figures=("lifecycle",))
        name = f"鸿运贸易{language}"
        case = submit(people.manager, make_customer(name, people.manager), code=code).id
    page: Any = window(people.head, "/approvals/", width=width, language=language)
    row = page.locator("#list-region [data-row]").filter(has_text=name)
    expect(row).to_have_count(1)
    shot(page, f"approvals-inbox-{language}")
    check(page)
    if language == "zh":
        row.focus()
        page.keyboard.press("a")
    else:
        row.locator("[data-act=approve]").click()
    confirm = page.locator("#dialog.show [data-first]")
    expect(confirm).to_be_visible()
    check(page)
    if language == "zh":
        expect(confirm).to_be_focused()
        page.keyboard.press("Enter")
    else:
        confirm.click()
    expect(page.locator("[data-toast]")).to_be_visible()
    expect(row).to_have_count(0)
    page = window(people.manager, f"/approvals/cases/{case}", width=width, language=language)
    expect(page.locator(".flow-now")).to_contain_text("行长审批")
    expect(page.locator("[data-status=running]")).to_be_visible()
    shot(page, f"approvals-case-{language}")
    check(page)
    page.goto(served.url + "/approvals/delegations/")
    check(page)
