"""The generated screens in a real browser: readable, without faults, and working as people use them."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from app.customers.models import Contact
from app.db import session
from app.testing.browser import PHONE, Served, Window, check, shot
from app.testing.factories import id_number, make_activity, make_contact, make_customer, uscc
from app.types import SYSTEM

SURNAMES, NAMES = "王李张刘陈杨赵黄周吴", ("伟", "芳", "秀英", "敏", "建国", "磊", "洋", "志强")
FIRMS = ("江苏恒信贸易有限公司", "浙江鼎盛科技有限公司", "北京瑞丰供应链管理有限公司")


@pytest.fixture(scope="module")
def bank(served: Served) -> tuple[int, int]:
    """Records to look at: (a customer's id, a firm's id)."""
    people = served.people
    with served.acting(SYSTEM):
        firm = make_customer(
            FIRMS[0], people.manager, kind="corporate", uscc=uscc(3), registered_capital="52000000",
            level="key", remark="重点客户\n年审材料已齐", address="南京市建邺区江东中路 1 号",
        )  # fmt: skip
        for number in range(46):
            make_customer(
                SURNAMES[number % 10] + NAMES[number % 8], people.manager, mobile=f"138{number:08d}",
                id_number=id_number(number), level=("key", "important", "normal")[number % 3],
            )  # fmt: skip
        person = make_customer("赵敏", people.manager, mobile="13800135678", annual_income="350000", level="important")
        for number in range(24):
            make_contact(person, SURNAMES[number % 10] + "联系人", mobile=f"139{number:08d}")
        for number in range(20):
            make_activity(person, people.manager, days_ago=number * 3, subject="介绍新产品")
        return person.id, firm.id


@pytest.mark.parametrize(
    ("width", "language", "theme"),
    [(1440, "zh", "light"), (PHONE, "en", "dark")],
)
def test_every_screen_is_readable(
    window: Window, served: Served, bank: tuple[int, int], width: int, language: str, theme: str
) -> None:
    person, firm = bank
    pages = {
        "list": "/customer/list/?sort=-last_followed_at&f.kind=personal",
        "list-empty": "/customer/list/?q=nobody",
        "show": f"/customer/show/{person}",
        "show-firm": f"/customer/show/{firm}",
        "history": f"/customer/show/{person}/tab/history",
        "add": "/customer/add",
        "edit": f"/customer/edit/{firm}",
        "delete": f"/customer/delete/{person}",
        "follow-ups": "/activity/list/",
    }
    page = window(served.people.admin, "/", width=width, language=language, theme=theme)
    for name, path in pages.items():
        page.goto(served.url + path)
        page.wait_for_function("() => !document.querySelector('.htmx-request')")
        check(page)
        shot(page, f"entity-{name}-{language}-{theme}")


def test_a_list_is_filtered_sorted_and_paged_in_place(window: Window, served: Served, bank: tuple[int, int]) -> None:
    page = window(served.people.manager, "/customer/list/")
    page.evaluate("window.stayed = true")  # gone after a real navigation
    page.click("#filter-open")
    panel = page.locator("#filter-panel")
    expect(panel).to_be_visible()
    check(page)
    shot(page, "entity-filter")
    panel.locator("input[name='f.kind'][value=personal]").check()
    panel.locator("input[name='f.mobile']").fill("138")
    panel.locator("button[type=submit]").click()
    expect(page.locator(".chip")).to_have_count(2)
    expect(panel).to_be_hidden()
    assert page.url.endswith("/customer/list/?f.kind=personal&f.mobile=138") or page.url.endswith(
        "/customer/list/?f.mobile=138&f.kind=personal"
    )
    expect(page.locator("#list-count")).to_have_text("47")
    page.locator("th a", has_text=re.compile("客户名称|Customer name")).click()
    expect(page.locator("th[aria-sort=ascending]")).to_have_count(1)
    first = page.locator("[data-row]").first.get_attribute("data-row")
    page.locator("a[rel=next]").click()
    expect(page.locator(".page-item.active")).to_have_text("2")
    assert page.locator("[data-row]").first.get_attribute("data-row") != first
    assert page.evaluate("window.stayed === true")
    page.go_back()
    expect(page.locator(".page-item.active")).to_have_text("1")
    expect(page.locator("[data-row]").first).to_have_attribute("data-row", str(first))
    page.locator(".chip-x").first.click()
    expect(page.locator(".chip")).to_have_count(1)
    page.locator("#list-q").fill("赵敏")
    page.keyboard.press("Enter")
    expect(page.locator("[data-row]")).to_have_count(1)
    page.locator(".chip-clear").click()
    expect(page.locator("#list-count")).to_have_text("48")


def test_a_filter_by_a_linked_record_is_picked(window: Window, served: Served, bank: tuple[int, int]) -> None:
    page = window(served.people.admin, "/customer/list/")
    page.click("#filter-open")
    field = page.locator(".filter-field", has=page.locator("#filter-owner_id"))
    field.locator(".ts-control").click()
    page.keyboard.type("张经")
    page.locator(".ts-dropdown .option", has_text="张经理").click()
    page.locator("#filter-form button[type=submit]").click()
    expect(page.locator(".chip", has_text="张经理")).to_have_count(1)
    assert f"f.owner_id={served.people.manager.employee_id}" in page.url


def test_a_form_shows_what_belongs_and_saves(window: Window, served: Served, bank: tuple[int, int]) -> None:
    window.expect("422")
    page = window(served.people.manager, "/customer/add")
    company = page.locator("[data-section='2']")
    expect(company).to_be_hidden()
    page.select_option("#field-kind", "corporate")
    expect(company).to_be_visible()
    expect(page.locator("[data-section='1']")).to_be_hidden()
    page.locator("[data-field=parent_id] .ts-control").click()
    page.keyboard.type("恒信")
    page.locator(".ts-dropdown .option", has_text="恒信").click()
    page.fill("#field-uscc", "123")
    page.fill("#field-registered_capital", "5,000万")
    expect(page.locator("[data-unsaved]")).to_be_visible()
    page.click(".save-bar .btn-primary")
    summary = page.locator("#form-summary")
    expect(summary).to_be_focused()
    check(page)
    shot(page, "entity-form-errors")
    expect(page.locator("#field-registered_capital")).to_have_value("5,000万")
    expect(page.locator("[data-field=parent_id] .item")).to_contain_text("恒信")
    summary.locator("a", has_text=re.compile("名称|name")).click()
    expect(page.locator("#field-name")).to_be_focused()
    page.keyboard.type(FIRMS[1])
    page.fill("#field-uscc", uscc(55))
    page.click(".save-bar .btn-primary")
    page.wait_for_url("**/customer/show/*")
    expect(page.locator(".toast", has_text=FIRMS[1])).to_be_visible()
    expect(page.locator(".exact", has_text="5,000.00万元")).to_have_attribute("title", "50,000,000.00 元")


def test_leaving_typed_work_asks_first(window: Window, served: Served, bank: tuple[int, int]) -> None:
    page = window(served.people.manager, f"/customer/edit/{bank[0]}", own=True)
    asked: list[str] = []

    def answer(dialog: Any) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", answer)
    page.fill("#field-name", "没存")
    with page.expect_event("dialog"):
        page.locator(".save-bar a").click(no_wait_after=True)
    expect(page.locator("#field-name")).to_have_value("没存")
    assert asked == ["beforeunload"]


def test_all_matching_are_chosen_and_deleted(window: Window, served: Served, bank: tuple[int, int]) -> None:
    page = window(served.people.manager, f"/contact/list/?f.customer_id={bank[0]}")
    expect(page.locator("#bulk")).to_be_hidden()
    page.check("[data-check-all]")
    expect(page.locator("[data-bulk-count]")).to_contain_text("20")
    page.click("[data-choose-matching]")
    expect(page.locator("[data-bulk-count]")).to_contain_text("24")
    page.locator("#bulk [data-bulk-dialog]").last.click()
    dialog = page.locator("#dialog")
    expect(dialog).to_be_visible()
    expect(dialog.locator(".modal-body")).to_contain_text("24")
    check(page)
    shot(page, "entity-delete-many")
    dialog.locator(".btn-danger").click()
    expect(page.locator(".toast", has_text="24")).to_be_visible()
    with served.acting(SYSTEM):
        assert session.query(Contact).filter_by(customer_id=bank[0]).count() == 0


def test_the_page_of_a_record_loads_its_parts_when_opened(
    window: Window, served: Served, bank: tuple[int, int]
) -> None:
    page = window(served.people.manager, f"/customer/show/{bank[0]}")
    expect(page.locator(".happening")).to_have_count(15)
    page.locator("#timeline .more a").click()
    expect(page.locator(".happening").nth(19)).to_be_visible()
    page.locator("[data-tab=history]").click()
    expect(page.locator(".change").first).to_be_visible()
    expect(page.locator("[data-tabs] [aria-current]")).to_have_count(1)
    assert page.url.endswith("/tab/history")
    page.go_back()
    expect(page.locator(".record-section").first).to_be_visible()
    expect(page.locator("[data-tabs] [aria-current]")).to_have_attribute("data-tab", "")


def test_a_list_works_without_scripts(served: Served, chromium: Any, window: Window, bank: tuple[int, int]) -> None:
    plain = chromium.new_context(java_script_enabled=False)
    plain.add_cookies([*window.cookies(served.people.manager, None, None)])
    page = plain.new_page()
    page.goto(f"{served.url}/customer/list/")
    page.click("#filter-open")
    page.locator("#filter-form input[name='f.mobile']").fill("13800135678")
    page.locator("#filter-form button[type=submit]").click()
    expect(page.locator("[data-row]")).to_have_count(1)
    page.locator(".chip-clear").click()
    page.locator("a[rel=next]").click()
    expect(page.locator(".page-item.active")).to_have_text("2")
    plain.close()


def test_the_names_of_things_stay_text(window: Window, served: Served, bank: tuple[int, int]) -> None:
    attack = "<img src=x onerror=alert(1)>"
    with served.acting(SYSTEM):
        pk = make_customer(attack, served.people.manager).id
        make_contact(pk, attack)
        make_activity(pk, served.people.manager, subject=attack)
    page = window(served.people.manager, f"/customer/show/{pk}")
    expect(page.locator("h1")).to_have_text(attack)
    expect(page.locator("#timeline")).to_contain_text(attack)
    page.goto(f"{served.url}/contact/add?customer_id={pk}")
    page.locator("[data-field=customer_id] .ts-control").click()
    page.keyboard.type("<img")
    expect(page.locator(".ts-dropdown .option").first).to_contain_text(attack)
    page.goto(f"{served.url}/contact/list/")
    assert page.locator("main img").count() == 0
