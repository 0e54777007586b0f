"""The frame: navigation by permission, switches, branding."""

from __future__ import annotations

import pytest

from app.base.brand import DARK_GROUND, ENOUGH, LIGHT_GROUND, WHITE, brand_css, contrast, parse
from app.base.shell import safe_target
from app.testing.people import Browser, People, login


def test_the_frame_is_ours(client: Browser, people: People) -> None:
    page = login(client, people.admin).get("/").text
    assert 'lang="zh-CN"' in page
    assert 'class="rail' in page
    assert "/customer/list/" in page


def test_a_line_without_permission_is_not_shown(client: Browser, people: People) -> None:
    admin = login(client, people.admin).get("/").text
    manager = login(client, people.manager).get("/").text
    assert "/unit/list/" in admin
    assert admin.count("rail-link") > manager.count("rail-link")
