"""Arranging a form by clicking and dragging: looked at as a role, published, and there a moment later."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from app.fields.records import create_record
from app.host.context import entity
from app.testing.browser import DESK, PATIENCE_MS, PHONE, Served, Window, check, serve, shot
from app.types import SYSTEM
from tests.browser.test_custom_fields import COMES


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve(tmp_path_factory, swapped=True) as running:
        yield running


def test_a_layout_is_arranged_looked_at_and_published(window: Window, served: Served) -> None:
    with served.acting(SYSTEM):
        shaper = served.people.add("shaper", "业管", served.people.head_office, "business_admin")
        owner = served.people.manager
        role = owner.actor.grants[0].role
        mine = create_record(entity("customer"), {"name": "丙客户", "owner_id": owner.employee_id}).id
    page = window(shaper, "/layouts/customer/", language="zh", width=DESK)
    page.locator("[data-previewed=page]").wait_for()
    page.select_option("#target-role", role)
    page.wait_for_url(f"**role={role}**")
    page.select_option("#target-value", "corporate")
    page.wait_for_url("**value=corporate**")
    page.locator(f"[data-previewed=page][data-as={role}]").wait_for()

    # a section of one's own, filled by dragging and by the keyboard; a field is put away
    page.click("[data-add-section]")
    own = page.locator("[data-section]:not([data-of]), [data-section][data-of='']")
    own.locator("[data-title=zh]").fill("公司速览")
    page.locator("[data-sections] [data-field=industry] [data-hide]").click()
    page.locator("[data-pool] [data-field=industry] [data-show]").click()
    expect(own.locator("[data-field=industry]")).to_be_visible()
    page.locator("[data-of='Pools'] [data-field=pools_next_on] [data-move='1']").focus()
    page.keyboard.press("Enter")
    expect(own.locator("[data-field=pools_next_on]")).to_be_visible()
    basic = page.locator("[data-of='Basic data']")
    basic.locator("[data-field=mobile] .app-grip").drag_to(basic.locator("[data-field=name] .app-grip"))
    expect(basic.locator("[data-field]").first).to_have_attribute("data-field", "mobile")
    basic.locator("[data-field=email] [data-hide]").click()
    expect(page.locator("[data-pool] [data-field=email]")).to_be_visible()
    expect(basic.locator("[data-field=name] [data-hide]")).to_have_count(0)
    page.select_option("[name=on]", "add")
    looked = page.locator(f"[data-previewed=add][data-as={role}]")
    expect(looked.get_by_role("heading", name="公司速览")).to_be_visible()
    expect(looked.locator("[data-field=email]")).to_have_count(0)
    check(page)
    shot(page, "layouts-editor")
    page.click("[name=_then][value=publish]")
    page.locator(".layout-follows [form=layout-drop]").wait_for()
    check(page)

    seen = window(owner, "/", language="zh", width=DESK)
    assert seen.evaluate(COMES, ["/customer/add", 'data-shaped-by="kind"', PATIENCE_MS]), "it is not in force yet"
    seen.goto(f"{served.url}/customer/add")
    seen.fill("[name=name]", "瑞丰")
    expect(seen.locator("[name=email]")).to_be_visible()
    seen.select_option("[name=kind]", "corporate")
    seen.get_by_role("heading", name="公司速览").wait_for()
    expect(seen.locator("[name=email]")).to_have_count(0)
    expect(seen.locator("[name=name]")).to_have_value("瑞丰")
    check(seen)
    shot(seen, "layouts-form")
    seen.click(".save-bar .btn-primary")
    seen.wait_for_url("**/customer/show/*")
    expect(seen.get_by_role("heading", name="公司速览")).to_be_visible()
    seen.goto(f"{served.url}/customer/show/{mine}")
    expect(seen.get_by_role("heading", name="公司速览")).to_have_count(0)

    phone = window(shaper, f"/layouts/customer/?role={role}&value=corporate", language="en", width=PHONE)
    phone.locator("[data-previewed=page]").wait_for()
    check(phone)
    shot(phone, "layouts-editor")
