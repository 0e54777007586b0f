"""Logging in and out, the own profile and password."""

from __future__ import annotations

import re

from sqlalchemy import select

from app.access.audit import verify
from app.access.models import AuditEntry
from app.access.preferences import preference, set_preference
from app.db import session
from app.testing.people import PASSWORD, Browser, People, login

WRONG = "登录名或密码错误"
NEW = "blue-Sparrow-71"


def enter(client: Browser, name: str, password: str, path: str = "/login/", **kwargs: object) -> object:
    return client.post(path, data={"username": name, "password": password}, **kwargs)


def acts() -> list[tuple[str, str, str]]:
    rows = session.execute(
        select(AuditEntry.action, AuditEntry.record_id, AuditEntry.user_name).order_by(AuditEntry.id)
    )
    return [
        (action, record_id, name)
        for action, record_id, name in rows
        if action.startswith(("log", "password"))
    ]


def test_the_way_in_and_out(client: Browser, people: People) -> None:
    answer = enter(client, "zhang", PASSWORD, "/login/?next=/customer/list/%3Ff.kind%3Dpersonal")
    assert answer.status_code == 302
    assert answer.headers["Location"] == "/customer/list/?f.kind=personal"
    assert people.manager.name in client.get("/").text
    assert client.get("/login/").headers["Location"] == "/"
    assert client.get("/logout/").status_code == 405
    assert client.post("/logout/").headers["Location"] == "/login/"
    assert client.get("/").headers["Location"] == "/login/"
    user = str(people.manager.user_id)
    assert acts() == [("login", user, people.manager.name), ("logout", user, people.manager.name)]
    assert verify(session())[1] == ""


def test_what_was_wrong_is_not_told(client: Browser, people: People) -> None:
    tries = [("zhang", "wrong"), ("nobody", PASSWORD), ("", PASSWORD), ("zhang", ""), ("zhang", "x" * 5000)]
    for name, password in tries:
        answer = enter(client, name, password)
        assert answer.status_code == 422
        assert WRONG in answer.text
        assert not password or password not in answer.text
    assert client.get("/").headers["Location"] == "/login/"


def test_what_no_database_can_hold_is_refused(client: Browser, people: People) -> None:
    assert enter(client, "zhang\x00", PASSWORD).status_code == 400
    assert client.get("/login/?next=/%00").status_code == 400
    assert login(client, people.admin).get("/customer/list/?f.name=%00").status_code == 400


def test_a_failure_of_a_known_name_is_audited(client: Browser, people: People) -> None:
    enter(client, "zhang", "wrong")
    enter(client, "my-password-in-the-wrong-field", "x")
    assert acts() == [("login_failed", str(people.manager.user_id), "")]


def test_somebody_switched_off_stays_out(client: Browser, people: People) -> None:
    from flask import current_app

    manager = current_app.appbuilder.sm
    user = manager.find_user(username="zhang")
    user.active = False
    manager.update_user(user)
    assert WRONG in enter(client, "zhang", PASSWORD).text


def test_guessing_is_slowed_down(client: Browser, people: People) -> None:
    assert [enter(client, "zhang", f"guess {n}").status_code for n in range(6)] == [422] * 5 + [429]
    answer = enter(client, "ZHANG ", PASSWORD)
    assert answer.status_code == 429
    assert "尝试次数过多" in answer.text
    assert int(answer.headers["Retry-After"]) <= 60
    assert enter(client, "li", PASSWORD).status_code == 302, (
        "a colleague at the same address is not locked out"
    )


def test_right_passwords_do_not_count(client: Browser, people: People) -> None:
    for _ in range(8):
        assert enter(client, "zhang", PASSWORD).status_code == 302
        client.post("/logout/")


def test_a_planted_session_does_not_become_the_persons(client: Browser, people: People) -> None:
    with client.session_transaction() as planted:
        planted["planted"] = "by somebody else"
        planted["csrf_token"] = "f" * 40
    enter(client, "zhang", PASSWORD)
    with client.session_transaction() as kept:
        assert "planted" not in kept
        assert kept.get("csrf_token") != "f" * 40
        assert len(kept["_user_id"]) == 43, "an id of its own, nothing of the person"


def test_the_login_sends_nobody_elsewhere(client: Browser, people: People) -> None:
    for target in ("//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)"):
        assert enter(client, "zhang", PASSWORD, f"/login/?next={target}").headers["Location"] == "/"
        client.post("/logout/")


def test_the_cookie_is_out_of_reach_of_scripts(client: Browser, people: People) -> None:
    cookie = enter(client, "zhang", PASSWORD).headers.getlist("Set-Cookie")
    session_cookie = next(line for line in cookie if line.startswith("qiao_test="))
    assert "HttpOnly" in session_cookie and "SameSite=Lax" in session_cookie


def test_the_language_before_the_login_is_kept_and_the_own_one_comes_back(
    client: Browser, people: People
) -> None:
    enter(client, "zhang", PASSWORD, headers={"Accept-Language": "en"})
    assert preference("language", user_id=people.manager.user_id) == "en"
    set_preference("language", "zh", user_id=people.colleague.user_id)
    set_preference("theme", "dark", user_id=people.colleague.user_id)
    client.post("/logout/")
    enter(client, "li", PASSWORD)
    page = client.get("/").text
    assert 'lang="zh-CN"' in page
    assert 'data-bs-theme="dark"' in page


def test_settings_of_the_profile(client: Browser, people: People) -> None:
    login(client, people.manager)
    page = client.get("/profile/").text
    assert "zhang@example.com" in page
    assert "Europe/Prague" in page
    wrong = {"language": "xx", "theme": "dark", "timezone": ""}
    assert client.post("/profile/", data=wrong).status_code == 400
    assert (
        client.post("/profile/", data={**wrong, "language": "en", "timezone": "Mars/Base"}).status_code == 400
    )
    assert preference("theme", user_id=people.manager.user_id) is None
    answer = client.post("/profile/", data={"language": "en", "theme": "dark", "timezone": "Europe/Prague"})
    assert answer.headers["Location"] == "/profile/"
    page = client.get("/profile/").text
    assert "Your settings are saved." in page
    assert re.search(r"<option selected>Europe/Prague", page)
    assert people.manager.actor.timezone == "Europe/Prague"


def change(client: Browser, current: str, new: str, again: str | None = None) -> object:
    return client.post(
        "/profile/password/", data={"current": current, "new": new, "again": new if again is None else again}
    )


def test_changing_the_password(client: Browser, people: People) -> None:
    login(client, people.manager)
    assert change(client, PASSWORD, NEW).status_code == 302
    client.post("/logout/")
    assert WRONG in enter(client, "zhang", PASSWORD).text
    assert enter(client, "zhang", NEW).status_code == 302
    assert ("password_changed", str(people.manager.user_id), people.manager.name) in acts()


def test_passwords_that_are_refused(client: Browser, people: People) -> None:
    login(client, people.manager)
    for current, new, again, told in (
        ("not it", NEW, NEW, "当前密码不正确"),
        (PASSWORD, "short", "short", "至少 10 个字符"),
        (PASSWORD, "Zhang-is-here-1", "Zhang-is-here-1", "不能包含登录名"),
        (PASSWORD, "1111111111", "1111111111", "过于简单"),
        (PASSWORD, "qwertyuiop", "qwertyuiop", "过于简单"),
        (PASSWORD, "9876543210", "9876543210", "过于简单"),
        (PASSWORD, PASSWORD, PASSWORD, "与当前密码相同"),
        (PASSWORD, NEW, NEW + "x", "不一致"),
    ):
        answer = change(client, current, new, again)
        assert answer.status_code == 422
        assert told in answer.text
    client.post("/logout/")
    assert enter(client, "zhang", PASSWORD).status_code == 302


def test_guessing_the_current_password_is_slowed_down(client: Browser, people: People) -> None:
    login(client, people.manager)
    assert [change(client, f"guess {n}", NEW).status_code for n in range(6)] == [422] * 5 + [429]


def test_the_profile_is_ones_own(client: Browser, people: People) -> None:
    page = login(client, people.manager).get("/profile/?user=1&pk=1").text
    assert "zhang@example.com" in page
    assert "admin@example.com" not in page
