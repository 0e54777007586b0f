"""The site's policy at the form: history, words about the person, expiry."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from app.access.actors import acting_as
from app.access.signin.history import KEPT, last_passwords, password_set_at
from app.access.signin.models import OldPassword
from app.base.security.logins import create_login, find_login, set_password
from app.base.security.passwords import change_password
from app.db import now, session, transaction
from app.host.settings import change_settings
from app.organisation.models import Employee
from app.testing.people import PASSWORD, Browser, People, login
from app.types import SYSTEM, Refused

SECOND, THIRD = "blue-Sparrow-71", "green-Heron-82"


def let(**values: object) -> None:
    with acting_as(SYSTEM), transaction():
        change_settings({f"access.{name}": str(value) for name, value in values.items()})


def change(client: Browser, current: str, new: str) -> Any:
    return client.post("/profile/password/", data={"current": current, "new": new, "again": new})


def enter(client: Browser, password: str) -> Any:
    return client.post("/login/", data={"username": "zhang", "password": password})


def age(user_id: int, days: int) -> None:
    with transaction() as current:
        current.execute(
            update(OldPassword).where(OldPassword.user_id == user_id).values(set_at=now() - timedelta(days=days))
        )


def test_earlier_passwords_are_not_taken_again(client: Browser, people: People) -> None:
    let(password_history=2)
    assert enter(client, PASSWORD).status_code == 302
    assert change(client, PASSWORD, SECOND).status_code == 302
    again = change(client, SECOND, PASSWORD)
    assert again.status_code == 422 and "此密码以前用过" in again.text
    assert change(client, SECOND, THIRD).status_code == 302
    assert change(client, THIRD, PASSWORD).status_code == 302, "two others have come since"
    user = find_login("zhang")
    with acting_as(SYSTEM), pytest.raises(Refused):
        set_password(user, THIRD)


def test_only_so_many_are_kept(people: People) -> None:
    user_id = people.manager.user_id
    for number in range(KEPT + 3):
        change_password(user_id, f"number {number} of many")
    kept = session.scalars(select(OldPassword.id).where(OldPassword.user_id == user_id)).all()
    assert len(kept) == KEPT
    assert last_passwords(user_id, 0) == []
    assert len(last_passwords(user_id, 3)) == 3


def test_what_others_know_of_the_person_is_refused(client: Browser, people: People) -> None:
    with acting_as(SYSTEM), transaction() as current:
        place = Employee.id == people.manager.employee_id
        current.execute(update(Employee).where(place).values(mobile="13812345678"))
    login(client, people.manager)
    for new in ("我的张经理-2026-x", "13812345678-ab", "my-e-zhang-42-X"):
        told = change(client, PASSWORD, new)
        assert told.status_code == 422, new
    for new, words in (("P@ssw0rd2026", "过于简单"), ("onlysmallletters", "至少包含其中 2 种")):
        assert words in change(client, PASSWORD, new).text
    page = client.get("/profile/password/").text
    assert "至少 10 个字符" in page and "最近 5 个密码" in page
    assert enter(client, PASSWORD).status_code == 302


def test_an_expired_password_is_changed_before_anything_else(app: Flask, client: Browser, people: People) -> None:
    let(password_expiry_days=90)
    assert enter(client, PASSWORD).status_code == 302
    assert client.get("/customer/list/").status_code == 200, "its age begins with the first login that is noted"
    client.post("/logout/")
    age(people.manager.user_id, 90)
    assert enter(client, PASSWORD).status_code == 302
    sent = client.get("/customer/list/")
    assert sent.headers["Location"].endswith("/profile/password/")
    assert "密码已过期" in client.get("/profile/password/").text
    assert client.get("/api/v1/customer/").status_code == 403
    asker = app.test_client()
    refused = asker.post("/api/v1/security/login", json={"username": "zhang", "password": PASSWORD}, csrf=False)
    assert refused.status_code == 403 and "密码已过期" in refused.json["message"]
    assert change(client, PASSWORD, SECOND).status_code == 302
    assert client.get("/customer/list/").status_code == 200


def test_a_new_login_has_its_age_from_the_start(people: People) -> None:
    with acting_as(SYSTEM):
        made = create_login("newcomer", SECOND, name="新来的", roles=())
        with pytest.raises(Refused):
            create_login("another", "新来的-has-1-name", name="新来的", roles=())
    set_at = password_set_at(made.id)
    assert set_at is not None and now() - set_at < timedelta(minutes=1)


def test_settings_outside_their_limits_are_refused(client: Browser, people: People) -> None:
    for name, value in (("password_length", 7), ("password_classes", 5), ("lock_minutes", 0), ("lock_after", -1)):
        with pytest.raises(Refused):
            let(**{name: value})
