"""Another kind for a field, tried and changed by clicking; a choice whose list follows another choice."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from app.fields.records import create_record
from app.host.context import entity
from app.testing.browser import DESK, PATIENCE_MS, PHONE, Served, Window, check, serve, shot
from app.testing.jobs import run_pending
from app.types import SYSTEM
from tests.browser.test_custom_fields import COMES

AREAS = "xihu | 西湖区 | Xihu | | hz\nhaishu | 海曙区 | Haishu | | nb\nother | 其他 | Other"
FIELDS = (
    {"key": "x_town", "label_zh": "所在城", "label_en": "Town", "kind": "choice",
     "choices": "hz | 杭州 | Hangzhou\nnb | 宁波 | Ningbo"},
    {"key": "x_part", "label_zh": "所在片区", "label_en": "Part of town", "kind": "choice", "depends_on": "x_town",
     "choices": AREAS},
    *({"key": f"x_worth_{width}", "label_zh": f"资产{width}", "label_en": f"Assets {width}", "kind": "text"}
      for width in (DESK, PHONE)),
)  # fmt: skip


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve(tmp_path_factory, swapped=True) as running:
        with running.acting(SYSTEM):
            for values in FIELDS:
                create_record(entity("custom_field"), {"entity": "customer", **values})
        yield running


@pytest.mark.parametrize(("language", "width"), [("zh", DESK), ("en", PHONE)])
def test_tried_and_changed_by_clicking(window: Window, served: Served, language: str, width: int) -> None:
    page = window(served.people.admin, "/", language=language, width=width, own=True)
    key = f"x_worth_{width}"
    assert page.evaluate(COMES, ["/customer/add", "x_part", PATIENCE_MS]), "the fields are not there yet"

    page.goto(f"{served.url}/customer/add")
    part = page.locator("#field-x_part")
    page.select_option("#field-x_town", "nb")
    expect(part.locator("option[value=xihu]")).to_be_disabled()
    page.select_option("#field-x_part", "haishu")
    page.select_option("#field-x_town", "hz")
    expect(part.locator("option[value=haishu]")).to_be_disabled()
    expect(part).to_have_value("")
    page.select_option("#field-x_part", "xihu")
    check(page)
    shot(page, f"fields-changed-1-form-{language}")
    for number, worth in enumerate(("1,200", "很多", "35.5")):
        page.goto(f"{served.url}/customer/add")
        page.fill("#field-name", f"资产客户{number}")
        page.fill(f"#field-{key}", worth)
        page.click(".save-bar .btn-primary")
        page.wait_for_url("**/customer/show/*")

    page.goto(f"{served.url}/custom_field/list/?q={key}")
    page.locator("[data-row] a").first.click()
    page.wait_for_url("**/custom_field/show/*")
    page.click("[data-tab=kind]")
    page.select_option("#new-kind", "money")
    check(page)
    shot(page, f"fields-changed-2-ask-{language}")
    page.click("#kind-panel form[action$='/try'] button")
    page.locator(".job-piece").wait_for()
    with served.acting(SYSTEM):
        run_pending()
    page.reload()
    expect(page.locator("#kind-panel")).to_contain_text("很多")
    check(page)
    shot(page, f"fields-changed-3-tried-{language}")
    page.check("[name=leave_empty]")
    page.once("dialog", lambda dialog: dialog.accept())
    page.click("#kind-panel form[action$='/change'] button")
    if page.locator(".modal.show").count():
        page.click(".modal.show .btn-primary, .modal.show .btn-danger")
    page.locator(".job-piece").wait_for()
    with served.acting(SYSTEM):
        run_pending()
    page.reload()
    page.locator("#kind-panel .alert-success").wait_for()
    check(page)
    shot(page, f"fields-changed-4-done-{language}")
