"""The eye beside a masked value: the reason is asked in a dialog, the value shown in it and nowhere else."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from app.access.actors import acting_as
from app.access.models import FieldPermission
from app.db import transaction
from app.testing.browser import DESK, PHONE, Served, Window, check, shot
from app.testing.factories import make_customer
from app.types import SYSTEM


@pytest.fixture(scope="module")
def customer(served: Served) -> int:
    """A customer whose mobile the manager's role sees masked."""
    with served.acting(None):
        made = make_customer("王小明", served.people.manager, mobile="13871125678")
        with acting_as(SYSTEM), transaction() as current:
            role_id = served.people.manager.role_id
            current.add(FieldPermission(role_id=role_id, entity="customer", field="mobile", level="masked"))
        return int(made.id)


@pytest.mark.parametrize(("width", "language"), [(DESK, "zh"), (PHONE, "en")])
def test_a_masked_value_is_shown_for_a_reason(
    window: Window, served: Served, customer: int, width: int, language: str
) -> None:
    window.expect("422")
    page = window(served.people.manager, f"/customer/show/{customer}", width=width, language=language)
    eye = page.locator(".cell-masked, dd", has_text="138****5678").locator("button")
    eye.click()
    dialog = page.locator("#dialog.show")
    expect(dialog.locator("[name=reason]")).to_be_visible()
    check(page)
    shot(page, f"unmask-{language}")
    dialog.locator("[name=reason]").fill("核对")
    dialog.locator("button[type=submit]").click()
    expect(dialog.locator(".invalid-feedback, .alert-danger").first).to_be_visible()
    dialog.locator("[name=reason]").fill("客户来电核对号码")
    dialog.locator("button[type=submit]").click()
    expect(dialog.locator(".unmasked")).to_have_text("13871125678")
    check(page)
    shot(page, f"unmasked-{language}")
    dialog.locator(".modal-footer button").click()
    expect(page.locator("body")).not_to_contain_text("13871125678")
