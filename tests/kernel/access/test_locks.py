"""Failures lock a login name and an address; the answer does not tell whether the login exists."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from app.access.actors import acting_as
from app.access.models import AuditEntry
from app.access.signin.locks import count_failure, locked_until, seconds_to_wait
from app.access.signin.models import Lock
from app.base.security.accounts import unlock, unlock_network
from app.db import session, transaction
from app.host.settings import change_settings
from app.testing.people import PASSWORD, Browser, People, login
from app.types import SYSTEM, Refused

API = "/api/v1/security/login"


@pytest.fixture(autouse=True)
def soon(app: Flask) -> None:
    """Three failures lock a name, six an address, for ten minutes."""
    with acting_as(SYSTEM), transaction():
        change_settings({"access.lock_after": "3", "access.lock_address_after": "6", "access.lock_minutes": "10"})


def enter(client: Browser, name: str, password: str) -> Any:
    return client.post("/login/", data={"username": name, "password": password})


def ask(client: Browser, name: str, password: str) -> Any:
    return client.post(API, json={"username": name, "password": password}, csrf=False)


def pass_time(minutes: int) -> None:
    back = timedelta(minutes=minutes)
    with transaction() as current:
        for lock in current.scalars(select(Lock)):
            current.execute(
                update(Lock)
                .where(Lock.key == lock.key)
                .values(since=lock.since - back, locked_until=lock.locked_until and lock.locked_until - back)
            )


def acts() -> list[tuple[str, str]]:
    rows = session.execute(select(AuditEntry.action, AuditEntry.entity).order_by(AuditEntry.id))
    return [(action, entity) for action, entity in rows if action in ("lock", "unlock", "login", "login_failed")]


def test_the_answer_is_the_same_for_a_name_that_does_not_exist(client: Browser, people: People) -> None:
    answers = {}
    for name in ("zhang", "nobody"):
        got = [enter(client, name, f"guess {n}") for n in range(4)]
        shown = [answer.text.replace(f'value="{name}"', "") for answer in got]
        answers[name] = [answer.status_code for answer in got]
        assert "请在 10 分钟后再试" in shown[3]
        pass_time(11)
    assert answers["zhang"] == answers["nobody"] == [422, 422, 422, 429]


def test_a_locked_login_does_not_get_in_with_the_right_password(client: Browser, people: People) -> None:
    for n in range(3):
        enter(client, "zhang", f"guess {n}")
    answer = enter(client, " ZHANG ", PASSWORD)
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 601
    refused = ask(client, "zhang", PASSWORD)
    assert refused.status_code == 429 and "10" in refused.json["message"]
    assert enter(client, "zhang@example.com", PASSWORD).status_code == 429, "nor by the e-mail address"
    assert client.get("/").status_code == 302
    assert enter(client, "li", PASSWORD).status_code == 302
    assert acts() == [("login_failed", "user")] * 3 + [("lock", "user"), ("login", "user")]


def test_the_page_and_rest_count_together(client: Browser, people: People) -> None:
    enter(client, "zhang", "guess")
    ask(client, "zhang", "guess")
    enter(client, "zhang@example.com", "guess")
    assert ask(client, "zhang", PASSWORD).status_code == 429


def test_a_lock_ends_by_itself(client: Browser, people: People) -> None:
    for n in range(3):
        enter(client, "zhang", f"guess {n}")
    pass_time(11)
    assert enter(client, "zhang", PASSWORD).status_code == 302


def test_success_counts_anew(client: Browser, people: People) -> None:
    for _ in range(2):
        enter(client, "zhang", "guess")
        enter(client, "zhang", "guess")
        assert enter(client, "zhang", PASSWORD).status_code == 302
        client.post("/logout/")
    assert seconds_to_wait("zhang", "") == 0


def test_many_names_from_one_address_lock_the_address(client: Browser, people: People) -> None:
    for n in range(6):
        assert enter(client, f"name {n}", "guess").status_code == 422
    assert enter(client, "li", PASSWORD).status_code == 429
    assert ("lock", "address") in acts()
    kept = session.scalars(select(Lock)).all()
    assert {lock.address for lock in kept} == {"", "127.0.0.1"}
    assert not any("name" in lock.key for lock in kept), "what was typed is not kept"
    page = login(client, people.admin).get("/accounts/").text
    assert "127.0.0.1" in page
    assert client.post("/accounts/address/unlock", data={"address": "127.0.0.1"}).status_code == 302
    assert "127.0.0.1" not in client.get("/accounts/").text
    login(client, None)
    assert enter(client, "li", PASSWORD).status_code == 302
    assert acts().count(("unlock", "address")) == 1


def test_an_administrator_unlocks(client: Browser, people: People) -> None:
    for n in range(3):
        enter(client, "zhang", f"guess {n}")
    login(client, people.admin)
    page = client.get(f"/accounts/{people.manager.employee_id}").text
    assert "锁定至" in page and "解锁" in page
    path = f"/accounts/login/{people.manager.user_id}/unlock"
    assert client.post(path).status_code == 302
    assert locked_until("zhang") is None
    assert client.post(path).status_code == 422, "it is not locked any more"
    login(client, None)
    assert enter(client, "zhang", PASSWORD).status_code == 302
    assert acts().count(("unlock", "user")) == 1


def test_unlocking_needs_the_right(client: Browser, people: People) -> None:
    for n in range(3):
        enter(client, "zhang", f"guess {n}")
    login(client, people.colleague)
    assert client.post(f"/accounts/login/{people.manager.user_id}/unlock").status_code == 403
    assert client.post("/accounts/address/unlock", data={"address": "127.0.0.1"}).status_code == 403
    security = people.add("mi", "米安全", people.head_office, "security_admin")
    with acting_as(security.actor), pytest.raises(Refused):
        unlock(people.manager.user_id)
    with acting_as(people.admin.actor), pytest.raises(Refused):
        unlock_network("192.0.2.1")
    assert locked_until("zhang") is not None


def test_zero_never_locks(client: Browser, people: People) -> None:
    with acting_as(SYSTEM), transaction():
        change_settings({"access.lock_after": "0", "access.lock_address_after": "0"})
    for n in range(4):
        enter(client, "zhang", f"guess {n}")
    assert seconds_to_wait("zhang", "127.0.0.1") == 0


def test_failures_at_once_are_all_counted(app: Flask, people: People) -> None:
    session.commit()
    start = Barrier(4)

    def fail(_number: int) -> None:
        with app.app_context():
            start.wait(timeout=20)
            count_failure("somebody", "192.0.2.9")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(fail, range(4)))
    counted = session.scalars(select(Lock).execution_options(populate_existing=True)).all()
    assert {lock.address: lock.failures for lock in counted} == {"": 4, "192.0.2.9": 4}
    assert locked_until("somebody") is not None, "the fourth, begun before the lock, does not open it"
