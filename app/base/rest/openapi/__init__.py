"""The OpenAPI 3 description of a site's REST resources, made from its entities."""

from __future__ import annotations

import re
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from flask import Response, current_app, jsonify
from flask_appbuilder.api import BaseApi, expose

from app.access.actors import current_actor
from app.access.policy import seen_by
from app.base.rest.access import api_needs
from app.base.rest.entity import EntityApi
from app.base.rest.openapi.beside import add_beside
from app.base.rest.openapi.parameters import fields_parameter, list_parameters, text_header
from app.base.rest.records import schema_of
from app.base.rest.security import SecurityApi
from app.host.context import context
from app.host.manifest import KERNEL_VERSION

ANSWERS = {
    "400": "The request cannot be read",
    "401": "Nobody is logged in, or the key or token does not count",
    "403": "The caller may not do this",
    "404": "There is no such record among those the caller may see",
    "409": "Somebody changed the record at the same moment, or others still need it",
    "412": "The record is no longer the one If-Match names",
    "415": "The body is not JSON",
    "422": "A value is refused; `errors` says why, by field",
    "429": "Too many attempts",
    "503": "The company's directory does not answer",
}
_SECURITY: list[dict[str, list[str]]] = [{"bearer": []}, {"cookie": [], "csrf": []}]
_READS = ("401", "403")


class OpenApi(BaseApi):
    """`/api/v1/openapi.json`."""

    resource_name = "openapi"
    route_base = "/api/v1"
    base_permissions: list[str] = []

    @expose("/openapi.json", methods=["GET"])
    @api_needs()
    def document(self) -> Response:
        """The description of every resource, for anybody who is logged in, with the fields that exist for them."""
        return jsonify(openapi_document())


def openapi_document() -> dict[str, Any]:
    """The whole document."""
    site = context().site
    spec = APISpec(
        title=site.name,
        version=KERNEL_VERSION,
        openapi_version="3.0.3",
        plugins=[MarshmallowPlugin(schema_name_resolver=lambda schema: type(schema).__name__)],
        servers=[{"url": "/"}],
    )
    schemes = spec.components.security_scheme
    bearer = {"type": "http", "scheme": "bearer", "description": "An API key, or a token of the login"}
    schemes("bearer", bearer)
    cookie = current_app.config["SESSION_COOKIE_NAME"]
    schemes("cookie", {"type": "apiKey", "in": "cookie", "name": cookie})
    schemes("csrf", {"type": "apiKey", "in": "header", "name": "X-CSRFToken"})
    spec.components.schema("Error", _ERROR)
    spec.components.schema("Info", _INFO)
    for code, words in ANSWERS.items():
        error = _json({"$ref": "#/components/schemas/Error"})
        spec.components.response(f"E{code}", {"description": words, **error})
    _add_login(spec)
    apis = {type(view).entity.slug: view for view in _apis()}
    for slug in sorted(apis):
        _add_entity(spec, apis[slug])
    for view in _others():
        add_beside(spec, view, _SECURITY)
    return spec.to_dict()


def _apis() -> list[EntityApi]:
    views = current_app.appbuilder.baseviews  # type: ignore[attr-defined]
    return [view for view in views if isinstance(view, EntityApi)]


def _others() -> list[BaseApi]:
    """Resources that are not about one entity, as far as they are not told one by one."""
    views = current_app.appbuilder.baseviews  # type: ignore[attr-defined]
    told_apart = (EntityApi, OpenApi, SecurityApi)
    return [view for view in views if isinstance(view, BaseApi) and not isinstance(view, told_apart)]


_ERROR = {
    "type": "object",
    "required": ["message", "trace_id"],
    "properties": {
        "message": {"type": "string"},
        "trace_id": {"type": "string", "description": "The number under which the log knows this request"},
        "errors": {"type": "object", "additionalProperties": {"type": "string"}},
    },
}
_INFO = {"type": "object", "required": ["entity", "label", "permissions", "fields"]}
_LOGIN = {
    "type": "object",
    "required": ["username", "password"],
    "additionalProperties": False,
    "properties": {
        "username": {"type": "string", "minLength": 1, "maxLength": 64},
        "password": {"type": "string", "format": "password", "minLength": 1},
        "provider": {"type": "string", "description": "A directory of the site; \"db\" is this system itself"},
    },
}
_TOKEN = {
    "type": "object",
    "required": ["access_token", "token_type", "expires_in"],
    "properties": {
        "access_token": {"type": "string"},
        "token_type": {"type": "string", "enum": ["Bearer"]},
        "expires_in": {"type": "integer", "description": "Seconds"},
    },
}


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": schema}}}


def _refusals(*codes: str) -> dict[str, Any]:
    return {code: {"$ref": f"#/components/responses/E{code}"} for code in codes}


def _add_login(spec: APISpec) -> None:
    spec.path(
        "/api/v1/security/login",
        operations={
            "post": {
                "tags": ["security"],
                "summary": "A token that counts for an hour",
                "security": [],
                "requestBody": {"required": True, **_json(_LOGIN)},
                "responses": {
                    "200": {"description": "The token", **_json(_TOKEN)},
                    **_refusals("400", "401", "403", "422", "429", "503"),
                },
            }
        },
    )
    spec.path(
        "/api/v1/security/logout",
        operations={
            "post": {
                "tags": ["security"],
                "summary": "End the token, or the browser's session, this is asked with",
                "responses": {"204": {"description": "It is ended"}, **_refusals("401", "422")},
            }
        },
    )


def _add_entity(spec: APISpec, api: EntityApi) -> None:
    entity, base = seen_by(api.entity, current_actor()), api.route_base
    name = entity.view_name.removesuffix("View")
    for suffix, kind in (("", "output"), ("Create", "create"), ("Change", "change")):
        spec.components.schema(f"{name}{suffix}", schema=schema_of(entity, kind))
    record = {"$ref": f"#/components/schemas/{name}"}
    whole = {
        "type": "object",
        "required": ["id", "result"],
        "properties": {"id": {"type": "integer"}, "result": record},
    }
    common = {"tags": [entity.slug], "security": _SECURITY}
    one: dict[str, Any] = {}
    many: dict[str, Any] = {}
    if "list" in entity.actions:
        many["get"] = {
            **common,
            "summary": f"Records of {entity.slug} in the caller's scope",
            "parameters": list_parameters(entity),
            "responses": {
                "200": {"description": "One page", **_json(_page(name))},
                **_refusals("400", *_READS),
            },
        }
    if "add" in entity.actions:
        many["post"] = {
            **common,
            "summary": f"Create a record of {entity.slug}",
            "requestBody": {"required": True, **_json({"$ref": f"#/components/schemas/{name}Create"})},
            "responses": {
                "201": {"description": "The new record", "headers": {**_ETAG, **_LOCATION}, **_json(whole)},
                **_refusals("400", *_READS, "415", "422"),
            },
        }
    if "show" in entity.actions:
        one["get"] = {
            **common,
            "summary": f"One record of {entity.slug}",
            "parameters": [fields_parameter(entity), text_header("If-None-Match")],
            "responses": {
                "200": {"description": "The record", "headers": _ETAG, **_json(_named_only(name))},
                "304": {"description": "It is still the one If-None-Match names"},
                **_refusals("400", *_READS, "404"),
            },
        }
    if "edit" in entity.actions:
        change = {
            **common,
            "summary": "Change the fields given",
            "parameters": [text_header("If-Match")],
            "requestBody": {"required": True, **_json({"$ref": f"#/components/schemas/{name}Change"})},
            "responses": {
                "200": {"description": "The changed record", "headers": _ETAG, **_json(whole)},
                "202": {"description": "Sent for approval; Location is the case", "headers": _LOCATION},
                **_refusals("400", *_READS, "404", "409", "412", "415", "422"),
            },
        }
        one["put"], one["patch"] = change, dict(change)
    if "delete" in entity.actions:
        one["delete"] = {
            **common,
            "summary": f"Delete a record of {entity.slug}",
            "parameters": [text_header("If-Match")],
            "responses": {
                "204": {"description": "It is deleted"},
                "202": {"description": "Sent for approval; Location is the case", "headers": _LOCATION},
                **_refusals("400", *_READS, "404", "409", "412", "422"),
            },
        }
    info = {
        **common,
        "summary": f"The fields of {entity.slug}",
        "responses": {
            "200": {"description": "The description", **_json({"$ref": "#/components/schemas/Info"})},
            **_refusals(*_READS),
        },
    }
    spec.path(f"{base}/_info", operations={"get": info})
    if many:
        spec.path(f"{base}/", operations=many)
    if one:
        spec.path(f"{base}/{{pk}}", operations=one, parameters=[_key("pk")])
    _add_own_routes(spec, api, {f"{base}/", f"{base}/_info", f"{base}/{{pk}}"}, common)


def _key(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "integer", "minimum": 0}}


def _add_own_routes(spec: APISpec, api: EntityApi, known: set[str], common: dict[str, Any]) -> None:
    """The routes a module added to the resource, told by their docstrings."""
    for rule in current_app.url_map.iter_rules():
        path = re.sub(r"<(?:\w+(?:\([^)]*\))?:)?(\w+)>", r"{\1}", rule.rule)
        if not rule.endpoint.startswith(f"{api.endpoint}.") or path in known:
            continue
        words = (current_app.view_functions[rule.endpoint].__doc__ or "").strip().partition("\n")[0]
        operations = {}
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            answers = {"200": {"description": "Done", **_json({})}, **_refusals("400", *_READS, "404", "422")}
            operation = {**common, "summary": words or rule.endpoint.rpartition(".")[2], "responses": answers}
            if method in ("POST", "PUT", "PATCH"):
                operation["requestBody"] = _json({"type": "object"})
            operations[method.lower()] = operation
        spec.path(path, operations=operations, parameters=[_key(name) for name in sorted(rule.arguments)])


_ETAG = {"ETag": {"schema": {"type": "string"}}}
_LOCATION = {"Location": {"schema": {"type": "string"}}}


def _page(name: str) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["count", "page", "page_size", "next", "previous", "result"],
        "properties": {
            "count": {"type": "integer", "nullable": True, "description": "null: more than are counted"},
            "page": {"type": "integer"},
            "page_size": {"type": "integer"},
            "next": {"type": "string", "nullable": True},
            "previous": {"type": "string", "nullable": True},
            "result": {"type": "array", "items": _chosen(name)},
        },
    }


def _chosen(name: str) -> dict[str, Any]:
    """A record of which `fields` may leave parts out: the schema requires only its id."""
    return {"$ref": f"#/components/schemas/{name}"}


def _named_only(name: str) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["id", "result"],
        "properties": {"id": {"type": "integer"}, "result": _chosen(name)},
    }
