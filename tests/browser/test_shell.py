"""The frame as people see it: both languages, both themes, desk and phone."""

from __future__ import annotations

from typing import Any

import pytest

from app.testing.browser import DESK, PHONE, Served, Window, check, shot


@pytest.mark.parametrize("width", [DESK, PHONE])
@pytest.mark.parametrize(("language", "theme"), [("zh", "light"), ("en", "dark")])
def test_home(window: Window, served: Served, width: int, language: str, theme: str) -> None:
    page: Any = window(served.people.admin, "/", width=width, language=language, theme=theme)
    shot(page, f"home-{language}-{theme}")
    check(page)
