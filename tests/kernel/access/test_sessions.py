"""Sessions kept by the server: the cookie holds an id only, and ends with the session, the password, the login."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update
from werkzeug.security import generate_password_hash

from app.access.actors import acting_as
from app.access.models import AuditEntry
from app.access.sessions import KEPT, end_sessions
from app.access.signin.models import LoginSession
from app.access.signin.rules import device, why_over
from app.base.security.accounts import end_session_of, reset_password, set_active
from app.base.security.logins import find_login, set_password
from app.base.security.sessions import COOKIE_KEY
from app.db import now, session, transaction
from app.host.settings import change_settings
from app.organisation.models import Employee
from app.testing.people import PASSWORD, Browser, People, Person, login
from app.testing.statements import heard
from app.types import SYSTEM, Refused

NEW = "blue-Sparrow-71"
LIST = "/customer/list/"
REST = "/api/v1/customer/"


def enter(client: Browser, password: str = PASSWORD, name: str = "zhang") -> Any:
    return client.post("/login/", data={"username": name, "password": password})


def rows(person: Person) -> list[LoginSession]:
    found = select(LoginSession).where(LoginSession.user_id == person.user_id).order_by(LoginSession.id)
    return list(session.scalars(found.execution_options(populate_existing=True)))


def raw_of(client: Browser) -> str | None:
    with client.session_transaction() as kept:
        found: str | None = kept.get(COOKIE_KEY)
    return found


def change(person: Person, **values: Any) -> None:
    with transaction() as current:
        current.execute(update(LoginSession).where(LoginSession.user_id == person.user_id).values(**values))


def test_when_a_session_is_over() -> None:
    t = datetime(2026, 3, 1, 9, tzinfo=UTC)
    assert why_over(t, t, t + timedelta(minutes=60), 60, 12) == ""
    assert why_over(t, t, t + timedelta(minutes=61), 60, 12) == "idle"
    assert why_over(t, t + timedelta(hours=11, minutes=59), t + timedelta(hours=12), 60, 12) == "age"
    assert why_over(t, t, t + timedelta(days=999), 0, 0) == ""


def test_devices_are_named_as_people_know_them() -> None:
    chrome = (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36"
    )
    assert device(chrome) == "Chrome · Windows"
    assert device(chrome + " Edg/126.0") == "Edge · Windows"
    assert device("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) MicroMessenger/8.0") == "WeChat · iPhone"
    assert device("") == ""


def test_the_cookie_holds_an_id_only_and_the_server_its_hash(client: Browser, people: People) -> None:
    assert enter(client).status_code == 302
    raw = raw_of(client)
    assert raw is not None and len(raw) >= 43
    with client.session_transaction() as kept:
        assert set(kept) <= {COOKIE_KEY, "_fresh", "csrf_token", "_flashes"}
    (row,) = rows(people.manager)
    assert raw not in (row.key, row.stamp, row.agent)
    assert (row.address, row.ended_at, row.via, row.step) == ("127.0.0.1", None, "", "")
    assert row.agent.startswith("Werkzeug")


def test_every_login_has_an_id_of_its_own(client: Browser, people: People) -> None:
    with client.session_transaction() as planted:
        planted[COOKIE_KEY] = "fixed by somebody else"
    enter(client)
    first = raw_of(client)
    client.post("/logout/")
    enter(client)
    assert len({first, raw_of(client), "fixed by somebody else"}) == 3


def test_a_copied_cookie_does_not_outlive_the_logout(app: Flask, client: Browser, people: People) -> None:
    enter(client)
    thief = app.test_client()
    with thief.session_transaction() as kept:
        kept[COOKIE_KEY] = raw_of(client)
    assert thief.get(LIST).status_code == 200
    client.post("/logout/")
    assert thief.get(LIST).status_code == 302
    assert thief.get(REST).status_code == 401
    assert [row.reason for row in rows(people.manager)] == ["logout"]


def test_made_up_and_old_cookies_are_nobodys(client: Browser, people: People) -> None:
    for value in ("1", str(people.admin.user_id), "x" * 43, "", "\ud800"):
        with client.session_transaction() as kept:
            kept[COOKIE_KEY] = value
        assert client.get(LIST).status_code == 302
    with client.session_transaction() as kept:
        kept[COOKIE_KEY] = people.admin.user_id
    assert client.get(LIST).status_code == 302


def test_a_session_ends_by_itself(client: Browser, people: People) -> None:
    login(client, people.manager)
    change(people.manager, last_seen_at=now() - timedelta(minutes=60))
    assert client.get(LIST).status_code == 200
    assert now() - rows(people.manager)[0].last_seen_at < timedelta(minutes=1), "being used keeps it open"
    change(people.manager, last_seen_at=now() - timedelta(minutes=62))
    assert client.get(LIST).status_code == 302
    assert rows(people.manager)[-1].reason == "idle"
    login(client, people.manager)
    change(people.manager, created_at=now() - timedelta(hours=13))
    assert client.get(REST).status_code == 401
    assert rows(people.manager)[-1].reason == "age"


def test_the_login_page_says_once_that_the_session_has_ended(client: Browser, people: People) -> None:
    assert "登录已结束" not in client.get("/login/").text
    login(client, people.manager)
    end_sessions(people.manager.user_id, "ended")
    client.get(LIST)
    assert "登录已结束" in client.get("/login/").text
    assert "登录已结束" not in client.get("/login/").text
    enter(client)
    client.post("/logout/")
    assert "登录已结束" not in client.get("/login/").text, "who logs out knows"


def test_how_long_is_the_sites_choice(client: Browser, people: People) -> None:
    login(client, people.manager)
    change(people.manager, last_seen_at=now() - timedelta(days=3), created_at=now() - timedelta(days=3))
    with acting_as(SYSTEM), transaction():
        change_settings({"access.idle_minutes": "0", "access.session_hours": "0"})
    assert client.get(LIST).status_code == 200
    with acting_as(SYSTEM), transaction():
        change_settings({"access.idle_minutes": "5", "access.session_hours": "720"})
    change(people.manager, last_seen_at=now() - timedelta(minutes=7))
    assert client.get(LIST).status_code == 302


def test_a_request_reads_its_session_in_the_statement_that_reads_the_login(client: Browser, people: People) -> None:
    login(client, people.manager)
    client.get("/profile/password/")
    with heard() as seen:
        assert client.get("/profile/password/").status_code == 200
    about = [statement for statement in seen if "access_session" in statement]
    assert len(about) == 1 and "ab_user" in about[0] and "host_setting" in about[0]
    assert not any(statement.startswith("UPDATE") for statement in seen), "used a moment ago: nothing to write"
    change(people.manager, last_seen_at=now() - timedelta(minutes=2))
    with heard() as seen:
        client.get("/profile/password/")
        client.get("/profile/password/")
    assert len([statement for statement in seen if statement.startswith("UPDATE")]) == 1


def test_a_new_password_ends_every_session_but_ones_own(app: Flask, client: Browser, people: People) -> None:
    other = app.test_client()
    enter(other)
    enter(client)
    held = token(app)
    answer = client.post("/profile/password/", data={"current": PASSWORD, "new": NEW, "again": NEW})
    assert answer.status_code == 302
    assert client.get(LIST).status_code == 200
    assert other.get(LIST).status_code == 302
    assert client.get(REST, headers=held).status_code == 401
    assert [row.reason for row in rows(people.manager)] == ["password", "", "password"]
    with acting_as(people.admin.actor):
        reset_password(people.manager.user_id)
    assert client.get(LIST).status_code == 302


def test_the_console_ends_them_too(client: Browser, people: People) -> None:
    enter(client)
    with acting_as(SYSTEM):
        set_password(find_login("zhang"), NEW)
    assert client.get(LIST).status_code == 302


def test_a_password_set_past_the_product_ends_them_too(client: Browser, people: People) -> None:
    from flask_appbuilder.security.sqla.models import User

    enter(client)
    with transaction() as current:
        current.execute(update(User).where(User.username == "zhang").values(password="!"))
    assert client.get(LIST).status_code == 302
    assert rows(people.manager)[0].reason == "password"


def test_a_hash_made_anew_ends_nothing(app: Flask, client: Browser, people: People) -> None:
    from flask_appbuilder.security.sqla.models import User

    with transaction() as current:
        old = generate_password_hash(PASSWORD, method="pbkdf2:sha256:1")
        current.execute(update(User).where(User.username == "zhang").values(password=old))
    login(client, people.manager)
    enter(app.test_client())
    assert client.get(LIST).status_code == 200


def test_switching_off_and_leaving_end_them_at_once(app: Flask, client: Browser, people: People) -> None:
    enter(client)
    with acting_as(people.admin.actor):
        set_active(people.manager.user_id, False)
        set_active(people.manager.user_id, True)
    assert client.get(LIST).status_code == 302, "switched on again: the old session stays ended"
    enter(client)
    held = token(app)
    leave(people.manager, date.today() + timedelta(days=2))
    assert client.get(LIST).status_code == 200
    leave(people.manager, date.today() - timedelta(days=1))
    assert client.get(LIST).status_code == 302
    assert client.get(REST, headers=held).status_code == 401
    assert enter(client).status_code == 422, "nor do they come in again"
    assert [row.reason for row in rows(people.manager)] == ["off", "left", "left"]


def leave(person: Person, day: date) -> None:
    with acting_as(SYSTEM), transaction() as current:
        current.execute(update(Employee).where(Employee.id == person.employee_id).values(left_on=day))


def test_the_key_of_somebody_who_left_is_nobodys(client: Browser, people: People) -> None:
    from app.base.security.keys import make_key

    with acting_as(people.manager.actor):
        raw = make_key("钥匙", ["customer:read"], date.today() + timedelta(days=9))
    bearer = {"Authorization": f"Bearer {raw}"}
    assert client.get(REST, headers=bearer).status_code == 200
    leave(people.manager, date.today() - timedelta(days=1))
    assert client.get(REST, headers=bearer).status_code == 401


def token(app: Flask) -> dict[str, str]:
    body = {"username": "zhang", "password": PASSWORD}
    answer = app.test_client().post("/api/v1/security/login", json=body, csrf=False)
    assert answer.status_code == 200
    return {"Authorization": f"Bearer {answer.json['access_token']}"}


def test_a_token_is_a_session_too_and_can_be_ended(app: Flask, client: Browser, people: People) -> None:
    held = token(app)
    login(client, people.manager)
    page = client.get("/profile/sessions/").text
    assert "REST" in page and "本次登录" in page
    assert client.post("/api/v1/security/logout", headers=held, csrf=False).status_code == 204
    assert client.get(REST, headers=held).status_code == 401
    assert client.get(REST).status_code == 200, "the cookie's session goes on"
    assert client.post("/api/v1/security/logout", csrf=False).status_code == 400, "it rides on the cookie"
    assert client.post("/api/v1/security/logout").status_code == 204
    assert client.get(REST).status_code == 401
    assert client.post("/api/v1/security/logout").status_code == 401


def test_a_cookie_is_no_token_and_a_token_no_cookie(app: Flask, client: Browser, people: People) -> None:
    from flask_jwt_extended import create_access_token, decode_token

    held = token(app)["Authorization"].removeprefix("Bearer ")
    with app.app_context():
        sid = decode_token(held)["sid"]
    with client.session_transaction() as kept:
        kept[COOKIE_KEY] = sid
    assert client.get(LIST).status_code == 302
    enter(client)
    with app.app_context():
        forged = create_access_token(str(people.manager.user_id), additional_claims={"sid": raw_of(client)})
    assert app.test_client().get(REST, headers={"Authorization": f"Bearer {forged}"}).status_code == 401


def test_ending_ones_own(app: Flask, client: Browser, people: People) -> None:
    others = [app.test_client() for _ in range(3)]
    for other in others:
        enter(other)
    enter(client)
    enter(stranger := app.test_client(), name="li")
    first = rows(people.manager)[0].id
    assert client.post(f"/profile/sessions/{first}/end").status_code == 302
    assert [other.get(LIST).status_code for other in others] == [302, 200, 200]
    theirs = rows(people.colleague)[0].id
    client.post(f"/profile/sessions/{theirs}/end")
    assert stranger.get(LIST).status_code == 200, "somebody else's is not found"
    assert client.post("/profile/sessions/end-others").status_code == 302
    assert [other.get(LIST).status_code for other in others] == [302, 302, 302]
    assert client.get(LIST).status_code == 200
    written = session.scalars(select(AuditEntry).where(AuditEntry.action == "end_session")).all()
    assert [entry.changes["sessions"] for entry in written] == [[1, 0], [2, 0]]
    assert app.test_client().get("/profile/sessions/").status_code == 302
    assert client.get("/profile/sessions/end-others").status_code == 405


def test_an_administrator_sees_and_ends_them(app: Flask, client: Browser, people: People) -> None:
    one, two = app.test_client(), app.test_client()
    enter(one)
    enter(two)
    login(client, people.admin)
    page = client.get(f"/accounts/{people.manager.employee_id}").text
    assert page.count("127.0.0.1") == 2
    path = f"/accounts/login/{people.manager.user_id}/sessions"
    assert client.post(f"{path}/{rows(people.manager)[0].id}/end").status_code == 302
    assert [one.get(LIST).status_code, two.get(LIST).status_code] == [302, 200]
    assert client.post(f"{path}/end").status_code == 302
    assert two.get(LIST).status_code == 302
    assert client.post(f"{path}/end").status_code == 422, "there is none any more"
    own = f"/accounts/login/{people.admin.user_id}/sessions/end"
    assert client.post(own).status_code == 422


def test_ending_needs_the_right(app: Flask, client: Browser, people: People) -> None:
    enter(client)
    login(other := app.test_client(), people.colleague)
    path = f"/accounts/login/{people.manager.user_id}/sessions"
    assert other.post(f"{path}/end").status_code == 403
    security = people.add("mi", "米安全", people.head_office, "security_admin")
    with acting_as(security.actor), pytest.raises(Refused):
        end_session_of(people.manager.user_id)
    assert client.get(LIST).status_code == 200


def test_old_sessions_are_forgotten(client: Browser, people: People) -> None:
    enter(client)
    end_sessions(people.manager.user_id, "ended")
    change(people.manager, last_seen_at=now() - KEPT - timedelta(days=1))
    enter(client)
    assert len(rows(people.manager)) == 1
