"""The screens of roles, logins, keys and the audit log as people see them."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from app.base.security.roles import role_list
from app.testing.browser import DESK, PHONE, Served, Window, check, shot
from app.testing.factories import make_customer, make_employee
from app.types import SYSTEM


@pytest.fixture(scope="module")
def places(served: Served) -> dict[str, str]:
    """The pages by name."""
    with served.acting(SYSTEM):
        make_customer("赵六", served.people.manager, mobile="13800138000")
        newcomer = make_employee(served.people.north, "新人甲")
        roles = {role.template or role.name: role.id for role in role_list()}
        return {
            "roles": "/roles/",
            "matrix": f"/roles/{roles['account_manager']}",
            "fields": f"/roles/{roles['account_manager']}/fields?entity=customer",
            "matrix-fixed": f"/roles/{roles['Admin']}",
            "accounts": "/accounts/",
            "account": f"/accounts/{served.people.manager.employee_id}",
            "account-new": f"/accounts/{newcomer.id}",
            "keys": "/keys/",
            "audit": "/audit/",
        }


@pytest.mark.parametrize(
    ("language", "theme", "width"), [("zh", "light", DESK), ("en", "dark", PHONE)]
)
def test_the_screens_of_access(
    window: Window, served: Served, places: dict[str, str], language: str, theme: str, width: int
) -> None:
    page = window(served.people.admin, "/", width=width, language=language, theme=theme)
    for name, path in places.items():
        page.goto(served.url + path)
        shot(page, f"access-{name}-{language}-{theme}")
        check(page)


def test_ticking_a_group_and_saving_it_by_hand(window: Window, served: Served, places: dict[str, str]) -> None:
    page = window(served.people.admin, places["matrix"], language="zh")
    group = page.locator("[data-matrix]").first
    group.locator("[data-tick-all]").click()
    expect(group.locator("[data-tick]:not(:checked)")).to_have_count(0)
    page.select_option("select[name='s.customer']", "unit")
    page.click(".matrix-save button[type=submit]")
    page.wait_for_selector("text=权限已保存")
    expect(page.locator("[data-matrix]").first.locator("[data-tick]:not(:checked)")).to_have_count(0)
    expect(page.locator("select[name='s.customer']")).to_have_value("unit")


def test_a_key_is_shown_once(window: Window, served: Served, places: dict[str, str]) -> None:
    page = window(served.people.admin, places["keys"], language="zh")
    page.fill("#name", "数据平台")
    page.check("input[value='customer:read']")
    page.click("text=创建密钥")
    page.wait_for_selector("#once")
    assert page.input_value("#once").startswith("qk_")
    shot(page, "access-key-once")
    check(page)
    page.goto(page.url.removesuffix("add"))
    assert page.locator("#once").count() == 0
    expect(page.locator("text=数据平台")).to_have_count(1)
