"""The second factor: codes that count once, recovery codes, who must have one, and what happens without it."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pyotp
import pytest
from flask import Flask
from sqlalchemy import select, update

from app.access.actors import acting_as
from app.access.models import AuditEntry
from app.access.signin.factors import (
    begin_factor,
    confirm_factor,
    has_factor,
    is_required,
    new_recovery_codes,
    read_factor,
    take_code,
)
from app.access.signin.models import LoginSession, RecoveryCode, SecondFactor
from app.access.signin.sealing import seal, unseal
from app.base.security.accounts import reset_factor
from app.base.security.factors import require_factor
from app.base.security.logins import forget_factor
from app.base.security.sessions import HALF_KEY
from app.db import now, session, transaction
from app.host.settings import change_settings
from app.testing.people import PASSWORD, Browser, People, Person, login
from app.types import SYSTEM, Refused

LIST = "/customer/list/"
PAGE = "/profile/second-factor/"


def code_of(person: Person, offset: int = 0) -> str:
    """The code the person's app shows; `offset` in half minutes."""
    sealed = session.scalar(select(SecondFactor.secret).where(SecondFactor.user_id == person.user_id))
    totp = pyotp.TOTP(unseal(str(sealed), person.user_id))
    return totp.generate_otp(int(now().timestamp()) // 30 + offset)


def switched_on(person: Person) -> list[str]:
    """A second factor of the person, confirmed by the code before the present one; its recovery codes."""
    assert begin_factor(person.user_id)
    return confirm_factor(person.user_id, code_of(person, -1))


def enter(client: Browser, password: str = PASSWORD, path: str = "/login/") -> Any:
    return client.post(path, data={"username": "zhang", "password": password})


def say(client: Browser, code: str) -> Any:
    return client.post("/login/code/", data={"code": code})


def at_once(app: Flask, number: int, act: Callable[[], str]) -> list[str]:
    """What `act` answers in so many threads that begin together, each in an app context of its own."""
    session.commit()
    start = Barrier(number)

    def run(_number: int) -> str:
        with app.app_context():
            start.wait(timeout=20)
            return act()

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(run, range(number)))


def acts() -> list[str]:
    found = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id))
    return [action for action in found if action.startswith(("factor", "log", "lock"))]


def test_a_sealed_secret_is_read_by_its_owner_only(app: Flask) -> None:
    sealed = seal("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", 7)
    assert unseal(sealed, 7) == "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
    assert "JBSW" not in sealed and sealed != seal("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", 7)
    changed = ("A" if sealed[30] != "A" else "B").join((sealed[:30], sealed[31:]))
    for wrong, owner in ((sealed, 8), (changed, 7), ("", 7), ("AAAA", 7)):
        with pytest.raises(ValueError):
            unseal(wrong, owner)
    with pytest.raises(ValueError):
        seal("x" * 33, 7)


def test_setting_it_up_and_logging_in_with_it(client: Browser, people: People) -> None:
    login(client, people.manager)
    assert "开始设置" in client.get(PAGE).text
    assert client.post(PAGE + "begin").status_code == 302
    page = client.get(PAGE).text
    assert 'src="data:image/svg+xml' in page
    secret = read_factor(people.manager.user_id).secret
    assert " ".join(secret[at : at + 4] for at in range(0, 32, 4)) in page
    assert client.post(PAGE + "confirm", data={"code": "000000"}).status_code == 422
    assert not has_factor(people.manager.user_id), "nothing counts before it is confirmed"
    shown = client.post(PAGE + "confirm", data={"code": code_of(people.manager, -1)})
    codes = re.findall(r"<code>(\w{5}-\w{5})</code>", shown.text)
    assert len(set(codes)) == 10
    after = client.get(PAGE).text
    assert secret not in after.replace(" ", "") and codes[0] not in after
    client.post("/logout/")
    answer = enter(client, path="/login/?next=/customer/list/")
    assert answer.headers["Location"] == "/login/code/?next=/customer/list/"
    assert client.get(LIST).status_code == 302 and client.get("/api/v1/customer/").status_code == 401
    assert client.get("/login/code/").status_code == 200
    inside = client.post("/login/code/?next=/customer/list/", data={"code": code_of(people.manager)})
    assert inside.headers["Location"] == "/customer/list/"
    assert client.get(LIST).status_code == 200
    assert acts() == ["factor_on", "logout", "login"]


def test_a_code_counts_once(app: Flask, client: Browser, people: People) -> None:
    switched_on(people.manager)
    code = code_of(people.manager)
    enter(client)
    assert say(client, f" {code[:3]} {code[3:]} ").status_code == 302
    again = app.test_client()
    enter(again)
    assert say(again, code).status_code == 422
    assert say(again, code_of(people.manager, -1)).status_code == 422, "nor does an earlier one"
    assert say(again, code_of(people.manager, 1)).status_code == 302, "clocks may differ by half a minute"


def test_codes_far_away_and_odd_ones_do_not_count(people: People) -> None:
    switched_on(people.manager)
    user_id = people.manager.user_id
    for wrong in (
        code_of(people.manager, 3),
        code_of(people.manager, -3),
        "",
        "12345",
        "1234567",
        "１２３４５６",
        "\0" * 6,
    ):
        assert take_code(user_id, wrong) == ""
    assert take_code(people.colleague.user_id, code_of(people.manager)) == ""
    assert take_code(user_id, code_of(people.manager)) == "code"


def test_a_recovery_code_counts_once(app: Flask, client: Browser, people: People) -> None:
    codes = switched_on(people.manager)
    enter(client)
    assert say(client, codes[0].upper().replace("-", " ")).status_code == 302
    assert read_factor(people.manager.user_id).codes_left == 9
    again = app.test_client()
    enter(again)
    assert say(again, codes[0]).status_code == 422
    kept = session.scalars(select(RecoveryCode.code)).all()
    assert not set(codes) & set(kept) and all(len(code) == 64 for code in kept)
    written = session.scalars(select(AuditEntry).where(AuditEntry.action == "login")).one()
    assert written.changes["via"] == [None, "recovery"]
    new_recovery_codes(people.manager.user_id)
    assert say(again, codes[1]).status_code == 422, "new codes take the place of all earlier ones"


def test_guessing_codes_locks_the_login(client: Browser, people: People) -> None:
    with acting_as(SYSTEM), transaction():
        change_settings({"access.lock_after": "3"})
    switched_on(people.manager)
    enter(client)
    wrong = "000000" if code_of(people.manager) != "000000" else "111111"
    assert [say(client, wrong).status_code for _ in range(4)] == [422, 422, 422, 429]
    assert say(client, code_of(people.manager)).status_code == 429
    assert enter(client).status_code == 429
    assert acts().count("login_failed") == 3 and "lock" in acts()


def test_the_right_password_does_not_count_the_failures_anew(client: Browser, people: People) -> None:
    with acting_as(SYSTEM), transaction():
        change_settings({"access.lock_after": "4"})
    switched_on(people.manager)
    for _ in range(2):
        enter(client)
        say(client, "no")
        say(client, "no")
    assert enter(client).status_code == 429


def test_half_way_is_not_in_and_does_not_last(client: Browser, people: People) -> None:
    switched_on(people.manager)
    assert say(client, code_of(people.manager)).headers["Location"] == "/login/"
    enter(client)
    with client.session_transaction() as kept:
        assert set(kept) <= {HALF_KEY, "csrf_token"}
        raw = kept[HALF_KEY]
        kept["_user_id"] = raw
    assert client.get(LIST).status_code == 302, "its id opens nothing"
    enter(client)
    with transaction() as current:
        current.execute(update(LoginSession).values(created_at=now() - timedelta(minutes=6)))
    assert say(client, code_of(people.manager)).headers["Location"] == "/login/"
    enter(client)
    assert say(client, code_of(people.manager)).status_code == 302
    with client.session_transaction() as kept:
        kept[HALF_KEY] = raw
    client.post("/logout/")
    assert client.get("/login/code/").headers["Location"] == "/login/"


def test_a_half_way_login_ends_with_the_password(client: Browser, people: People) -> None:
    from app.base.security.passwords import change_password

    switched_on(people.manager)
    enter(client)
    change_password(people.manager.user_id, "blue-Sparrow-71")
    assert say(client, code_of(people.manager)).headers["Location"] == "/login/"


def test_rest_asks_for_a_key_instead(app: Flask, client: Browser, people: People) -> None:
    body = {"username": "zhang", "password": PASSWORD}
    before = client.post("/api/v1/security/login", json=body, csrf=False)
    held = {"Authorization": f"Bearer {before.json['access_token']}"}
    login(client, people.manager)
    client.post(PAGE + "begin")
    client.post(PAGE + "confirm", data={"code": code_of(people.manager)})
    asker = app.test_client()
    assert asker.get("/api/v1/customer/", headers=held).status_code == 401, "tokens of the password alone end"
    refused = asker.post("/api/v1/security/login", json=body, csrf=False)
    assert refused.status_code == 403 and "API 密钥" in refused.json["message"]
    assert client.get(LIST).status_code == 200, "this browser goes on"


def test_switching_off_needs_the_password(client: Browser, people: People) -> None:
    login(client, people.manager)
    switched_on(people.manager)
    assert client.post(PAGE + "begin").status_code == 302
    assert has_factor(people.manager.user_id), "beginning anew does not switch it off"
    assert client.post(PAGE + "off", data={"password": "wrong"}).status_code == 422
    assert client.post(PAGE + "codes", data={"password": ""}).status_code == 422
    assert has_factor(people.manager.user_id)
    fresh = client.post(PAGE + "codes", data={"password": PASSWORD})
    assert len(re.findall(r"<code>\w{5}-\w{5}</code>", fresh.text)) == 10
    assert client.post(PAGE + "off", data={"password": PASSWORD}).status_code == 302
    assert not has_factor(people.manager.user_id)
    assert session.scalars(select(RecoveryCode)).all() == []
    assert client.post(PAGE + "codes", data={"password": PASSWORD}).status_code == 422
    assert acts() == ["factor_codes", "factor_off"]


@pytest.mark.parametrize("how", ["site", "role"])
def test_whoever_must_have_one_sets_it_up_first(client: Browser, people: People, how: str) -> None:
    login(client, people.admin)
    if how == "site":
        with acting_as(SYSTEM), transaction():
            change_settings({"access.second_factor": "everybody"})
    else:
        path = f"/roles/{people.manager.role_id}/factor"
        assert client.post(path, data={"required": "1"}).status_code == 302
        assert "取消双因素认证要求" in client.get(f"/roles/{people.manager.role_id}").text
    login(client, None)
    assert enter(client).headers["Location"] == "/"
    assert client.get(LIST).headers["Location"] == PAGE
    assert client.get("/profile/password/").headers["Location"] == PAGE
    assert client.get("/api/v1/customer/").status_code == 403
    assert client.post("/profile/sessions/end-others").status_code == 403
    body = {"username": "zhang", "password": PASSWORD}
    assert client.application.test_client().post("/api/v1/security/login", json=body).status_code == 403
    assert "您的角色或本站点要求启用" in client.get(PAGE).text
    client.post(PAGE + "begin")
    shown = client.post(PAGE + "confirm", data={"code": code_of(people.manager)})
    assert shown.status_code == 200 and "恢复码" in shown.text
    assert client.get(LIST).status_code == 200
    off = client.post(PAGE + "off", data={"password": PASSWORD})
    assert off.status_code == 422 and has_factor(people.manager.user_id)


def test_a_role_is_asked_by_who_may_give_it(client: Browser, people: People) -> None:
    security = people.add("mi", "米安全", people.head_office, "security_admin")
    with acting_as(security.actor), pytest.raises(Refused):
        require_factor(people.admin.role_id, True)
    assert not is_required({people.admin.role_id})
    with acting_as(people.admin.actor):
        require_factor(people.admin.role_id, True)
        assert is_required({people.admin.role_id}) and not is_required({people.manager.role_id})
        require_factor(people.admin.role_id, False)
        with pytest.raises(Refused):
            require_factor(999_999, True)
    login(client, people.manager)
    assert client.post(f"/roles/{people.manager.role_id}/factor", data={"required": "1"}).status_code == 403


def test_an_administrator_resets_it(client: Browser, people: People) -> None:
    switched_on(people.manager)
    login(client, people.admin)
    assert "重置双因素认证" in client.get(f"/accounts/{people.manager.employee_id}").text
    path = f"/accounts/login/{people.manager.user_id}/factor/reset"
    assert client.post(path).status_code == 302
    assert client.post(path).status_code == 422
    login(client, None)
    assert enter(client).headers["Location"] == "/"
    assert acts() == ["factor_reset", "login"]
    switched_on(people.admin)
    with acting_as(people.admin.actor), pytest.raises(Refused):
        reset_factor(people.admin.user_id)
    with acting_as(people.manager.actor), pytest.raises(Refused):
        reset_factor(people.admin.user_id)
    assert has_factor(people.admin.user_id)
    with acting_as(SYSTEM):
        forget_factor("admin")
    assert not has_factor(people.admin.user_id)


def test_one_code_lets_one_of_four_in(app: Flask, people: People) -> None:
    """Four attempts at once with the right code: the database lets one of them take it."""
    codes = switched_on(people.manager)
    session.commit()
    for code, way in ((code_of(people.manager), "code"), (codes[0], "recovery")):
        assert sorted(at_once(app, 4, lambda code=code: take_code(people.manager.user_id, code))) == ["", "", "", way]
