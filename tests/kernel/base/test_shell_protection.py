"""Headers, nonces, CSRF, guests, static files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask, request
from flask.testing import FlaskClient

from app import create_app
from app.access.actors import current_actor, set_actor
from app.base import assembly, protection
from app.base.protection import limiter_storage
from app.testing.people import Browser, People, login
from app.testing.plugin import site_in
from config import Settings


def test_headers_of_every_page(client: Browser, people: People) -> None:
    for answer in (client.get("/login/"), login(client, people.admin).get("/"), client.get("/nowhere")):
        policy = answer.headers["Content-Security-Policy"]
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy and "object-src 'none'" in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert "camera=()" in answer.headers["Permissions-Policy"]
        assert answer.headers["Cache-Control"] == "no-store"
        assert re.fullmatch(r"[0-9a-f]{16}", answer.headers["X-Trace-Id"])


def test_the_nonce_is_new_each_time(client: Browser) -> None:
    policies = {client.get("/login/").headers["Content-Security-Policy"] for _ in range(3)}
    assert len(policies) == 3


def test_behind_a_proxy_in_production(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The proxy says who asks and over what; TLS is then insisted on. Without a proxy nobody is believed."""
    # Production refuses the cheap hashes of the tests.
    costly = {"password_passes": 3, "password_memory_kib": 65_536}
    monkeypatch.setattr(protection, "settings", lambda: Settings(production=True, proxies=1, **costly))
    behind = create_app(site_in(tmp_path / "behind", database))
    seen = []
    behind.before_request(lambda: seen.append((request.remote_addr, request.scheme)))
    said = {"X-Forwarded-For": "198.51.100.9, 203.0.113.7", "X-Forwarded-Proto": "https"}
    assert (
        "max-age=63072000"
        in behind.test_client().get("/login/", headers=said).headers["Strict-Transport-Security"]
    )
    assert seen == [("203.0.113.7", "https")], "what the last proxy added, not what the asker made up"
    monkeypatch.setattr(protection, "settings", lambda: Settings(production=True, **costly))
    bare = create_app(site_in(tmp_path / "bare", database))
    bare.before_request(lambda: seen.append((request.remote_addr, request.scheme)))
    assert "Strict-Transport-Security" not in bare.test_client().get("/login/", headers=said).headers
    assert seen[-1] == ("127.0.0.1", "http")


def test_static_files_are_cached_by_their_content(client: Browser) -> None:
    page = client.get("/login/").text
    address = re.search(r'href="(/static/css/app\.css\?v=[0-9a-f]{12})"', page)
    assert address
    assert client.get(address[1]).headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "immutable" not in client.get("/static/css/app.css").headers.get("Cache-Control", "")


def test_a_guest_is_sent_to_the_login_and_back(client: Browser) -> None:
    answer = client.get("/customer/list/?f.name=x")
    assert answer.status_code == 302
    assert answer.headers["Location"] == "/login/?next=/customer/list/?f.name%3Dx"
    assert client.get("/", htmx=True).headers["HX-Redirect"] == "/login/"
    assert client.get("/", headers={"Accept": "application/json"}).status_code == 401
    assert client.get("/nowhere").status_code == 404


def test_a_change_without_the_token_is_refused_with_a_way_out(client: Browser, people: People) -> None:
    login(client, people.manager)
    answer = client.post("/profile/", data={"language": "en", "theme": "dark"}, csrf=False)
    assert answer.status_code == 400
    assert "页面已过期" in answer.text
    assert people.manager.name in answer.text
    assert client.post("/logout/", csrf=False).status_code == 400


@pytest.mark.own_app
def test_a_script_with_the_browsers_cookie_needs_the_token_too(
    app: Flask, client: Browser, people: People
) -> None:
    app.add_url_rule("/api/v1/probe", "probe", lambda: {"done": True}, methods=["POST"])
    assert client.post("/api/v1/probe", csrf=False).json == {"done": True}
    login(client, people.manager)
    assert client.post("/api/v1/probe", csrf=False).status_code == 400
    assert client.post("/api/v1/probe", csrf=False, headers={"Authorization": "Bearer x"}).status_code == 200
    assert client.post("/api/v1/probe").status_code == 200


def test_nobody_is_left_behind_in_the_thread(app: Flask, people: People) -> None:
    """A thread serves one person after the other; `Browser` would hide what is left, a plain client not."""
    client = FlaskClient(app, use_cookies=True)
    login(client, people.admin)
    assert client.get("/").status_code == 200
    assert current_actor() is None
    set_actor(people.admin.actor)
    refused = FlaskClient(app).post("/profile/", data={"language": "en"})
    assert refused.headers["Location"] == "/login/"
    set_actor(people.admin.actor)
    assert people.admin.name not in FlaskClient(app).get("/nowhere").text


def test_where_attempts_are_counted() -> None:
    assert limiter_storage(None) == "memory://"
    assert limiter_storage("redis://127.0.0.1:6379/0") == "redis://127.0.0.1:6379/0"
    assert limiter_storage("unix:///run/v.sock") == "redis+unix:///run/v.sock"


def test_the_cookie_of_the_session_in_production(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sent over TLS only, to this host only, to no script, and not along with a form of another site."""
    made = Settings(production=True, password_passes=3, password_memory_kib=65_536)
    monkeypatch.setattr(assembly, "settings", lambda: made)
    client = create_app(site_in(tmp_path / "site", database)).test_client()
    answer = client.get("/login/", base_url="https://bank.example")
    (cookie,) = (said for said in answer.headers.getlist("Set-Cookie") if "qiao_" in said)
    name, _equals, rest = cookie.partition("=")
    parts = {part.strip() for part in rest.split(";")[1:]}
    assert name.startswith("__Host-qiao_")
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= parts
    assert not any(part.startswith("Domain") for part in parts)
