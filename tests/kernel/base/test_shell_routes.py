"""Every page is ours: no Bootstrap 3, nothing the content policy blocks or breaks, nothing for guests."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import time_machine
from flask import Flask
from jinja2 import TemplateNotFound
from werkzeug.routing import Rule

from app.base.protection import is_file
from app.testing.factories import make_activity, make_contact, make_customer
from app.testing.people import Browser, People, login
from tests.kernel.base.resources import unchanged

#: What no page may hold, by what is wrong with it.
FOREIGN = {
    "Bootstrap 3": re.compile(
        r"""panel panel-|col-xs-|glyphicon|navbar-inverse|[\s"']data-toggle=|btn-default|fa fa-"""
    ),
    "inline style": re.compile(r"<[^>]*\sstyle\s*="),
    "inline handler": re.compile(r"<[^>]*\son[a-z]+\s*="),
    "inline script": re.compile(r"<script(?![^>]*\b(?:src|nonce|type=.application/json)\b)[^>]*>"),
    "inline style sheet": re.compile(r"<style(?![^>]*\bnonce\b)[^>]*>"),
    "foreign address": re.compile(r"""(?:src|href)=["'](?:https?:)?//"""),
    "Flask-AppBuilder": re.compile(r"/static/appbuilder|F\.A\.B\."),
}
#: The switches answer with a redirect; they are tested in test_shell.py.
NOT_PAGES = {"static"}


def pages(app: Flask) -> Iterator[tuple[Rule, str]]:
    """Every GET route with an address: numbers are 1, a job, tab or field gets a name nobody has."""
    for rule in app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or is_file(rule.endpoint) or rule.endpoint in NOT_PAGES:
            continue
        address = re.sub(r"<(?:\w+(?:\([^)]*\))?:)?(\w+)>", lambda found: value_of(found[0]), rule.rule)
        yield rule, address


def value_of(argument: str) -> str:
    return "1" if argument.startswith("<int:") else "x"


def faults(html: str) -> list[str]:
    """What is wrong with a page, one line each."""
    return [
        f"{name}: {found[0][:120]}" for name, pattern in FOREIGN.items() if (found := pattern.search(html))
    ]


def test_the_walk_would_see_what_it_looks_for() -> None:
    foreign = (
        '<div class="panel panel-default">',
        '<a data-toggle="tab">',
        '<i style="x">',
        '<a onclick="x()">',
        "<script>x</script>",
        '<link href="https://cdn.example/x.css">',
        "<style>x</style>",
    )
    for html in foreign:
        assert len(faults(html)) == 1, html
    assert faults('<a data-bs-toggle="tab" data-style="x" href="/a"><script nonce="n">x</script>') == []


@pytest.fixture
def stocked(app: Flask, people: People) -> None:
    """One record of the kinds whose pages have most on them."""
    customer = make_customer("王小明", owner=people.manager)
    make_contact(customer)
    make_activity(customer, people.manager)


def test_every_page_an_administrator_can_reach_is_ours(
    app: Flask, client: Browser, people: People, stocked: None
) -> None:
    login(client, people.admin)
    wrong, shown = [], 0
    for rule, address in pages(app):
        answer = client.get(address)
        if answer.status_code >= 500:
            wrong.append(f"{address} ({rule.endpoint}): {answer.status_code}")
        elif answer.mimetype == "text/html":
            shown += answer.status_code == 200
            wrong += [f"{address} ({rule.endpoint}): {fault}" for fault in faults(answer.text)]
    assert wrong == []
    assert shown > 20


def test_fragments_are_ours_too(app: Flask, client: Browser, people: People, stocked: None) -> None:
    login(client, people.admin)
    wrong = []
    for rule, address in pages(app):
        answer = client.get(address, htmx=True)
        if answer.status_code >= 500 or (answer.mimetype == "text/html" and faults(answer.text)):
            wrong.append(f"{address} ({rule.endpoint}): {answer.status_code} {faults(answer.text)}")
    assert wrong == []


def test_a_guest_sees_the_login_and_nothing_else(app: Flask, client: Browser) -> None:
    seen = []
    for rule, address in pages(app):
        answer = client.get(address)
        if answer.status_code == 302 and answer.headers["Location"].startswith("/login/"):
            continue
        if answer.status_code not in (401, 403, 404):
            seen.append(rule.endpoint)
    assert sorted(set(seen) - {"OpenApi.get"}) == [
        "LoginView.login",
        "shell.brand",
    ]


def test_a_guest_changes_nothing(app: Flask, client: Browser) -> None:
    for rule in app.url_map.iter_rules():
        for method in {"POST", "PUT", "PATCH", "DELETE"} & set(rule.methods or ()):
            if rule.endpoint == "LoginView.login":
                continue
            address = re.sub(r"<(?:\w+(?:\([^)]*\))?:)?(\w+)>", lambda found: value_of(found[0]), rule.rule)
            answer = client.open(address, method=method, json={} if address.startswith("/api/") else None)
            assert answer.status_code in (302, 400, 401, 403, 404, 405, 415, 422), f"{method} {address}"
            if answer.status_code == 302:
                assert answer.headers["Location"].startswith("/login/")


#: Believed for a signature: answers of another site's browser (docs/adr/0048), calls of a call centre (docs/adr/0065).
SIGNED = {"OutsideView.acs", "CallRecordApi.post"}


def test_no_change_passes_with_the_cookie_alone(app: Flask, client: Browser, people: People) -> None:
    """Every route that changes something, screens, fragments and REST alike, asks for the token of the session."""
    login(client, people.admin)
    asked, passed = 0, []
    # The clock stands still: a session that is seen a minute later is written down.
    with time_machine.travel(datetime.now(UTC), tick=False), unchanged():
        for rule in app.url_map.iter_rules():
            address = re.sub(r"<(?:\w+(?:\([^)]*\))?:)?(\w+)>", lambda found: value_of(found[0]), rule.rule)
            for method in sorted({"POST", "PUT", "PATCH", "DELETE"} & set(rule.methods or ())):
                body = {"json": {}} if address.startswith("/api/") else {"data": {"name": "x"}}
                for headers in ({}, {"HX-Request": "true"}, {"X-CSRFToken": "made up"}):
                    answer = client.open(address, method=method, csrf=False, headers=headers, **body)
                    asked += 1
                    if answer.status_code != 400 and rule.endpoint not in SIGNED:
                        passed.append(f"{method} {address} ({rule.endpoint}): {answer.status_code}")
    assert passed == []
    assert asked > 100


def test_templates_of_flask_appbuilder_cannot_be_found(app: Flask) -> None:
    for name in (
        "appbuilder/base.html",
        "appbuilder/general/model/list.html",
        "appbuilder/swagger/swagger.html",
    ):
        with pytest.raises(TemplateNotFound):
            app.jinja_env.get_template(name)
    for endpoint in (
        "UtilView.back",
        "LocaleView.index",
        "appbuilder.static",
        "SwaggerView.show",
        "MenuApi.get_menu_data",
    ):
        assert endpoint not in app.view_functions
