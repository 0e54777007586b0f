"""The frame's behaviour in a real browser: rail, dialogs, toasts, switches."""

from __future__ import annotations

from flask import flash, redirect
from playwright.sync_api import expect
from werkzeug.routing import Rule

from app.base.errors import toast_event
from app.testing.browser import PHONE, Served, Window, check, shot

#: Whether the rail is narrower than so many pixels, once it has slid there.
NARROWER = "width => document.querySelector('.rail').getBoundingClientRect().width < width"


def test_the_rail_collapses_and_remembers(window: Window, served: Served) -> None:
    page = window(served.people.head, "/", language="zh")
    wide = page.locator(".rail").bounding_box()["width"]
    page.click("#rail-toggle")
    page.wait_for_function(NARROWER, arg=wide / 2)
    page.reload()
    page.wait_for_function(NARROWER, arg=wide / 2)
    shot(page, "rail-collapsed")
    check(page)
    page.click("#rail-toggle")
    page.click(".rail-group[data-group=organisation] summary")
    page.reload()
    expect(page.locator(".rail-group[data-group=organisation] a").first).to_be_hidden()
    expect(page.locator(".rail-group[data-group=customers] a").first).to_be_visible()


def test_the_rail_slides_in_on_the_phone(window: Window, served: Served) -> None:
    page = window(served.people.head, "/", width=PHONE, language="zh")
    assert not page.locator("#rail").is_visible()
    page.click(".topbar [data-bs-target='#rail']")
    page.wait_for_selector("#rail.show:not(.showing)")
    shot(page, "rail-open")
    check(page)
    page.click("#rail .btn-close")
    page.wait_for_selector("#rail", state="hidden")


def test_arranging_the_start_page_by_keyboard(window: Window, served: Served) -> None:
    page = window(served.people.head, "/", language="zh")
    page.click("text=排列卡片")
    page.wait_for_selector("#dialog.show [data-sortable-item]")
    shot(page, "arrange")
    check(page)
    names = page.eval_on_selector_all("#dialog [name=order]", "all => all.map(one => one.value)")
    move = page.locator("[data-sortable-item]").last.locator("[data-sortable-move='-1']")
    move.focus()
    page.keyboard.press("Enter")
    moved = [*names[:-2], names[-1], names[-2]]
    for place, name in enumerate(moved):
        expect(page.locator("#dialog [name=order]").nth(place)).to_have_value(name)
    page.locator(f"#dialog [name=shown][value='{names[0]}']").uncheck()
    with page.expect_navigation():
        page.click("#dialog button.btn-primary")
    expect(page.locator(f"[data-card='{names[0]}']")).to_have_count(0)
    page.click("text=排列卡片")
    with page.expect_navigation():
        page.click("#dialog [name=reset]")
    expect(page.locator(f"[data-card='{names[0]}']")).to_have_count(1)


def test_switching_language_and_theme_comes_back_to_the_page(window: Window, served: Served) -> None:
    page = window(served.people.colleague, "/profile/?a=1", language="zh")
    page.click("[aria-label=主题]")
    page.click("a:has-text('深色')")
    page.wait_for_selector("html[data-bs-theme=dark]")
    assert page.url.endswith("/profile/?a=1")
    page.click("[aria-label=语言]")
    page.click("a[lang=en]")
    page.wait_for_selector("html[lang=en]")
    assert page.url.endswith("/profile/?a=1")
    assert page.locator("html").get_attribute("data-bs-theme") == "dark"


def test_the_theme_follows_the_system_without_a_flash(window: Window, served: Served) -> None:
    page = window(served.people.colleague, "/profile/", theme="auto", own=True)
    page.emulate_media(color_scheme="dark")
    page.wait_for_selector("html[data-bs-theme=dark]")
    page.add_init_script(
        "addEventListener('DOMContentLoaded', () => window.seen = document.documentElement.dataset.bsTheme)"
    )
    page.reload()
    assert page.evaluate("window.seen") == "dark"
    page.emulate_media(color_scheme="light")
    page.wait_for_selector("html[data-bs-theme=light]")


def test_messages_are_toasts_and_errors_stay(window: Window, served: Served) -> None:
    def speak() -> object:
        flash("记录已保存", "success")
        flash("没有保存", "danger")
        return redirect("/profile/")

    def refuse() -> object:
        return "", 409, {"HX-Trigger": toast_event("已被他人修改", "danger")}

    # The app has answered requests already, so the two routes go in past its set-up methods.
    for view in (speak, refuse):
        served.app.url_map.add(Rule(f"/{view.__name__}", endpoint=view.__name__))
        served.app.view_functions[view.__name__] = view
    window.expect("409", "Response Status Error Code")
    page = window(served.people.colleague, "/speak", language="zh")
    page.wait_for_selector(".app-toast-success.show >> text=记录已保存")
    shot(page, "toasts")
    check(page)
    page.evaluate("htmx.ajax('GET', '/refuse', {target: '#main', swap: 'innerHTML'}).catch(() => 0)")
    page.wait_for_selector(".app-toast-danger.show >> text=已被他人修改")
    assert page.locator("h1").first.is_visible(), "the page stands"
    page.locator(".app-toast-danger .btn-close").first.click()
    page.wait_for_selector(".app-toast-danger >> text=没有保存", state="detached")


def test_a_question_before_an_act(window: Window, served: Served) -> None:
    page = window(served.people.stranger, "/", language="zh")
    page.evaluate("document.querySelector('form[action=\"/logout/\"]').dataset.confirm = '真的要退出吗？'")
    page.click(".topbar-person")
    page.click(".topbar button[type=submit]")
    page.wait_for_selector("#confirm.show >> text=真的要退出吗")
    check(page)
    page.click("#confirm [data-bs-dismiss]")
    page.wait_for_selector("#confirm", state="hidden")
    assert page.url.endswith("/")
    page.click(".topbar-person")
    page.click(".topbar button[type=submit]")
    page.wait_for_selector("#confirm.show")
    with page.expect_navigation():
        page.click("#confirm-yes")
    assert page.url.endswith("/login/")
