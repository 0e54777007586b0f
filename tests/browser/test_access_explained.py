"""In Chromium: what may be given, what a person would see, the audit log searched; on a desk and on a telephone."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from app.access.audit import Act, record_acts
from app.access.models import RoleInfo
from app.base.security.roles.delegation import delegated, save_delegation
from app.db import session, transaction
from app.testing.browser import DESK, PHONE, Served, check, shot
from app.testing.factories import make_contact, make_customer
from app.types import SYSTEM


def role_of(served: Served, template: str) -> int:
    with served.acting(SYSTEM):
        found = session.scalar(select(RoleInfo.role_id).where(RoleInfo.template == template))
    assert found is not None
    return found


@pytest.mark.parametrize("width", [DESK, PHONE])
def test_the_page_of_what_may_be_given(window: Any, served: Served, width: int) -> None:
    security, manager = role_of(served, "security_admin"), role_of(served, "account_manager")
    with served.acting(SYSTEM):
        save_delegation(security, {manager}, delegated(security))
    page = window(served.people.admin, f"/roles/{security}/giving", width=width)
    check(page)
    assert page.locator("input[name=given]:checked").count() == 1
    shot(page, "role-giving")


@pytest.mark.parametrize("width", [DESK, PHONE])
def test_the_page_that_explains(window: Any, served: Served, width: int) -> None:
    with served.acting(SYSTEM):
        customer = make_customer(f"解释{width}", served.people.manager)
        contact = make_contact(customer, "联系人").id
    page = window(served.people.admin, f"/roles/explain?who=wu&entity=contact&record={contact}", width=width)
    check(page)
    assert page.get_by_text("可见该记录").is_visible()
    shot(page, "explain")


@pytest.mark.parametrize("width", [DESK, PHONE])
def test_the_audit_log_searched(window: Any, served: Served, width: int) -> None:
    with served.acting(SYSTEM), transaction() as current:
        record_acts(current, [Act("update", "customer", "1", f"查找{width}", {"remark": [None, "甲乙丙"]})])
    page = window(served.people.admin, f"/audit/?text=查找{width}&field=remark", width=width)
    check(page)
    assert page.get_by_text("甲乙丙").is_visible()
    shot(page, "audit-search")


def test_the_list_of_roles_leads_there(window: Any, served: Served) -> None:
    page = window(served.people.admin, "/roles/", width=DESK)
    page.get_by_role("link", name="此人能看到什么").click()
    page.get_by_role("textbox", name="人员").fill("zhang")
    page.get_by_role("button", name="查看说明").click()
    page.get_by_text("张经理").first.wait_for()
    check(page)
    shot(page, "explain-person")
