"""The banner of somebody who looks as another, on the desk and on the phone."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from app.testing.browser import DESK, PHONE, Served, Window, check, shot


@pytest.mark.parametrize(("width", "language"), [(DESK, "zh"), (PHONE, "en")])
def test_a_look_begins_on_the_login_and_ends_in_the_banner(
    window: Window, served: Served, width: int, language: str
) -> None:
    people = served.people
    page = window(people.admin, f"/accounts/login/{people.manager.user_id}", width=width, language=language)
    page.locator("form[action^='/view-as/login/'] button").click()
    banner = page.locator(".app-banner")
    expect(banner).to_contain_text(people.admin.name)
    expect(banner).to_contain_text(people.manager.name)
    page.goto(f"{served.url}/customer/list/")
    check(page)
    shot(page, f"view-as-{language}")
    banner.locator("button").click()
    expect(page.locator(".app-banner")).to_have_count(0)
    page.goto(f"{served.url}/roles/{people.manager.role_id}")
    page.locator("form[action^='/view-as/role/'] button").click()
    expect(page.locator(".app-banner")).to_contain_text("客户经理" if language == "zh" else "Account manager")
