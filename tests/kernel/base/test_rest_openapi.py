"""The served OpenAPI document is valid, complete, and true of what the resources answer."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable
from contextvars import Context
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.core.result import Ok

from app.access.actors import acting_as
from app.base.rest.entity import ROUTES
from app.base.security.keys import make_key, offered_scopes
from app.db import now, session
from app.host.context import context
from app.notices.services import notify
from app.testing.factories import make_activity, make_contact, make_customer
from app.testing.people import Browser, People, login
from app.types import SYSTEM

DOCUMENT = "/api/v1/openapi.json"
#: Of each operation; and the longest all of them together may take, for each way of making requests up.
EXAMPLES = int(os.environ.get("QIAO_FUZZ_EXAMPLES", "3"))
SECONDS = 25 * EXAMPLES / 3


def test_the_document_is_valid_and_names_every_resource(client: Browser, people: People) -> None:
    assert client.get(DOCUMENT).status_code == 401
    login(client, people.stranger)
    document = client.get(DOCUMENT).json
    schemathesis.openapi.from_dict(document).validate()
    methods = {
        (path, method)
        for path, operations in document["paths"].items()
        for method in operations
        if method != "parameters"
    }
    wanted = {("/api/v1/security/login", "post")}
    for slug, entity in context().entities.items():
        base = f"/api/v1/{slug}"
        wanted.add((f"{base}/_info", "get"))
        for act, places in {
            "list": [(f"{base}/", "get")],
            "show": [(f"{base}/{{pk}}", "get")],
            "add": [(f"{base}/", "post")],
            "edit": [(f"{base}/{{pk}}", "put"), (f"{base}/{{pk}}", "patch")],
            "delete": [(f"{base}/{{pk}}", "delete")],
        }.items():
            assert act in ROUTES
            if act in entity.actions:
                wanted.update(places)
    assert wanted <= methods


def test_the_document_leaves_out_no_route(app: Flask, client: Browser, people: People) -> None:
    login(client, people.stranger)
    paths = client.get(DOCUMENT).json["paths"]
    routes = {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/") and rule.rule != DOCUMENT
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    told = {(path, method) for path, given in paths.items() for method in given if method != "parameters"}
    assert routes == told
    assert {"/api/v1/notice/", "/api/v1/notice/{pk}/read", "/api/v1/file/{pk}"} <= paths.keys()


def test_what_is_told_of_notices_is_so(client: Browser, people: People) -> None:
    with acting_as(SYSTEM):
        notify("approvals.result", "您有一条消息", employees=[people.stranger.employee_id])
        session.commit()
    login(client, people.stranger)
    told = client.get(DOCUMENT).json["paths"]["/api/v1/notice/"]["get"]
    shape = told["responses"]["200"]["content"]["application/json"]["schema"]
    answer = client.get("/api/v1/notice/", query_string={"unread": "1"}).json
    (line,) = answer["result"]
    assert set(answer) == set(shape["required"]) == set(shape["properties"])
    assert set(line) == set(shape["properties"]["result"]["items"]["required"])


def test_the_document_tells_what_is_taken(client: Browser, people: People) -> None:
    login(client, people.stranger)
    schemas = client.get(DOCUMENT).json["components"]["schemas"]
    create, change, record = schemas["CustomerCreate"], schemas["CustomerChange"], schemas["Customer"]
    assert create["required"] == ["name"]
    assert create["additionalProperties"] is False
    assert create["properties"]["name"]["maxLength"] == 200
    assert create["properties"]["level"]["enum"] == ["key", "important", "normal", None]
    assert create["properties"]["annual_income"]["type"] in ("string", "number")
    assert "created_at" not in create["properties"]
    assert "owner_id" in create["properties"]
    assert "owner_id" not in change["properties"]
    assert record["properties"]["created_at"]["format"] == "date-time"
    assert "search_tokens" not in json.dumps(schemas)


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_no_input_with_a_low_rights_key_breaks_a_resource(
    app: Flask, client: Browser, people: People, mode: GenerationMode
) -> None:
    """Made-up requests of every operation, good ones and spoiled ones: never an error of ours."""
    customer = make_customer("我的", people.manager)
    make_contact(customer)
    make_activity(customer, people.manager)
    actor = people.manager.actor
    offered = offered_scopes(actor)
    with acting_as(actor):
        scopes = [f"{slug}:{grant}" for slug, grants in offered.items() for grant in grants]
        key = make_key("fuzz", scopes, now().date() + timedelta(days=1))
    login(client, people.manager)
    document = client.get(DOCUMENT).json
    login(client, None)
    schema = schemathesis.openapi.from_dict(document)
    operations = [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]
    assert len(operations) > 20
    broken: list[str] = []

    def send(asked: Asked) -> None:
        headers = {**asked.headers, "Authorization": f"Bearer {key}"}
        answer = client.open(
            asked.path, method=asked.method, query_string=asked.params, headers=headers, csrf=False, **asked.body
        )
        if answer.status_code >= 500:
            broken.append(f"{asked.method} {asked.path} {asked.params} {asked.body}: {answer.status_code}")

    # What is made up follows from the document alone, which is the same on either database.
    drawn = _made_up.setdefault((mode, json.dumps(document)), [])
    if not drawn:
        make_up(operations, mode, drawn.append)
    assert drawn
    for asked in drawn:
        send(asked)
    session.rollback()
    assert not broken, "\n".join(broken[:10])


@dataclass(frozen=True, slots=True)
class Asked:
    """A made-up request, without the key it is sent with."""

    method: str
    path: str
    params: Any
    headers: dict[str, str]
    body: dict[str, Any]


#: The requests made up, by the way they are and the document they are made from.
_made_up: dict[tuple[GenerationMode, str], list[Asked]] = {}


def asked_by(case: Any) -> Asked:
    """What Schemathesis would send."""
    kwargs = case.as_transport_kwargs(base_url="http://localhost")
    headers = {str(k): str(v) for k, v in (kwargs["headers"] or {}).items()}
    headers = {k: v for k, v in headers.items() if k.lower() not in ("authorization", "x-csrftoken")}
    body = {name: kwargs[name] for name in ("json", "data") if kwargs.get(name) is not None}
    body = dict(list(body.items())[:1])
    return Asked(kwargs["method"], kwargs["url"].removeprefix("http://localhost"), kwargs.get("params"), headers, body)


def make_up(operations: list[Any], mode: GenerationMode, keep: Callable[[Asked], None]) -> None:
    """Requests of each operation, the same each time, as long as the time allows."""
    until = time.monotonic() + SECONDS

    def draw(case: Any) -> None:
        if time.monotonic() <= until:
            keep(asked_by(case))

    for operation in operations:
        if time.monotonic() > until:
            break
        run = settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )(seed(1)(given(case=operation.as_strategy(generation_mode=mode))(draw)))
        try:
            Context().run(run)
        except (schemathesis.errors.SchemathesisError, Unsatisfiable):
            continue  # nothing to spoil in this operation
