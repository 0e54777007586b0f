"""Logins of employees: made with a password told once, within what the maker holds, switched off at once."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask_appbuilder.security.sqla.models import User
from sqlalchemy import select, update

from app.access.actors import acting_as
from app.access.models import AuditEntry
from app.access.signin.factors import begin_factor
from app.access.signin.models import SecondFactor
from app.base.security.accounts import (
    account_list,
    loose_logins,
    new_password,
    open_account,
    read_account,
    reset_factor,
    reset_password,
    set_active,
    set_roles,
)
from app.base.security.passwords import weakness
from app.base.security.recovery import HOURS
from app.db import now, session, transaction
from app.host.settings import change_settings
from app.organisation.models import Employee
from app.testing.factories import make_employee
from app.testing.people import Browser, People, Person, login
from app.types import Refused


@pytest.fixture
def newcomer(people: People) -> Employee:
    return make_employee(people.north, "新人甲", code="N1")


@pytest.fixture
def security(people: People) -> Person:
    return people.add("mi", "米安全", people.head_office, "security_admin")


def enter(client: Browser, username: str, password: str) -> Any:
    return client.post("/login/", data={"username": username, "password": password})


def test_a_login_is_made_used_and_gets_its_own_password(client: Browser, people: People, newcomer: Employee) -> None:
    login(client, people.admin)
    path = f"/accounts/{newcomer.id}/add"
    made = client.post(path, data={"username": "xinren", "roles": [people.manager.role_id]})
    assert made.status_code == 200
    password = made.text.partition('id="once" value="')[2].partition('"')[0]
    assert len(password) == 19
    assert password not in client.get(f"/accounts/{newcomer.id}").text
    login(client, None)
    assert enter(client, "xinren", password).status_code == 302
    # nothing but the page for a password of one's own
    for page in ("/", "/customer/list/"):
        assert client.get(page).headers["Location"].endswith("/profile/password/")
    assert client.post("/customer/add", data={"name": "新"}).status_code == 403
    assert client.get("/api/v1/customer/").status_code == 403
    asked = {"username": "xinren", "password": password}
    assert client.post("/api/v1/security/login", json=asked, csrf=False).status_code == 403
    own = {"current": password, "new": "my very own secret 9", "again": "my very own secret 9"}
    assert client.post("/profile/password/", data=own).status_code == 302
    assert client.get("/customer/list/").status_code == 200
    login(client, None)
    assert enter(client, "xinren", "my very own secret 9").headers["Location"] == "/"
    assert client.get("/customer/list/").status_code == 200


def test_making_a_login_is_written_down_without_its_password(people: People, newcomer: Employee) -> None:
    with acting_as(people.admin.actor):
        user_id, password = open_account(newcomer.id, "xinren", {people.manager.role_id})
    account = read_account(employee_id=newcomer.id)
    assert account is not None
    assert (account.user_id, account.role_ids, account.active) == (user_id, (people.manager.role_id,), True)
    everything = str([(e.label, e.changes) for e in session.scalars(select(AuditEntry))])
    assert password not in everything
    acts = session.scalars(select(AuditEntry.action).where(AuditEntry.record_id == str(user_id))).all()
    assert "create_login" in acts


def test_what_cannot_become_a_login_is_refused(people: People, newcomer: Employee) -> None:
    gone = make_employee(people.north, "离职的", left_on="2020-01-01", joined_on="2019-01-01")
    with acting_as(people.admin.actor):
        for employee_id, username, roles, email in (
            (newcomer.id, "zhang", set(), ""),
            (newcomer.id, "ZHANG", set(), ""),
            (newcomer.id, "", set(), ""),
            (newcomer.id, "x" * 65, set(), ""),
            (newcomer.id, "two words", set(), ""),
            (newcomer.id, "新人", set(), ""),
            (newcomer.id, "xinren", {999_999}, ""),
            (newcomer.id, "xinren", set(), "zhang@example.com"),
            (gone.id, "gone", set(), ""),
            (people.manager.employee_id, "second", set(), ""),
            (999_999, "nobody", set(), ""),
        ):
            with pytest.raises(Refused):
                open_account(employee_id, username, roles, email)
    assert session.scalar(select(Employee.user_id).where(Employee.id == newcomer.id)) is None
    assert session.scalar(select(User.id).where(User.username == "xinren")) is None


def test_nobody_gives_a_login_more_than_they_hold(people: People, security: Person, newcomer: Employee) -> None:
    with acting_as(security.actor):
        with pytest.raises(Refused):
            open_account(newcomer.id, "xinren", {people.admin.role_id})
        with pytest.raises(Refused):
            open_account(newcomer.id, "xinren", {people.manager.role_id})
        user_id, _password = open_account(newcomer.id, "xinren", {security.role_id})
        with pytest.raises(Refused):
            set_roles(user_id, {security.role_id, people.admin.role_id})
        # nor do they take over who holds more
        for act in (
            lambda: reset_password(people.admin.user_id),
            lambda: set_active(people.admin.user_id, False),
            lambda: set_roles(people.admin.user_id, set()),
            lambda: reset_password(people.manager.user_id),
        ):
            with pytest.raises(Refused):
                act()


def test_nobody_changes_their_own_login(people: People) -> None:
    with acting_as(people.admin.actor):
        for act in (
            lambda: set_roles(people.admin.user_id, set()),
            lambda: set_active(people.admin.user_id, False),
            lambda: reset_password(people.admin.user_id),
        ):
            with pytest.raises(Refused):
                act()


def test_the_last_administrator_stays(people: People) -> None:
    second = people.add("boss", "副管理", people.head_office, "Admin")
    with acting_as(second.actor):
        set_active(people.admin.user_id, False)
    with acting_as(people.manager.actor), pytest.raises(Refused):
        set_active(second.user_id, False)
    from app.types import SYSTEM

    with acting_as(SYSTEM):
        for act in (lambda: set_active(second.user_id, False), lambda: set_roles(second.user_id, set())):
            with pytest.raises(Refused):
                act()


def test_switching_off_and_resetting_end_what_is_open(client: Browser, people: People) -> None:
    login(client, people.manager)
    assert client.get("/customer/list/").status_code == 200
    with acting_as(people.admin.actor):
        set_active(people.manager.user_id, False)
    assert client.get("/customer/list/").status_code == 302
    with acting_as(people.admin.actor):
        set_active(people.manager.user_id, True)
    login(client, people.manager)
    assert client.get("/customer/list/").status_code == 200
    with acting_as(people.admin.actor):
        reset_password(people.manager.user_id)
    assert client.get("/customer/list/").status_code == 302


def test_who_resets_the_password_does_not_reset_the_second_factor(client: Browser, people: People) -> None:
    second = people.add("boss", "副管理", people.head_office, "Admin")
    user_id = people.manager.user_id
    begin_factor(user_id)
    with transaction() as current:
        current.execute(update(SecondFactor).where(SecondFactor.user_id == user_id).values(confirmed_at=now()))
    with acting_as(people.admin.actor):
        password = reset_password(user_id)
        with pytest.raises(Refused):
            reset_factor(user_id)
    assert "/login/code/" in enter(client, people.manager.username, password).headers["Location"]
    with acting_as(second.actor):
        reset_factor(user_id)
        with pytest.raises(Refused):
            reset_password(user_id)
    with acting_as(people.admin.actor):
        change_settings({HOURS: "0"})
        begin_factor(user_id)
        with transaction() as current:
            current.execute(update(SecondFactor).where(SecondFactor.user_id == user_id).values(confirmed_at=now()))
        reset_factor(user_id)


def test_the_person_is_told_who_reset_the_password(client: Browser, people: People) -> None:
    with acting_as(people.admin.actor):
        password = reset_password(people.manager.user_id)
    login(client, None)
    enter(client, people.manager.username, password)
    told = client.get("/", follow_redirects=True).text
    assert "您的密码已由 管理员 于" in told
    chosen = {"current": password, "new": "a longer one 42", "again": "a longer one 42"}
    assert client.post("/profile/password/", data=chosen).status_code == 302
    assert "您的密码已由" not in client.get("/").text
    others = client.get("/profile/sessions/").text
    assert "重置密码" in others and "管理员" in others
    login(client, people.colleague)
    assert "重置密码" not in client.get("/profile/sessions/").text


def test_changed_roles_count_with_the_next_request(client: Browser, people: People) -> None:
    login(client, people.manager)
    assert client.get("/customer/list/").status_code == 200
    with acting_as(people.admin.actor):
        set_roles(people.manager.user_id, set())
    assert client.get("/customer/list/").status_code == 403
    written = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1)).one()
    assert written.changes["roles"] == [["客户经理"], []]


def test_the_list_finds_people_and_pages(people: People, newcomer: Employee) -> None:
    everybody, more = account_list()
    assert not more
    assert {account.name for account in everybody} >= {"张经理", "新人甲"}
    assert [account.name for account in account_list("zhang")[0]] == ["张经理"]
    assert [account.name for account in account_list("N1")[0]] == ["新人甲"]
    assert [account.name for account in account_list(state="without")[0]] == ["新人甲"]
    assert account_list(state="off")[0] == []
    assert account_list(page=2) == ([], False)
    assert loose_logins() == []


def test_the_screens_refuse_what_they_do_not_understand(client: Browser, people: People) -> None:
    login(client, people.admin)
    for query in ("page=0", "page=x", "state=bogus", "q=" + "x" * 101):
        assert client.get(f"/accounts/?{query}").status_code == 400
    assert client.get("/accounts/999999").status_code == 404
    assert client.get("/accounts/login/999999").status_code == 404
    own = client.post(f"/accounts/login/{people.admin.user_id}/roles", data={"roles": []})
    assert own.status_code == 422
    switched = client.post(f"/accounts/login/{people.manager.user_id}/switch", data={"active": "0"})
    assert switched.status_code == 302
    assert "已停用" in client.get(f"/accounts/{people.manager.employee_id}").text


def test_passwords_told_once_are_strong_and_readable(app: Flask) -> None:
    made = {new_password() for _each in range(200)}
    assert len(made) == 200
    for password in made:
        assert not weakness(password, "someone")
        assert not set("0O1lIi") & set(password)
