"""The frame as people see it: both languages, both themes, desk and phone."""

from __future__ import annotations

from typing import Any

import pytest

from app.testing.browser import DESK, PHONE, Served, Window, check, shot
from app.testing.people import PASSWORD

#: Each language, theme and width, though not each with each.
LOOKS = [("zh", "light", DESK), ("en", "dark", PHONE)]


@pytest.mark.parametrize(("language", "theme", "width"), LOOKS)
def test_pages_of_the_frame(window: Window, served: Served, language: str, theme: str, width: int) -> None:
    window.expect("404", "400")
    look: dict[str, Any] = {"width": width, "language": language, "theme": theme}
    for person, pages in (
        (None, {"login": "/login/", "error-guest": "/nowhere"}),
        (served.people.manager, {"home": "/", "password": "/profile/password/", "error-404": "/nowhere"}),
        (served.people.admin, {"profile": "/profile/"}),
    ):
        page = window(person, **look)
        for name, path in pages.items():
            page.goto(served.url + path)
            shot(page, f"{name}-{language}-{theme}")
            check(page)


def test_logging_in_and_out_by_hand(window: Window, served: Served) -> None:
    window.expect("422")
    page = window(None, "/contact/list/", language="zh")
    page.fill("#username", "wu")
    page.fill("#password", "wrong")
    page.click("button[type=submit]")
    page.wait_for_selector("#login-error")
    shot(page, "login-wrong")
    check(page)
    page.fill("#password", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_url("**/contact/list/")
    page.click(".topbar-person")
    page.click("text=退出登录")
    page.wait_for_url("**/login/")
