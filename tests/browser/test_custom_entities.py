"""A kind of record made on screen, by clicking: a moment later it hangs on the customer's page and is filled in."""

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
def test_a_kind_of_record_comes_to_life(window: Window, served: Served, language: str, width: int) -> None:
    slug = f"x_pledge_{width}"
    label = f"抵押物{width}" if language == "zh" else f"Collateral {width}"
    with served.acting(SYSTEM):
        owner = served.people.manager.employee_id
        customer = create_record(entity("customer"), {"name": f"赵敏{width}", "owner_id": owner}).id
    page = window(served.people.admin, "/custom_entity/add", language=language, width=width)
    page.fill("[name=label_zh]", f"抵押物{width}")
    page.fill("[name=label_en]", f"Collateral {width}")
    page.fill("[name=slug]", slug)
    page.select_option("[name=icon]", "home")
    above = page.locator("#field-parent")
    expect(above).to_be_hidden()
    page.select_option("[name=scoping]", "parent")
    above.wait_for(state="visible")
    above.select_option("customer")
    check(page)
    shot(page, f"custom-entity-1-form-{language}")
    page.click(".save-bar .btn-primary")
    page.wait_for_url("**/custom_entity/show/*")
    here = page.url
    assert page.evaluate(COMES, ["/custom_field/add", f'value="{slug}"', PATIENCE_MS]), "it is not there yet"

    page.goto(f"{here}/tab/fields")
    shot(page, f"custom-entity-2-page-{language}")
    page.click(f"a[href*='/custom_field/add?entity={slug}']")
    page.fill("[name=label_zh]", "评估价值")
    page.fill("[name=label_en]", "Appraised value")
    page.select_option("[name=kind]", "money")
    page.check("#field-in_list")
    page.click(".save-bar .btn-primary")
    page.wait_for_url(here)
    assert page.evaluate(COMES, [f"/{slug}/add", "x_appraised_value", PATIENCE_MS]), "its field is not there yet"

    page.goto(f"{served.url}/customer/show/{customer}/tab/{slug}-customer_id")
    page.click(f"a[href*='/{slug}/add?customer_id={customer}']")
    page.fill("[name=name]", "朝阳公寓")
    page.fill("[name=x_appraised_value]", "1250000")
    check(page)
    shot(page, f"custom-entity-3-record-form-{language}")
    page.click(".save-bar .btn-primary")
    page.wait_for_url(f"**/customer/show/{customer}**")
    page.goto(f"{served.url}/{slug}/list/")
    expect(page.locator("[data-row]")).to_contain_text("1,250,000.00")
    expect(page.locator("h1, .page-title").first).to_contain_text(label)
    check(page)
    shot(page, f"custom-entity-4-list-{language}")
    page.click("[data-row] a >> nth=0")
    page.wait_for_url(f"**/{slug}/show/*")
    check(page)
    shot(page, f"custom-entity-5-record-{language}")
    page.goto(f"{served.url}/customer/show/{customer}/tab/{slug}-customer_id")
    shot(page, f"custom-entity-6-customer-{language}")
