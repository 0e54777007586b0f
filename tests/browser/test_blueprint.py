"""A blueprint by clicking: uploaded, its differences read, tried, applied, taken back."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from app.testing.browser import DESK, PHONE, Served, Window, check, shot
from app.types import SYSTEM

SHAPE = """
blueprint: 1
title: 演示蓝图 {width}
fields:
  contact:
    x_bp_{width}:
      {{kind: choice, label_zh: 来往方式{width}, label_en: Way of contact {width}, choices: [letter | 信函 | Letter]}}
settings: {{access.export_rows: {width}}}
"""


@pytest.mark.parametrize(("language", "width"), [("zh", DESK), ("en", PHONE)])
def test_a_blueprint_by_clicking(window: Window, served: Served, language: str, width: int) -> None:
    with served.acting(SYSTEM):
        admin = served.people.admin
    page = window(admin, "/blueprint/", language=language, width=width)
    check(page)
    wrong = SHAPE.format(width=width).replace("kind: choice", "kind: nosuch").encode()
    upload = {"name": "blueprint.yaml", "mimeType": "application/yaml"}
    page.set_input_files("#file", {**upload, "buffer": wrong})
    page.click("form[enctype] .btn-primary")
    expect(page.locator("#blueprint-problems")).to_contain_text(f"fields.contact.x_bp_{width}.kind")
    check(page)
    page.goto(f"{served.url}/blueprint/")
    page.set_input_files("#file", {**upload, "buffer": SHAPE.format(width=width).encode()})
    page.click("form[enctype] .btn-primary")
    page.locator("form[data-confirm]").wait_for()
    check(page)
    shot(page, f"blueprint-1-differences-{language}")
    page.click("button[name=dry_run]")
    page.locator("#blueprint-tried").wait_for()
    page.click("form[data-confirm] .btn-primary")
    page.click("#confirm-yes")
    page.wait_for_url(f"{served.url}/blueprint/")
    expect(page.locator("#blueprint-history")).to_contain_text(f"演示蓝图 {width}")
    check(page)
    shot(page, f"blueprint-2-history-{language}")
    page.click("#blueprint-history button[value=before]")
    expect(page.locator("code", has_text=f"contact.x_bp_{width}")).to_be_visible()
    check(page)
    shot(page, f"blueprint-3-back-{language}")
