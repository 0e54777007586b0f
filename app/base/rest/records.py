"""Records as JSON: reading a body, showing a record, its ETag, and the description of an entity."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, request
from flask_babel import gettext as _
from marshmallow import Schema, ValidationError
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from app.access.actors import current_actor, require_actor
from app.access.policy import seen_by
from app.base.errors import answer
from app.base.rest.schemas import input_schema, is_needed, output_schema
from app.fields.messages import message
from app.fields.records import check_links
from app.fields.values import read_values
from app.host.context import context
from app.types import Entity, Level, Refused


def schema_of(entity: Entity, kind: str) -> Schema:
    """The schema of an entity as the actor sees it: ``output``, ``create`` or ``change``; made once per levels."""
    actor = current_actor()
    entity = seen_by(entity, actor)
    levels = actor.fields if actor is not None else None
    made: dict[Any, Schema] = context().schemas if levels is None else levels.made
    key = (entity.slug, kind)
    if key not in made:
        zone = ZoneInfo(context().site.timezone)
        if kind == "output":
            made[key] = output_schema(entity, zone)
        else:
            made[key] = input_schema(entity, zone, creating=kind == "create")
    return made[key]


def chosen_fields(entity: Entity, args: Mapping[str, str]) -> tuple[str, ...] | None:
    """The fields ``?fields=name,mobile`` asks for, None for all. Raises `Refused` for an unknown one."""
    entity = seen_by(entity, require_actor())
    text = args.get("fields", "")
    if not text:
        return None
    names = tuple(dict.fromkeys(name.strip() for name in text[:4000].split(",") if name.strip()))
    for name in names:
        if name != "id" and entity.field(name) is None:  # or hidden
            raise Refused(errors={"fields": _("There is no field “%(name)s” here", name=name[:60])})
    return names


def shown(entity: Entity, record: Any, names: tuple[str, ...] | None = None) -> dict[str, Any]:
    """A record as JSON: its id and its fields (or those named)."""
    schema = schema_of(entity, "output")
    wanted = schema.fields if names is None else {name: schema.fields[name] for name in ("id", *names)}
    return {name: field.serialize(name, record) for name, field in wanted.items()}


def etag_of(entity: Entity, record: Any) -> str:
    """What changes whenever the record does: its version, or a hash of what it shows."""
    version = getattr(record, "version", None)
    if isinstance(version, int):
        return f"{record.id}-{version}"
    text = json.dumps(shown(entity, record), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def read_body(entity: Entity, *, creating: bool) -> dict[str, Any] | Response:
    """The typed values of the request's JSON object, or the answer that refuses it (400, 415, 422)."""
    try:
        body = request.get_json()
    except UnsupportedMediaType:
        return answer(415, reason=_("Send JSON with Content-Type: application/json"))
    except (BadRequest, ValueError):
        return answer(400, reason=_("The body is not valid JSON"))
    if not isinstance(body, dict):
        return answer(400, reason=_("The body must be a JSON object"))
    try:
        return read_object(entity, body, creating=creating)
    except Refused as refused:
        return answer(422, errors={name: str(text) for name, text in refused.errors.items()})


def read_object(entity: Entity, body: Mapping[str, Any], *, creating: bool) -> dict[str, Any]:
    """The typed values of a JSON object. Raises `Refused` with all that is wrong, by field."""
    errors: dict[str, str] = {}
    known: dict[str, Any] = {}
    for name, value in body.items():
        if code := _refusal(entity, name, creating):
            errors[name[:60].encode(errors="replace").decode()] = message(code)
        else:
            known[name] = value
    try:
        values: dict[str, Any] = schema_of(entity, "create" if creating else "change").load(known)
    except ValidationError as wrong:
        errors |= {str(name): _first(texts) for name, texts in wrong.normalized_messages().items()}
        errors = _judged(entity, wrong.valid_data, creating) | errors
    if errors:
        raise Refused(errors=errors)
    return values


def read_asked(asked: Entity, body: Mapping[str, Any]) -> dict[str, Any]:
    """What a JSON object says to an act (`asking`), typed. Raises `Refused` by field, also for a link out of reach."""
    values = read_values(asked, read_object(asked, body, creating=True), creating=True)
    check_links(asked, values)
    return values


def _judged(entity: Entity, values: Any, creating: bool) -> dict[str, str]:
    """What else is wrong, so that the caller hears of everything at once."""
    try:
        read_values(entity, values, creating=creating)
    except Refused as refused:
        return {name: str(text) for name, text in refused.errors.items()}
    return {}


def _refusal(entity: Entity, name: str, creating: bool) -> str:
    """The code of why a field cannot be written, empty when it can."""
    field = seen_by(entity, require_actor()).field(name)
    if field is None:
        return "unknown_field"
    if field.computed:
        return "computed"
    if field.level is not Level.WRITE:
        return "not_writable"
    return "create_only" if field.create_only and not creating else ""


def _first(texts: Any) -> str:
    while isinstance(texts, list | dict) and texts:
        texts = next(iter(texts.values())) if isinstance(texts, dict) else texts[0]
    return str(texts)


def described(entity: Entity, view: str) -> dict[str, Any]:
    """What a program needs to know to use the entity; the choices of links are not listed."""
    actor = require_actor()
    entity = seen_by(entity, actor)
    acts = ("list", "show", "add", "edit", "delete")
    return {
        "entity": entity.slug,
        "label": str(entity.label),
        "permissions": [f"can_{a}" for a in acts if a in entity.actions and actor.can(f"can_{a}", view)],
        "order_by": list(entity.order_by),
        "fields": [
            {
                "name": field.name,
                "label": str(field.label),
                "kind": field.kind.value,
                "required": is_needed(field),
                "nullable": not field.required,
                "computed": field.computed,
                "create_only": field.create_only,
                "filterable": field.filterable,
                "sortable": field.sortable,
                "level": field.level.word,
                "unique": field.unique,
                "max_length": field.max_length,
                "unit": str(field.unit),
                "help": str(field.help),
                "target": field.target,
                "choices": [{"value": c.value, "label": str(c.label)} for c in field.choices],
            }
            for field in entity.fields
        ],
    }
