"""A loan over the limit, played by all seven people by clicking; a refused one asked for again."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from playwright.sync_api import expect

from app.testing.browser import Served, Window, check, shot
from app.testing.factories import make_customer
from app.testing.people import Person
from app.types import SYSTEM
from plugins.loans.approvals import LIMIT
from plugins.loans.tests.conftest import apply_for
from tests.journeys.loan_bank import Deciders, appoint, switch_on

INBOX = "/approvals/"


@pytest.fixture(scope="module")
def deciders(served: Served) -> Iterator[Deciders]:
    """Everybody is there, and the flow is in force."""
    with served.acting(SYSTEM):
        switch_on()
        made = appoint(served.people)
    yield made


def applied(served: Served, amount: int) -> tuple[int, str]:
    """The id and number of a draft of the manager's."""
    manager = served.people.manager
    with served.acting(SYSTEM):
        customer = make_customer("桥江商贸有限公司", owner=manager, kind="corporate")
        made = apply_for(manager, customer, amount=Decimal(amount), purpose="设备购置")
        return made.id, made.number


def confirm(page: Any, **typed: str) -> None:
    """Fill in the dialog that is open and send it; the page it leads to is there."""
    dialog = page.locator("#dialog-content")
    for name, text in typed.items():
        dialog.locator(f"#act-{name}").fill(text)
    dialog.locator("button[type=submit]").click()
    expect(page.locator("[data-toast]").first).to_be_visible()


def decide(window: Window, person: Person, number: str, act: str, comment: str = "") -> None:
    """Decide on the one case of that number in somebody's inbox, by the button of its row."""
    page = window(person, INBOX, language="en")
    row = page.locator("tr[data-row]", has_text=number)
    row.locator(f"[data-act={act}]").click()
    expect(page.locator("#act-comment")).to_be_visible()
    confirm(page, comment=comment or "Agreed")
    expect(page.locator("tr[data-row]", has_text=number)).to_have_count(0)


def submit(window: Window, person: Person, record_id: int) -> Any:
    """The account manager submits from the record's page; its state is then shown."""
    page = window(person, f"/loans_application/show/{record_id}", language="en")
    page.get_by_role("button", name="Submit", exact=True).click()
    expect(page.locator(".record-title .badge", has_text="Submitted")).to_be_visible()
    return page


def test_seven_people_grant_a_large_loan(served: Served, window: Window, deciders: Deciders) -> None:
    record_id, number = applied(served, LIMIT * 2)
    manager = served.people.manager
    submit(window, manager, record_id)

    page = window(deciders.risk, INBOX, language="en")
    page.locator("tr[data-row]", has_text=number).get_by_role("link", name=number).click()
    page.get_by_role("button", name="Ask for material").click()
    expect(page.locator("#act-items")).to_be_visible()
    confirm(page, items="Financial statements 2025")
    expect(page.locator(".case-material .badge", has_text="missing")).to_be_visible()
    expect(page.locator("[data-status=running]")).to_be_visible()
    check(page)
    shot(page, "loan-case-risk")
    case_path = page.url.removeprefix(served.url)

    page = window(manager, case_path, language="en")
    page.get_by_role("button", name="The material is there").click()
    expect(page.locator("#act-comment")).to_be_visible()
    confirm(page, comment="Attached")
    expect(page.locator(".case-material .badge", has_text="there")).to_be_visible()

    decide(window, deciders.risk, number, "approve")
    decide(window, deciders.head, number, "approve")
    first, second, third = deciders.committee
    decide(window, first, number, "refuse", "The industry is at risk")
    decide(window, second, number, "approve")
    decide(window, third, number, "approve")
    decide(window, deciders.finance, number, "approve", "Funds are there")

    page = window(manager, f"/loans_application/show/{record_id}", language="en")
    expect(page.locator(".record-title .badge", has_text="Granted")).to_be_visible()
    page = window(manager, case_path, width=390, language="zh")
    expect(page.locator("[data-status=approved]")).to_be_visible()
    check(page)
    shot(page, "loan-case-done")


def test_a_refused_loan_is_asked_for_again(served: Served, window: Window, deciders: Deciders) -> None:
    record_id, number = applied(served, LIMIT * 3)
    manager = served.people.manager
    submit(window, manager, record_id)
    decide(window, deciders.risk, number, "refuse", "Too much debt")

    page = window(manager, f"/loans_application/show/{record_id}", language="en")
    expect(page.locator(".record-title .badge", has_text="Not granted")).to_be_visible()
    page.get_by_role("button", name="Reconsider", exact=True).click()
    page.wait_for_url("**/loans_application/add**")
    page.locator("#field-amount").fill(str(LIMIT))
    page.locator("#entity-form button[type=submit]").first.click()
    page.wait_for_url("**/loans_application/show/**")
    page.get_by_role("link", name="Reconsideration").click()
    changed = page.locator("tr[data-changed]", has_text="Loan amount")
    expect(changed).to_contain_text("900,000.00")
    expect(changed).to_contain_text("300,000.00")
    expect(page.get_by_text("Too much debt")).to_be_visible()
    check(page)
    shot(page, "loan-reconsidered")
    page.get_by_role("button", name="Submit", exact=True).click()
    expect(page.locator(".record-title .badge", has_text="Submitted")).to_be_visible()
