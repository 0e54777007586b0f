"""WSP-5 by clicking: a cell, many records, the panel at the side, the keys and the board, in one sitting."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import expect

from app.customers.models import Customer
from app.db import session
from app.testing.browser import Served, Window, check
from app.testing.factories import make_customer
from app.testing.jobs import run_pending
from app.types import SYSTEM


def test_a_manager_works_in_the_list(served: Served, window: Window) -> None:
    window.expect("422")
    with served.acting(SYSTEM):
        told = {"level": "normal", "mobile": "13800138000"}
        ids = [make_customer(f"客户{n}", served.people.manager, **told).id for n in range(3)]
    page: Any = window(served.people.manager, "/customer/list/", language="zh")
    # a cell: what is wrong is said in it, what was typed stays, Tab goes on
    row = page.locator(f"tr[data-row='{ids[2]}']")
    row.locator("td[data-field=mobile]").dblclick()
    box = page.locator(".cell-box")
    box.locator("input[name=mobile]").fill("12")
    page.keyboard.press("Enter")
    expect(box.locator(".invalid-feedback")).to_be_visible()
    expect(box.locator("input[name=mobile]")).to_have_value("12")
    box.locator("input[name=mobile]").fill("13900001111")
    page.keyboard.press("Tab")
    expect(row.locator("td[data-field=mobile]")).to_have_text("13900001111")
    expect(box.locator("select[name=level]")).to_be_visible()
    check(page)
    page.keyboard.press("Escape")
    expect(box).to_have_count(0)
    # the panel and the keys
    row.locator("td[data-field=kind]").click()
    panel = page.locator("#side-panel")
    expect(panel.locator("h1")).to_have_text("客户2")
    page.keyboard.press("ArrowDown")
    expect(panel.locator("h1")).to_have_text("客户1")
    check(page)
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    for key in "xjx":
        page.keyboard.press(key)
    expect(page.locator("[data-check]:checked")).to_have_count(2)
    # many records
    page.locator("#bulk [data-bulk-dialog]").first.click()
    dialog = page.locator("#dialog")
    dialog.locator("#bulk-add").select_option("level")
    dialog.locator("#field-level").select_option("important")
    dialog.locator("[value=check]").click()
    expect(dialog.locator(".bulk-values")).to_be_visible()
    dialog.locator("[value=start]").click()
    page.wait_for_url("**/bulk_edit/show/*")
    with served.app.app_context():
        run_pending()
    page.reload()
    expect(page.locator(".run-states [aria-current]")).to_contain_text("2")
    check(page)
    # the board
    page.goto(f"{served.url}/customer/board/?by=level")
    card = page.locator(f"[data-board-column=important] [data-row='{ids[0]}']")
    card.locator("[data-bs-toggle]").click()
    card.locator("[data-board-to=key]").click()
    expect(page.locator(f"[data-board-column=key] [data-row='{ids[0]}'][data-version='3']")).to_be_visible()
    check(page)
    with served.acting(SYSTEM):
        levels = {pk: session.get_one(Customer, pk).level for pk in ids}
    assert levels == {ids[0]: "key", ids[1]: "important", ids[2]: "normal"}
