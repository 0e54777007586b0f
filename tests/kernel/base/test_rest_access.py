"""Who may ask a REST resource: keys narrowed to their scopes, tokens, and how both come to an end."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask, current_app
from flask_appbuilder.security.sqla.models import ApiKey, User
from sqlalchemy import select, update

from app.access.actors import acting_as
from app.access.models import AuditEntry
from app.base.security.keys import keys_of, make_key, narrowed, offered_scopes, revoke_key
from app.db import now, session, transaction
from app.testing.factories import make_customer
from app.testing.people import PASSWORD, Browser, People, Person, login
from app.types import Refused

CUSTOMERS = "/api/v1/customer/"
LOGIN = "/api/v1/security/login"


def key_for(person: Person, *scopes: str, name: str = "呼叫中心") -> str:
    with acting_as(person.actor):
        return make_key(name, scopes, now().date() + timedelta(days=30))


def bearer(credential: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {credential}"}


def token(client: Browser, person: Person) -> str:
    answer = client.post(LOGIN, json={"username": person.username, "password": PASSWORD}, csrf=False)
    assert answer.status_code == 200, answer.text
    return str(answer.json["access_token"])


def test_a_key_does_what_its_scopes_say_and_no_more(client: Browser, people: People) -> None:
    mine = make_customer("我的", people.manager)
    make_customer("别人的", people.stranger)
    reader = bearer(key_for(people.manager, "customer:read"))
    assert [row["name"] for row in client.get(CUSTOMERS, headers=reader).json["result"]] == ["我的"]
    assert client.get(f"{CUSTOMERS}{mine.id}", headers=reader).status_code == 200
    assert client.get("/api/v1/contact/", headers=reader).status_code == 403
    assert client.get("/api/v1/unit/", headers=reader).status_code == 403
    refused = client.patch(f"{CUSTOMERS}{mine.id}", json={"name": "改"}, headers=reader, csrf=False)
    assert refused.status_code == 403
    assert client.post(CUSTOMERS, json={"name": "新"}, headers=reader, csrf=False).status_code == 403
    writer = bearer(key_for(people.manager, "customer:update", name="写"))
    changed = client.patch(f"{CUSTOMERS}{mine.id}", json={"name": "改"}, headers=writer, csrf=False)
    assert changed.status_code == 200
    assert client.get(CUSTOMERS, headers=writer).status_code == 403


def test_a_key_opens_no_screen(client: Browser, people: People) -> None:
    reader = bearer(key_for(people.manager, "customer:read"))
    for path in ("/", "/customer/list/", "/profile/", "/keys/"):
        assert client.get(path, headers=reader).status_code in (302, 401), path


def test_a_key_is_shown_once_and_kept_as_a_hash(app: Flask, people: People) -> None:
    raw = key_for(people.manager, "customer:read")
    kept = session.execute(select(ApiKey.__table__)).mappings().one()
    assert raw not in str(dict(kept))
    assert raw[8:] not in str(dict(kept))
    (seen,) = keys_of(people.manager.user_id)
    assert (seen.start, seen.scopes, seen.revoked) == (raw[:8], ("customer:read",), False)
    written = session.scalars(select(AuditEntry).where(AuditEntry.entity == "api_key")).one()
    assert (written.action, written.user_id) == ("create_key", people.manager.user_id)
    assert raw not in str(written.changes)


def test_the_last_use_is_noted(client: Browser, people: People) -> None:
    raw = key_for(people.manager, "customer:read")
    assert keys_of(people.manager.user_id)[0].used_at is None
    client.get(CUSTOMERS, headers=bearer(raw))
    used = keys_of(people.manager.user_id)[0].used_at
    assert used is not None
    assert now() - used < timedelta(minutes=1)


def test_a_key_ends_when_revoked_expired_or_its_owner_is_switched_off(client: Browser, people: People) -> None:
    raw = key_for(people.manager, "customer:read")
    assert client.get(CUSTOMERS, headers=bearer(raw)).status_code == 200
    session.execute(update(ApiKey).values(expires_on=now().replace(tzinfo=None) - timedelta(seconds=1)))
    assert client.get(CUSTOMERS, headers=bearer(raw)).status_code == 401
    session.execute(update(ApiKey).values(expires_on=None))
    assert client.get(CUSTOMERS, headers=bearer(raw)).status_code == 200
    switch(people.manager, active=False)
    assert client.get(CUSTOMERS, headers=bearer(raw)).status_code == 401
    switch(people.manager, active=True)
    with acting_as(people.colleague.actor), pytest.raises(Refused):
        revoke_key(keys_of(people.manager.user_id)[0].id)
    with acting_as(people.manager.actor):
        revoke_key(keys_of(people.manager.user_id)[0].id)
    assert client.get(CUSTOMERS, headers=bearer(raw)).status_code == 401


def switch(person: Person, *, active: bool) -> None:
    with transaction() as current:
        current.execute(update(User).where(User.id == person.user_id).values(active=active))


def test_a_key_never_gives_more_than_its_owner_holds_now(client: Browser, people: People) -> None:
    raw = key_for(people.manager, "customer:read", "customer:update")
    with transaction() as current:
        user = current.get_one(User, people.manager.user_id)
        user.roles = []
    assert client.get(CUSTOMERS, headers=bearer(raw)).status_code == 403
    wide = narrowed(people.manager.actor, ["customer:read", "customer:delete", "nothing:read", "customer", ""])
    assert wide.permissions == frozenset()


def test_what_cannot_be_put_into_a_key_is_refused(people: People) -> None:
    day = now().date() + timedelta(days=30)
    with acting_as(people.manager.actor):
        assert "delete" not in offered_scopes(people.manager.actor)["customer"]
        for name, scopes, ends, field in (
            ("", ["customer:read"], day, "name"),
            ("x" * 101, ["customer:read"], day, "name"),
            ("钥匙", [], day, "scopes"),
            ("钥匙", ["customer:delete"], day, "scopes"),
            ("钥匙", ["*:*"], day, "scopes"),
            ("钥匙", ["customer:read"], now().date() - timedelta(days=2), "expires_on"),
            ("钥匙", ["customer:read"], day + timedelta(days=400), "expires_on"),
        ):
            with pytest.raises(Refused) as refused:
                make_key(name, scopes, ends)
            assert set(refused.value.errors) == {field}
    assert keys_of(people.manager.user_id) == []


def test_odd_credentials_are_nobody(client: Browser, people: People) -> None:
    raw = key_for(people.manager, "customer:read")
    login(client, people.manager)
    for header in (
        f"Bearer {raw[:-1]}",
        f"Bearer {raw}x",
        f"Basic {raw}",
        f"Bearer qk_{'ü' * 10}",
        "Bearer qk_",
        "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.",
        f"Bearer {'x' * 5000}",
        "Bearer",
        "",
    ):
        assert client.get(CUSTOMERS, headers={"Authorization": header}).status_code == 401, header
    assert client.get(f"{CUSTOMERS}?api_key={raw}").status_code == 400


def test_a_token_acts_as_the_person(client: Browser, people: People) -> None:
    make_customer("我的", people.manager)
    held = bearer(token(client, people.manager))
    assert [row["name"] for row in client.get(CUSTOMERS, headers=held).json["result"]] == ["我的"]
    made = client.post(CUSTOMERS, json={"name": "新"}, headers=held, csrf=False)
    assert made.status_code == 201
    with client.session_transaction() as kept:
        assert "_user_id" not in kept
    acts = session.scalars(select(AuditEntry).where(AuditEntry.action == "login")).all()
    assert [(act.record_id, act.user_id, act.changes["via"]) for act in acts] == [
        (str(people.manager.user_id), people.manager.user_id, [None, "REST"])
    ]


def test_a_token_dies_with_the_login_and_with_its_password(client: Browser, people: People) -> None:
    held = bearer(token(client, people.manager))
    login(client, people.manager)
    switch(people.manager, active=False)
    assert client.get(CUSTOMERS, headers=held).status_code == 401
    assert client.get(CUSTOMERS).status_code == 401
    switch(people.manager, active=True)
    assert client.get(CUSTOMERS, headers=held).status_code == 200
    current_app.appbuilder.sm.reset_password(people.manager.user_id, "another long secret 8")
    assert client.get(CUSTOMERS, headers=held).status_code == 401
    assert client.get(CUSTOMERS).status_code == 401
    assert client.get("/customer/list/").status_code == 302


@pytest.mark.own_app
def test_the_framework_has_no_second_door_for_keys_and_tokens(app: Flask, client: Browser, people: People) -> None:
    """Its own `@protect` reads neither: it would not narrow a key, nor notice a changed password."""
    from flask_appbuilder.api import BaseApi, expose
    from flask_appbuilder.security.decorators import protect

    class SideApi(BaseApi):
        class_permission_name = "CustomerView"

        @expose("/side", methods=["GET"])
        @protect(allow_browser_login=True)
        def list(self) -> str:
            return "inside"

    app.appbuilder.add_api(SideApi)  # type: ignore[attr-defined]
    key, held = key_for(people.manager, "unit:read"), token(client, people.manager)
    for credential in (key, held, "sst_anything"):
        assert client.get("/api/v1/sideapi/side", headers=bearer(credential)).status_code in (401, 403, 422)
    login(client, people.manager)
    assert client.get("/api/v1/sideapi/side").text == "inside"


def test_a_token_of_another_secret_or_time_is_nobody(
    app: Flask, client: Browser, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.base.rest.security.TOKEN_LIFE", timedelta(seconds=-1))
    assert client.get(CUSTOMERS, headers=bearer(token(client, people.manager))).status_code == 401
    monkeypatch.setattr("app.base.rest.security.TOKEN_LIFE", timedelta(hours=1))
    monkeypatch.setitem(app.config, "JWT_SECRET_KEY", "x" * 40)
    forged = token(client, people.manager)
    monkeypatch.setitem(app.config, "JWT_SECRET_KEY", None)
    assert client.get(CUSTOMERS, headers=bearer(forged)).status_code == 401


def test_guessing_passwords_over_rest_is_slowed_down(client: Browser, people: People) -> None:
    def attempt(password: str) -> Any:
        body = {"username": people.manager.username, "password": password}
        return client.post(LOGIN, json=body, csrf=False)

    codes = [attempt(f"wrong {number}").status_code for number in range(7)]
    assert codes[:5] == [401] * 5
    assert codes[5:] == [429] * 2
    assert attempt(PASSWORD).status_code == 429
    failures = session.scalars(select(AuditEntry).where(AuditEntry.action == "login_failed")).all()
    assert len(failures) == 5


def test_the_login_reads_its_body_strictly(client: Browser, people: People) -> None:
    for body, code in (
        ([], 400),
        ({}, 422),
        ({"username": "zhang"}, 422),
        ({"username": 1, "password": True}, 422),
        ({"username": "zhang", "password": "x", "provider": "ldap"}, 422),
        ({"username": "zh\0ng", "password": "x\ud800"}, 401),
        ({"username": "x" * 10_000, "password": "x" * 10_000}, 401),
        ({"username": "", "password": ""}, 401),
    ):
        answer = client.post(LOGIN, json=body, csrf=False)
        assert answer.status_code == code, (body, answer.text)
        assert {"message", "trace_id"} <= set(answer.json)
    assert client.post(LOGIN, data="{", content_type="application/json", csrf=False).status_code == 400
    assert client.get(LOGIN).status_code == 405
