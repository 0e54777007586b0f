"""Error pages, JSON and toasts: translated, with the trace id, never a stack."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask import Flask, abort
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm.exc import StaleDataError

from app.base.errors import TROUBLES
from app.base.protection import public
from app.testing.people import Browser, People, login
from app.types import Refused

#: `broken` adds routes.
pytestmark = pytest.mark.own_app
SECRET = "password=hunter2 SELECT * FROM customer"


def _break(kind: str) -> Any:
    if kind.isdigit():
        abort(int(kind))
    faults: dict[str, Exception] = {
        "bug": RuntimeError(SECRET),
        "refused": Refused("不可以", errors={"name": "太长"}),
        "stale": StaleDataError(SECRET),
        "away": OperationalError(SECRET, {}, Exception(SECRET)),
    }
    raise faults[kind]


@pytest.fixture
def broken(app: Flask) -> Browser:
    """A browser of an app that breaks on demand: /broken/<kind>."""
    app.add_url_rule("/broken/<kind>", "broken", public(_break), methods=["GET", "POST"])
    app.add_url_rule("/api/v1/broken/<kind>", "broken_api", _break)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    client = app.test_client()
    assert isinstance(client, Browser)
    return client


def test_every_error_has_a_page_in_both_languages(broken: Browser, people: People) -> None:
    login(broken, people.manager)
    for code, trouble in TROUBLES.items():
        if code == 401:
            continue
        for language in ("zh", "en"):
            broken.get(f"/language/{language}")
            answer = broken.get(f"/broken/{code}")
            assert answer.status_code == code
            assert answer.headers["X-Trace-Id"] in answer.text
            assert (trouble.title._args[0] in answer.text) is (language == "en"), code
            assert ('class="rail offcanvas' in answer.text) is (code < 500)


def test_a_guest_gets_the_page_without_the_frame(broken: Browser) -> None:
    answer = broken.get("/broken/403")
    assert 'class="rail offcanvas' not in answer.text
    assert "/login/" in answer.text
    assert broken.get("/nowhere").status_code == 404


@pytest.mark.parametrize(("kind", "code"), [("bug", 500), ("away", 503), ("stale", 409)])
def test_nothing_of_the_inside_is_shown(broken: Browser, kind: str, code: int) -> None:
    for path, headers in (
        (f"/broken/{kind}", {}),
        (f"/api/v1/broken/{kind}", {}),
        (f"/broken/{kind}", {"HX-Request": "true"}),
    ):
        answer = broken.get(path, headers=headers)
        assert answer.status_code == code
        told = answer.text + json.dumps(dict(answer.headers))
        assert "hunter2" not in told and "Traceback" not in told and "SELECT" not in told
        assert answer.headers["X-Trace-Id"] in told


def test_scripts_are_told_in_json(broken: Browser) -> None:
    answer = broken.get("/api/v1/broken/404")
    assert answer.json == {"message": "这里没有内容", "trace_id": answer.headers["X-Trace-Id"]}
    assert broken.get("/nowhere", headers={"Accept": "application/json"}).json
    assert broken.post("/broken/409", json={}).json
    assert broken.get("/broken/409", headers={"Accept": "text/html,*/*;q=0.8"}).mimetype == "text/html"


def test_a_refusal_says_why(broken: Browser) -> None:
    answer = broken.get("/api/v1/broken/refused")
    assert answer.status_code == 422
    assert answer.json["message"] == "不可以"
    assert answer.json["errors"] == {"name": "太长"}
    assert "不可以" in broken.get("/broken/refused").text


def test_htmx_gets_a_toast_and_keeps_the_page(broken: Browser) -> None:
    answer = broken.get("/broken/409", htmx=True)
    assert answer.status_code == 409
    assert answer.data == b""
    assert answer.headers["HX-Reswap"] == "none"
    toast = json.loads(answer.headers["HX-Trigger"])["toast"]
    assert toast["kind"] == "danger"
    assert "已被他人抢先修改" in toast["text"]


def test_the_wrong_method_says_which_are_right(client: Browser, people: People) -> None:
    answer = login(client, people.manager).get("/logout/")
    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]


def test_a_file_too_large(app: Flask, client: Browser, people: People) -> None:
    app.config["MAX_CONTENT_LENGTH"] = 1000
    answer = login(client, people.manager).post("/profile/", data={"language": "x" * 5000})
    assert answer.status_code == 413
    assert "文件过大" in answer.text
