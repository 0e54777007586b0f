"""The pages of signing in, as a person sees them: readable at the desk and on a phone, in both languages."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pyotp
import pytest

from app.access.signin.factors import remove_factor
from app.access.signin.locks import count_failure
from app.db import now, transaction
from app.host.settings import change_settings
from app.testing.browser import DESK, PHONE, Served, Window, check, shot
from app.types import SYSTEM

BOTH = pytest.mark.parametrize(("width", "language"), [(DESK, "zh"), (PHONE, "en")])


@pytest.fixture(scope="module")
def locked(served: Served) -> Any:
    """The login of 李同事 and one address are locked."""
    with served.acting(SYSTEM), transaction():
        change_settings({"access.lock_after": "1", "access.lock_address_after": "1"})
        count_failure("li", "203.0.113.7")
        change_settings({"access.lock_after": "10", "access.lock_address_after": "100"})
    return served.people.colleague


def look_at(window: Window, language: str, width: int, pages: dict[str, str]) -> None:
    """The admin opens the pages, by name, one after the other."""
    page = window(window.served.people.admin, "/", width=width, language=language)
    for name, path in pages.items():
        page.goto(window.served.url + path)
        check(page)
        shot(page, f"signin-{name}-{language}")


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
    look_at(window, language, width, {
        "account-locked": f"/accounts/{locked.employee_id}",
        "accounts": "/accounts/",
        "settings": "/modules/kernel/settings",
    })  # fmt: skip


@BOTH
def test_open_sessions(window: Window, served: Served, width: int, language: str) -> None:
    person = served.people.manager
    page = window(person, "/profile/sessions/", width=width, language=language)
    check(page)
    shot(page, f"signin-sessions-{language}")
    look_at(window, language, width, {"account": f"/accounts/{person.employee_id}"})


@BOTH
def test_the_second_factor(window: Window, served: Served, width: int, language: str) -> None:
    person = served.people.head
    with served.acting(SYSTEM):
        remove_factor(person.user_id)
    page = window(person, "/profile/second-factor/", width=width, language=language)
    check(page)
    shot(page, f"signin-factor-off-{language}")
    page.click("main form[action$=begin] button")
    page.wait_for_selector("img.factor-qr")
    assert page.evaluate("() => document.querySelector('img.factor-qr').naturalWidth") > 100, "the policy lets it in"
    check(page)
    shot(page, f"signin-factor-qr-{language}")
    secret = page.inner_text(".factor-secret").replace(" ", "")
    totp = pyotp.TOTP(secret)
    page.fill("#code", totp.at(now() - timedelta(seconds=30)))
    page.click("main form[action$=confirm] button")
    page.wait_for_selector(".factor-codes")
    check(page)
    shot(page, f"signin-factor-codes-{language}")
    page.goto(served.url + "/profile/second-factor/")
    check(page)
    shot(page, f"signin-factor-on-{language}")
    page = window(None, "/login/", width=width, language=language)
    page.fill("#username", person.username)
    page.fill("#password", person.password)
    page.click("form.card button[type=submit]")
    page.wait_for_selector("#code")
    check(page)
    shot(page, f"signin-code-{language}")
    page.fill("#code", totp.now())
    page.click("form.card button[type=submit]")
    page.wait_for_url(served.url + "/")
    look_at(window, language, width, {"account-factor": f"/accounts/{person.employee_id}"})
