"""A field added on screen, by clicking: it is there a moment later, is filled in, and is filtered by."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from app.fields.records import create_record
from app.host.context import entity
from app.testing.browser import DESK, PATIENCE_MS, PHONE, Served, Window, check, serve, shot
from app.types import SYSTEM

#: Asks the site for a page until the text is on it: its new app has then taken over from the old one.
COMES = """async ([path, text, patience]) => {
  for (const end = Date.now() + patience; Date.now() < end;)
    if ((await (await fetch(path)).text()).includes(text)) return true;
  return false;
}"""
CHOICES = "wechat | 微信 | WeChat | green\nphone | 电话 | Telephone\nbranch | 网点 | Branch"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve(tmp_path_factory, swapped=True) as running:
        yield running


@pytest.mark.parametrize(("language", "width"), [("zh", DESK), ("en", PHONE)])
def test_a_field_comes_to_life_without_a_restart(window: Window, served: Served, language: str, width: int) -> None:
    key = f"x_channel_{width}"
    shown = "微信" if language == "zh" else "WeChat"
    with served.acting(SYSTEM):
        shaper = served.people.add(f"shaper-{width}", "业管", served.people.head_office, "business_admin")
        owner = served.people.manager.employee_id
        made = [{"name": f"{name}{width}", "owner_id": owner} for name in "甲乙"]
        numbers = [create_record(entity("customer"), values).id for values in made]
    page = window(shaper, "/", language=language, width=width)
    if width == PHONE:
        page.click(".topbar [data-bs-toggle=offcanvas]")
        page.wait_for_selector("#rail.show:not(.showing)")
    page.click(".rail a[href='/custom_field/list/']")
    page.click(".page-actions .btn-primary")
    page.select_option("[name=entity]", "customer")
    page.fill("[name=label_zh]", f"联系渠道{width}")
    page.fill("[name=label_en]", f"Channel {width}")
    choices = page.locator("#field-choices")
    expect(choices).to_be_hidden()
    page.select_option("[name=kind]", "link")
    page.locator("#field-target").wait_for(state="visible")
    page.select_option("[name=kind]", "choice")
    page.locator("#field-target").wait_for(state="hidden")
    choices.wait_for(state="visible")
    choices.fill(CHOICES)
    page.check("#field-in_list")
    check(page)
    shot(page, f"custom-field-1-form-{language}")
    page.click(".save-bar .btn-primary")
    page.wait_for_url("**/custom_field/show/*")
    check(page)

    assert page.evaluate(COMES, ["/customer/add", f'name="{key}"', PATIENCE_MS]), "the field is not there yet"
    page.goto(f"{served.url}/customer/edit/{numbers[0]}")
    page.select_option(f"[name={key}]", "wechat")
    page.click(".save-bar .btn-primary")
    page.wait_for_url(f"**/customer/show/{numbers[0]}")

    page.goto(f"{served.url}/customer/list/")
    page.click("#filter-open")
    box = page.locator(f"[name='f.{key}'][value=wechat]")
    box.wait_for(state="visible")
    shot(page, f"custom-field-2-filter-{language}")
    box.check()
    page.click("#filter-form .btn-primary")
    page.wait_for_url(f"**f.{key}=wechat**")
    page.locator(f"[data-row='{numbers[1]}']").wait_for(state="detached")
    row = page.locator(f"[data-row='{numbers[0]}']")
    expect(row).to_contain_text(shown)
    expect(page.locator("[data-row]")).to_have_count(1)
    check(page)
    shot(page, f"custom-field-3-list-{language}")
