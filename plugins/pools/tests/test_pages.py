"""The pages of pools in Chromium: on the desk and on the phone, in both languages and themes."""

from __future__ import annotations

from typing import Any

import pytest

from app.testing.browser import DESK, PHONE, Served, check, shot
from app.testing.factories import make_record
from app.types import SYSTEM
from plugins.pools.tests.conftest import aged, put

PAGES = {
    "pools-entries": "/pools_entry/list/",
    "pools-movements": "/pools_movement/list/",
    "pools-rules": "/pools_rule/list/",
    "pools-preview": "/pools_rule/preview",
    "pools-rule-form": "/pools_rule/add",
}


@pytest.fixture(scope="module")
def filled(served: Served) -> dict[str, int]:
    """Pools with customers in them, and some who are due."""
    people = served.people
    with served.acting(SYSTEM):
        pool = make_record("pools_pool", code="N", name="北支行客户池", unit_id=people.north.id)
        make_record("pools_rule", name="三十天未跟进", pool_days=30, pool_id=pool.id)
        lying = [
            put(aged(people.manager, name=name), pool, people.manager).id for name in ("桥江商贸", "周小川", "远洋物流")
        ]
        for name in ("林一", "白帆科技"):
            aged(people.colleague, name=name)
    return {"customer": lying[0]}


@pytest.mark.parametrize(("width", "language", "theme"), [(DESK, "zh", "light"), (PHONE, "en", "dark")])
def test_every_page_is_readable(
    window: Any, served: Served, filled: dict[str, int], width: int, language: str, theme: str
) -> None:
    pages = {**PAGES, "pools-story": f"/customer/show/{filled['customer']}/tab/pools_story"}
    page = window(served.people.admin, "/", width=width, language=language, theme=theme)
    for name, path in pages.items():
        page.goto(served.url + path)
        check(page)
        shot(page, f"{name}-{language}")


def test_claiming_from_the_list(window: Any, served: Served, filled: dict[str, int]) -> None:
    with served.acting(SYSTEM):
        pool = make_record("pools_pool", code="N2", name="北二池", unit_id=served.people.north.id)
        put(aged(served.people.colleague, name="待领客户"), pool)
    page = window(served.people.manager, "/pools_entry/list/")
    page.locator("tr", has_text="待领客户").locator("input[type=checkbox]").check()
    page.get_by_role("button", name="领取").first.click()
    shot(page, "pools-claim")
    page.locator(".modal.show").get_by_role("button", name="确定").click()
    page.get_by_text("已领取 1 个客户").wait_for()
    shot(page, "pools-claimed")
    assert page.locator("tr", has_text="待领客户").count() == 0


def test_the_dialog_of_an_assignment(window: Any, served: Served, filled: dict[str, int]) -> None:
    page = window(served.people.head, "/pools_entry/list/", width=PHONE)
    page.goto(served.url + "/pools_entry/list/")
    page.locator("input[type=checkbox]").nth(1).check()
    page.get_by_role("button", name="分配").first.click()
    page.locator("#dialog-content").get_by_text("新客户经理").first.wait_for()
    check(page)
    shot(page, "pools-assign")
