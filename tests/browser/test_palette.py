"""WSP-5: Ctrl-K, some letters, an arrow, Enter: the record is open. On the desk and as a sheet on the phone."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from app.testing.browser import DESK, PHONE, Served, Window, check, shot
from app.testing.factories import make_contact, make_customer
from app.types import SYSTEM


@pytest.mark.parametrize(("width", "language", "theme"), [(DESK, "zh", "light"), (PHONE, "en", "dark")])
def test_a_customer_is_opened_by_a_few_keys(
    window: Window, served: Served, width: int, language: str, theme: str
) -> None:
    people = served.people
    with served.acting(SYSTEM):
        first = make_customer(f"曾瑞禾{width}", people.manager, mobile="13871125678")
        second = make_customer(f"曾瑞丰{width}", people.manager)
        make_contact(second, "仇秀英")
        numbers = first.id, second.id
    page = window(people.manager, "/customer/list/", width=width, language=language, theme=theme)
    palette, box = page.locator("#palette"), page.locator("#palette-input")
    page.keyboard.press("Control+k")
    expect(box).to_be_focused()
    expect(palette.locator("#palette-list")).to_be_attached()
    box.press_sequentially("zengrui")
    options = palette.locator("[role=option]")
    expect(options.first).to_have_attribute("aria-selected", "true")
    expect(options.first.locator("mark")).to_have_text("曾瑞")
    check(page)
    shot(page, f"palette-{language}")
    chosen = palette.locator("[aria-selected=true]")
    before = chosen.get_attribute("href")
    box.press("ArrowDown")
    expect(chosen).not_to_have_attribute("href", before or "")
    expect(box).to_have_attribute("aria-activedescendant", chosen.get_attribute("id") or "")
    there = chosen.get_attribute("href") or ""
    assert {before, there} == {f"/customer/show/{number}" for number in numbers}
    box.press("Enter")
    page.wait_for_url(f"**{there}")
    page.locator("body").press("/")
    expect(palette.locator("[role=option]").first).to_have_attribute("href", there)  # opened last
    box.fill("没有的人")
    expect(palette.locator(".palette-none")).to_contain_text("没有的人")
    check(page)
    shot(page, f"palette-none-{language}")
    box.press("Escape")
    expect(palette).not_to_be_visible()


def test_enter_before_the_answer_opens_what_was_asked_for(window: Window, served: Served) -> None:
    people = served.people
    with served.acting(SYSTEM):
        number = make_customer("解小满", people.manager).id
    page = window(people.manager, "/customer/list/")
    page.locator("[data-palette]").click()
    page.locator("#palette-input").fill("xiexm")
    page.locator("#palette-input").press("Enter")
    page.wait_for_url(f"**/customer/show/{number}")


def test_a_search_that_fails_says_so(window: Window, served: Served) -> None:
    page = window(served.people.manager, "/customer/list/", own=True)
    page.route("**/search/suggest*", lambda route: route.abort())
    window.expect("ERR_FAILED", "htmx:sendError", "htmx:afterRequest")
    page.keyboard.press("Control+k")
    expect(page.locator("#palette .palette-none")).to_be_visible()
