"""The parameters of the resources, as OpenAPI tells them."""

from __future__ import annotations

from typing import Any

from app.base.groups.rules import MAX_CONDITIONS, MAX_DEPTH, MAX_LENGTH
from app.base.rest.listing import MAX_PAGE_SIZE, PAGE_SIZE
from app.base.views.filters import PICKED, RANGED
from app.types import Entity, Field, Kind

WHERE = (
    "Conditions joined by and / or, beside the filters: and(condition,…) or or(condition,…), each condition "
    "field:operator:value or a further group. Operators: in and all (values with | between them), contains, equals, "
    "range:from|to (either may be left out), empty, filled. A value with a blank or one of \" ( ) , | : \\ in it "
    "stands in double quotes. "
    f"At most {MAX_CONDITIONS} conditions, {MAX_DEPTH} groups deep. "
    "Example: or(kind:in:corporate,and(level:in:key|important,mobile:filled))"
)


def text_header(name: str) -> dict[str, Any]:
    """A header of the request."""
    return {"name": name, "in": "header", "schema": {"type": "string"}}


def fields_parameter(entity: Entity) -> dict[str, Any]:
    """``?fields=``: which fields are wanted."""
    names = ["id", *(field.name for field in entity.fields)]
    return {
        "name": "fields",
        "in": "query",
        "description": "Only these, separated by commas",
        "style": "form",
        "explode": False,
        "schema": {"type": "array", "items": {"type": "string", "enum": names}},
    }


def list_parameters(entity: Entity) -> list[dict[str, Any]]:
    """Everything a list may be asked: page, order, search, and each filter."""
    def query(name: str, schema: dict[str, Any], words: str = "") -> dict[str, Any]:
        return {"name": name, "in": "query", "schema": schema, **({"description": words} if words else {})}

    parameters = [
        fields_parameter(entity),
        query("page", {"type": "integer", "minimum": 1}),
        query("page_size", {"type": "integer", "minimum": 1, "maximum": MAX_PAGE_SIZE, "default": PAGE_SIZE}),
        query("sort", {"type": "string"}, "A field; with - before it the other way round"),
        query("q", {"type": "string", "maxLength": 100}, "As the list's search box"),
        query("where", {"type": "string", "maxLength": MAX_LENGTH}, WHERE),
        query("after", {"type": "string"}, "From the address in `next`"),
        query("before", {"type": "string"}, "From the address in `previous`"),
    ]
    for field in entity.fields:
        if field.filterable:
            parameters.extend(query(*one) for one in _filters(field))
    return parameters


def _filters(field: Field) -> list[tuple[str, dict[str, Any], str]]:
    label = str(field.label)
    own = {Kind.CHOICES: ["all", "empty", "filled"], Kind.FILES: ["contains", "empty", "filled"]}
    ways = own.get(field.kind, ["contains", "equals", "empty", "filled"])
    found = [
        (
            f"op.{field.name}",
            {"type": "string", "enum": ways},
            f"How to filter by “{label}”",
        )
    ]
    if field.kind in RANGED:
        kind = {Kind.DATE: "date", Kind.DATETIME: "date-time"}.get(field.kind)
        schema: dict[str, Any] = {"type": "string", "format": kind} if kind else {"type": "number"}
        return [
            (f"f.{field.name}.from", schema, f"“{label}” from"),
            (f"f.{field.name}.to", schema, f"“{label}” to"),
            *found,
        ]
    item: dict[str, Any] = {"type": "string"}
    if field.kind in (Kind.CHOICE, Kind.CHOICES):
        item = {"type": "string", "enum": [choice.value for choice in field.choices]}
    elif field.kind is Kind.LINK:
        item = {"type": "integer", "minimum": 1}
    elif field.kind is Kind.REGION:
        item = {"type": "string", "pattern": "^[1-9][0-9]{5}$"}
    elif field.kind is Kind.BOOLEAN:
        item = {"type": "string", "enum": ["yes", "no"]}
    schema = {"type": "array", "items": item} if field.kind in PICKED else item
    return [(f"f.{field.name}", schema, f"“{label}”"), *found]
