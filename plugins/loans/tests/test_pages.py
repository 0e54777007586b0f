"""The pages of loans in Chromium: on the desk and on the phone, in both languages and themes."""

from __future__ import annotations

from typing import Any

import pytest

from app.testing.browser import DESK, PHONE, Served, check, shot
from app.testing.factories import make_customer
from app.types import SYSTEM
from plugins.loans.tests.conftest import apply_for, develop


@pytest.fixture(scope="module")
def filled(served: Served) -> dict[str, int]:
    """A customer with a development and an application."""
    people = served.people
    with served.acting(SYSTEM):
        customer = make_customer("桥江商贸有限公司", owner=people.manager, kind="corporate")
        development = develop(people.manager, customer, expected_amount="300000")
        application = apply_for(people.manager, customer, development_id=development.id, months="36")
        return {"customer": customer.id, "development": development.id, "application": application.id}


@pytest.mark.parametrize(("width", "language", "theme"), [(DESK, "zh", "light"), (PHONE, "en", "dark")])
def test_every_page_is_readable(
    window: Any, served: Served, filled: dict[str, int], width: int, language: str, theme: str
) -> None:
    application = f"/loans_application/show/{filled['application']}"
    pages = {
        "loans-developments": "/loans_development/list/",
        "loans-development": f"/loans_development/show/{filled['development']}",
        "loans-applications": "/loans_application/list/",
        "loans-application": application,
        "loans-schedule": f"{application}/tab/loans_schedule",
        "loans-files": f"{application}/tab/attachments",
        "loans-instalments": "/loans_instalment/list/",
        "loans-customer": f"/customer/show/{filled['customer']}/tab/loans_applications",
    }
    page = window(served.people.manager, "/", width=width, language=language, theme=theme)
    for name, path in pages.items():
        page.goto(served.url + path)
        check(page)
        shot(page, f"{name}-{language}")


@pytest.mark.parametrize("width", [DESK, PHONE])
def test_the_schedule_follows_the_terms_in_the_form(
    window: Any, served: Served, filled: dict[str, int], width: int
) -> None:
    page = window(
        served.people.manager,
        f"/loans_application/add?development_id={filled['development']}",
        width=width,
        language="zh",
    )
    page.get_by_text("共 12 期").wait_for()
    page.fill("#field-months", "24")
    page.locator("#field-months").dispatch_event("change")
    page.get_by_text("共 24 期").wait_for()
    check(page)
    shot(page, "loans-form")


def test_submitting_and_granting(window: Any, served: Served, filled: dict[str, int]) -> None:
    with served.acting(SYSTEM):
        customer = make_customer("批贷客户", owner=served.people.manager)
        number = apply_for(served.people.manager, customer).id
    page = window(served.people.manager, f"/loans_application/show/{number}", language="zh")
    page.get_by_role("button", name="提交").click()
    page.get_by_text("已提交 1 份申请单").wait_for()
    page = window(served.people.head, f"/loans_application/show/{number}", width=PHONE, language="zh")
    page.get_by_role("button", name="批准").click()
    page.locator("#dialog-content textarea, #dialog-content input[name=note]").first.fill("同意")
    check(page)
    shot(page, "loans-grant")
    page.locator("#dialog-content").get_by_role("button", name="批准").click()
    page.get_by_text("已批准 1 份申请单").wait_for()
    shot(page, "loans-granted")
