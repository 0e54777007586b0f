"""Headers, nonces, CSRF, guests, static files."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from app.base.protection import limiter_storage
from app.testing.people import Browser, People, login


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


def test_strict_transport_only_behind_tls_in_production(
    app: Flask, client: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Strict-Transport-Security" not in client.get("/login/", base_url="https://localhost").headers
    app.after_request_funcs[None].insert(
        0, __import__("app.base.protection", fromlist=["x"])._strict_transport
    )
    assert (
        "max-age=63072000"
        in client.get("/login/", base_url="https://localhost").headers["Strict-Transport-Security"]
    )
    assert "Strict-Transport-Security" not in client.get("/login/").headers


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


def test_a_script_with_the_browsers_cookie_needs_the_token_too(
    app: Flask, client: Browser, people: People
) -> None:
    app.add_url_rule("/api/v1/probe", "probe", lambda: {"done": True}, methods=["POST"])
    assert client.post("/api/v1/probe", csrf=False).json == {"done": True}
    login(client, people.manager)
    assert client.post("/api/v1/probe", csrf=False).status_code == 400
    assert client.post("/api/v1/probe", csrf=False, headers={"Authorization": "Bearer x"}).status_code == 200
    assert client.post("/api/v1/probe").status_code == 200


def test_the_next_request_of_a_thread_starts_clean(app: Flask, people: People) -> None:
    """A refused request in the same thread sees nobody, whoever the thread served before."""
    client = app.test_client()
    login(client, people.admin)
    seen = []

    def probe() -> str:
        from app.access.actors import current_actor

        seen.append(current_actor())
        return ""

    app.before_request_funcs[None].insert(1, lambda: seen.append(probe()) and None)
    client.get("/")
    client.get("/")
    assert [actor for actor in seen if actor] == []


def test_where_attempts_are_counted() -> None:
    assert limiter_storage(None) == "memory://"
    assert limiter_storage("redis://127.0.0.1:6379/0") == "redis://127.0.0.1:6379/0"
    assert limiter_storage("unix:///run/v.sock") == "redis+unix:///run/v.sock"
