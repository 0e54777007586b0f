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


@pytest.mark.parametrize(("language", "width"), [("zh", DESK), ("en", PHONE)])
def test_columns_are_chosen_by_keyboard(window: Window, served: Served, language: str, width: int) -> None:
    with served.acting(SYSTEM):
        person = served.people.add(f"own-{width}", "钱列", served.people.north, "department_head")
    page = window(person, "/customer/list/", language=language, width=width)
    page.click(".list-columns")
    form = page.locator(".columns-form")
    form.locator("[name=shown][value=kind]").uncheck()
    form.locator("[name=shown][value=code]").check()
    item = form.locator("[data-sortable-item]").filter(has=page.locator("[value=mobile][name=shown]"))
    up = item.locator("[data-sortable-move='-1']")
    up.press("Enter")
    expect(up).to_be_focused()
    check(page)
    shot(page, f"views-3-columns-{language}")
    form.locator(".btn-primary").click()
    expect(page.locator("#dialog.show")).to_have_count(0)
    check(page)
    shot(page, f"views-4-columns-{language}")
    heads = page.locator(".list-table thead th:not(.list-check):not(.list-acts)")
    expect(heads).to_have_count(10)


def test_a_team_view_is_saved_and_opened_by_a_colleague(window: Window, served: Served) -> None:
    with served.acting(SYSTEM):
        head = served.people.add("lead", "孙组长", served.people.north, "department_head")
        # the colleague looks after one of those the view is about
        own = {"level": "key", "owner_id": served.people.colleague.employee_id, "unit_id": served.people.north.id}
        create_record(entity("customer"), {"name": "丁四", **own})
    page = window(head, "/customer/list/?where=or(level:in:key,kind:in:corporate)&columns=name,level")
    expect(page.locator("[data-row]")).to_have_count(3)
    page.click(".list-views [data-bs-toggle=dropdown]")
    shot(page, "views-5-menu-zh")
    page.click("[data-view-save]")
    page.fill("#view-name", "重点或企业")
    page.select_option("#view-audience", f"unit:{served.people.north.id}")
    check(page)
    shot(page, "views-6-save-zh")
    page.click("#dialog .btn-primary")
    page.wait_for_url("**?view=*")
    tab = page.locator(".view-tabs [aria-current]")
    expect(tab).to_contain_text("重点或企业")
    check(page)
    shot(page, "views-7-tab-zh")
    page.click(".list-table thead a:has-text('客户名称')")
    page.wait_for_url("**from=*")
    expect(page.locator(".view-changed")).to_have_count(1)
    page.click(".list-views [data-bs-toggle=dropdown]")
    page.click("[data-view-keep]")
    page.wait_for_url("**?view=*")
    expect(page.locator(".view-changed")).to_have_count(0)

    page = window(served.people.colleague, "/customer/list/", language="en", width=PHONE)
    page.click(".view-tabs a:has-text('重点或企业')")
    page.wait_for_url("**?view=*")
    expect(page.locator("[data-row]")).to_have_count(1)
    expect(page.locator("[data-row]")).to_contain_text("丁四")
    check(page)
    shot(page, "views-8-colleague-en")
    page.click(".list-views [data-bs-toggle=dropdown]")
    expect(page.locator("[data-view-keep], [data-view-edit]")).to_have_count(0)
    shot(page, "views-9-menu-en")
