"""Rows an admin made, as a document says them: by the properties their own screen works from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flask_babel import gettext as _

from app.blueprint.parts.part import said
from app.blueprint.rules import Path, Problem
from app.host.context import context
from app.types import Entity, Field, Kind, Text

#: Written as a list of lines.
LINES = frozenset({"choices"})
#: Said even where it is what a form begins with.
TOLD = frozenset({"kind"})
Properties = Mapping[str, Field]


def properties_of(entity: Entity, told: Iterable[str]) -> dict[str, Field]:
    """What a document says of a row; `told` is told by where it stands there, or by its being there at all."""
    return {field.name: field for field in entity.fields if field.name not in told}


def fixed_of(properties: Properties) -> tuple[str, ...]:
    """A row is what these say for good."""
    return tuple(name for name, field in properties.items() if field.create_only)


def choices_of(field: Field) -> frozenset[str]:
    """The choices of a property that are the same in every site."""
    return frozenset(str(choice.value) for choice in field.choices)


def written(properties: Properties, row: Any) -> dict[str, Any]:
    """What a row says, as a document has it: nothing that goes without saying."""
    values = {name: _written(field, getattr(row, name)) for name, field in properties.items()}
    plain: dict[str, tuple[Any, ...]] = {
        name: (None, "", [], properties[name].default if name not in TOLD else None) for name in properties
    }
    return {name: value for name, value in values.items() if value not in plain[name]}


def stored(properties: Properties, content: Mapping[str, Any]) -> dict[str, Any]:
    """What a document says, as the verbs take it."""
    return {name: _stored(field, content.get(name, field.default)) for name, field in properties.items()}


def said_of(slug: str, properties: Properties, name: str, value: Any) -> Text:
    """A value as people read it; `slug` is the entity of the rows."""
    field = properties.get(name)
    if field is None:
        return said(value)
    if value is None and field.default is not None:
        value = field.default
    entity = context().entities.get(slug)
    offered = (entity.field(name) if entity else None) or field
    found = next((choice for choice in offered.choices if choice.value == value), None)
    return str(found.label) if found is not None else said(value)


def label_of(properties: Properties, name: str) -> Text:
    """What a property is called."""
    return str(properties[name].label) if name in properties else name


def wrong_properties(properties: Properties, path: Path, content: Mapping[str, Any]) -> Iterable[Problem]:
    """What is wrong with the values of one row, each by itself."""
    for name in content:
        if name not in properties:
            text = _("This is not known; there are: %(names)s", names=", ".join(properties))
            yield Problem((*path, name), text)
    for name, field in properties.items():
        value = content.get(name)
        if value in (None, "") and (name in TOLD or (field.required and field.default is None)):
            yield Problem((*path, name), _("This must be filled in"))
        elif name in content and (text := _misfit(field, value)):
            yield Problem((*path, name), text)


def _written(field: Field, value: Any) -> Any:
    if field.name in LINES and value:
        return [line.strip() for line in str(value).splitlines() if line.strip()]
    return value


def _stored(field: Field, value: Any) -> Any:
    if isinstance(value, list):
        return "\n".join(value)
    return value if value is not None or field.kind is not Kind.BOOLEAN else False


def _misfit(field: Field, value: Any) -> str:
    if field.kind is Kind.BOOLEAN:
        return "" if isinstance(value, bool) else _("true or false is expected here")
    if field.kind is Kind.INTEGER:
        return "" if type(value) is int and abs(value) < 2**31 else _("A whole number is expected here")
    if field.name in LINES:
        return (
            ""
            if isinstance(value, list) and all(isinstance(line, str) for line in value)
            else _("A list of texts is expected here")
        )
    if not isinstance(value, str):
        return _("A text is expected here")
    allowed = choices_of(field)
    if allowed and value not in allowed:
        return _("This is not among them: %(names)s", names=", ".join(sorted(allowed)))
    if field.max_length and len(value) > field.max_length:
        return _("Give a text of at most %(count)s characters", count=field.max_length)
    return ""
