"""A list as its people want it: conditions joined by or, columns of one's own, a view for the team."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from app.fields.records import create_record
from app.host.context import entity
from app.testing.browser import DESK, PHONE, Served, Window, check, serve, shot
from app.types import SYSTEM


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve(tmp_path_factory) as running:
        with running.acting(SYSTEM):
            people = running.people
            kinds = (("甲一", "key", "personal"), ("乙二", "normal", "personal"), ("丙三", "normal", "corporate"))
            for name, level, kind in kinds:
                create_record(entity("customer"), {
                    "name": name, "level": level, "kind": kind,
                    "owner_id": people.manager.employee_id, "unit_id": people.north.id,
                })  # fmt: skip
        yield running


@pytest.mark.parametrize(("language", "width"), [("zh", DESK), ("en", PHONE)])
def test_an_or_group_is_built_by_hand(window: Window, served: Served, language: str, width: int) -> None:
    page = window(served.people.manager, "/customer/list/", language=language, width=width)
    page.click("#filter-open")
    page.click("#filter-groups > summary")
    builder = page.locator("[data-groups]")
    builder.get_by_role("button").nth(1).click()  # a group, by mouse
    group = builder.locator("[data-group='2']")
    group.locator("[data-field]").select_option("level")
    group.locator("[data-value][value=key]").check()
    group.locator("[data-add=condition]").press("Enter")  # its second condition, by keyboard
    second = group.locator("[data-condition]").nth(1)
    expect(second.locator("[data-field]")).to_be_focused()
    second.locator("[data-field]").select_option("kind")
    second.locator("[data-value][value=corporate]").check()
    check(page)
    shot(page, f"views-1-builder-{language}")
    page.click("#filter-form .btn-primary")
    page.wait_for_url("**where=and**")
    expect(page.locator("[data-row]")).to_have_count(2)
    expect(page.locator(".chip")).to_have_count(1)
    check(page)
    shot(page, f"views-2-found-{language}")
