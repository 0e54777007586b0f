"""A formula written on screen and put right where it is wrong; a condition that follows what is typed."""

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


@pytest.mark.parametrize(("language", "width"), [("zh", DESK), ("en", PHONE)])
def test_a_formula_and_a_condition(window: Window, served: Served, language: str, width: int) -> None:
    with served.acting(SYSTEM):
        shaper = served.people.add(f"shaper-{width}", "业管", served.people.head_office, "business_admin")
        reason = {"entity": "customer", "key": f"x_why_{width}", "label_zh": f"理由{width}", "kind": "text",
                  "visible_when": f"level != null && name.endsWith('{width}')",
                  "required_when": "annual_income > 1000"}  # fmt: skip
        create_record(entity("custom_field"), reason)
        create_record(entity("customer"), {"name": f"老客户{width}", "owner_id": served.people.manager.employee_id})
    window.expect("422")
    page = window(shaper, "/custom_field/add", language=language, width=width)
    page.select_option("[name=entity]", "customer")
    page.fill("[name=label_zh]", f"月供上限{width}")
    page.fill("[name=label_en]", f"Monthly limit {width}")
    page.fill("[name=key]", f"x_limit_{width}")
    page.select_option("[name=kind]", "money")
    formula = page.locator("#field-formula")
    expect(formula).to_be_hidden()
    page.check("#field-in_list")
    page.select_option("[name=source]", "rollup")
    page.locator("#field-rollup_of").wait_for(state="visible")
    shot(page, f"formula-0-rollup-{language}")
    page.select_option("[name=source]", "formula")
    formula.wait_for(state="visible")
    formula.fill("annual_incom * 0.5 / 12")
    page.click(".save-bar .btn-primary")
    expect(page.locator("#field-formula-error")).to_contain_text("annual_income")
    page.click("#words > summary")
    check(page)
    shot(page, f"formula-1-form-{language}")
    formula.fill("annual_income * 0.5 / 12")
    page.click(".save-bar .btn-primary")
    page.wait_for_url("**/custom_field/show/*")
    page.click("[data-tab=dependencies]")
    page.locator("#record-panel code").first.wait_for()
    check(page)
    shot(page, f"formula-2-dependencies-{language}")

    page = window(served.people.manager, "/", language=language, width=width)
    label = f"月供上限{width}" if language == "zh" else f"Monthly limit {width}"
    assert page.evaluate(COMES, ["/customer/list/", label, PATIENCE_MS]), "the field is not there yet"
    page.goto(f"{served.url}/customer/add")
    why = page.locator(f"[data-field=x_why_{width}]")
    expect(why).to_be_hidden()
    page.fill("[name=name]", f"甲{width}")
    page.select_option("[name=level]", "key")
    why.wait_for(state="visible")
    label = why.locator(".form-label")
    expect(label).not_to_have_class("form-label required")
    page.fill("[name=annual_income]", "24000")
    page.locator("[name=annual_income]").blur()
    expect(label).to_have_class("form-label required")
    page.click(".save-bar .btn-primary")
    expect(page.locator(f"#field-x_why_{width}-error")).to_be_visible()
    shot(page, f"formula-3-needed-{language}")
    page.fill(f"[name=x_why_{width}]", "大客户")
    page.click(".save-bar .btn-primary")
    page.wait_for_url("**/customer/show/*")
    expect(page.locator(".record")).to_contain_text("1,000.00")
    check(page)
    shot(page, f"formula-4-record-{language}")
