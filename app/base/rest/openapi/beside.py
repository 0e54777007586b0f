"""Resources beside those of the entities, told by what each of their routes says of itself (`told`)."""

from __future__ import annotations

import re
from typing import Any

from apispec import APISpec
from flask import current_app
from flask_appbuilder.api import BaseApi
from werkzeug.routing import Rule

from app.base.rest.resource import Told

#: A converter of an address and the type OpenAPI knows it by.
_ADDRESS = re.compile(r"<(?:(\w+)(?:\([^)]*\))?:)?(\w+)>")


def add_beside(spec: APISpec, view: BaseApi, security: list[dict[str, list[str]]]) -> None:
    """The routes of a resource that is not about an entity, which says of itself what it takes."""
    operations: dict[str, dict[str, Any]] = {}
    parameters: dict[str, list[dict[str, Any]]] = {}
    for rule in current_app.url_map.iter_rules():
        if not rule.endpoint.startswith(f"{view.endpoint}."):
            continue
        route = getattr(view, rule.endpoint.rpartition(".")[2])
        path = _ADDRESS.sub(r"{\2}", rule.rule)
        parameters[path] = _places(rule)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            operations.setdefault(path, {})[method.lower()] = {
                "tags": [view.resource_name], "security": security if _said(route).login else [], **_operation(route),
            }  # fmt: skip
    for path in sorted(operations):
        spec.path(path, operations=operations[path], parameters=parameters[path])


def _said(route: Any) -> Told:
    said: Told = getattr(route, "_told", Told())
    return said


def _operation(route: Any) -> dict[str, Any]:
    said = _said(route)
    codes = ("401", "403", *said.refusals)
    refusals = {code: {"$ref": f"#/components/responses/E{code}"} for code in codes}
    summary = (route.__doc__ or "").strip().partition("\n")[0].replace("``", "")
    found: dict[str, Any] = {
        "summary": summary,
        "responses": {said.status: {"description": "Done", **_content(said.gives, said.answer)}, **refusals},
    }
    if said.query:
        found["parameters"] = [{"name": name, "in": "query", "schema": schema} for name, schema in said.query.items()]
    if said.body is not None:
        found["requestBody"] = {"required": True, **_content(said.kind, said.body)}
    return found


def _content(kind: str, schema: Any) -> dict[str, Any]:
    return {"content": {kind: {"schema": schema}}}


def _places(rule: Rule) -> list[dict[str, Any]]:
    """The parts of an address that are given."""
    numbers = {name for kind, name in _ADDRESS.findall(rule.rule) if kind == "int"}
    return [
        {
            "name": name, "in": "path", "required": True,
            "schema": {"type": "integer", "minimum": 0} if name in numbers else {"type": "string"},
        }
        for name in sorted(rule.arguments)
    ]  # fmt: skip


__all__ = ["add_beside"]
