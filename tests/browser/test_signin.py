"""The pages of signing in, as a person sees them: readable at the desk and on a phone, in both languages."""

from __future__ import annotations

from typing import Any

import pytest

from app.access.signin.locks import count_failure
from app.db import transaction
from app.host.settings import change_settings
from app.testing.browser import DESK, PHONE, Served, Window, check, shot
from app.types import SYSTEM

BOTH = pytest.mark.parametrize(("width", "language"), [(DESK, "zh"), (DESK, "en"), (PHONE, "zh"), (PHONE, "en")])


@pytest.fixture(scope="module")
def locked(served: Served) -> Any:
    """The login of 李同事 and one address are locked."""
    with served.acting(SYSTEM), transaction():
        change_settings({"access.lock_after": "1", "access.lock_address_after": "1"})
        count_failure("li", "203.0.113.7")
        change_settings({"access.lock_after": "10", "access.lock_address_after": "100"})
    return served.people.colleague


@BOTH
def test_a_locked_login(window: Window, served: Served, locked: Any, width: int, language: str) -> None:
    window.expect("429")
    page = window(None, "/login/", width=width, language=language)
    page.fill("#username", "li")
    page.fill("#password", "anything at all")
    page.click("form.card button[type=submit]")
    page.wait_for_selector("#login-error")
    check(page)
    shot(page, f"signin-locked-{language}")
    for name, path in {
        "account-locked": f"/accounts/{locked.employee_id}",
        "accounts": "/accounts/",
        "settings": "/modules/kernel/settings",
        "password": "/profile/password/",
    }.items():
        page = window(served.people.admin, path, width=width, language=language)
        check(page)
        shot(page, f"signin-{name}-{language}")


@BOTH
def test_open_sessions(window: Window, served: Served, width: int, language: str) -> None:
    person = served.people.manager
    page = window(person, "/profile/sessions/", width=width, language=language)
    check(page)
    shot(page, f"signin-sessions-{language}")
    for name, path in {"profile": "/profile/", "account": f"/accounts/{person.employee_id}"}.items():
        page = window(served.people.admin, path, width=width, language=language)
        check(page)
        shot(page, f"signin-{name}-{language}")
