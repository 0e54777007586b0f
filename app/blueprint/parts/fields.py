"""Custom fields."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from app.access.scope import UNSCOPED
from app.blueprint.parts.part import Impact, Part, mappings, said
from app.blueprint.rules import REMOVED, Change, Leaf, Path, Problem
from app.db import session
from app.fields.custom.describing import extend_again
from app.fields.custom.describing import said as said_in_both
from app.fields.custom.models import CustomField
from app.fields.custom.rules import KEY
from app.fields.custom.schemas import CUSTOM_FIELD
from app.fields.custom.stored import COLUMN, expression, is_extensible
from app.host.context import context
from app.types import Field, Kind, Text

#: Told by where the field stands in the document, or by its being there at all.
_TOLD = frozenset({"entity", "key", "active"})
PROPERTIES = {field.name: field for field in CUSTOM_FIELD.fields if field.name not in _TOLD}
#: Those whose choices are the same in every site.
CHOICES = {name: frozenset(c.value for c in field.choices) for name, field in PROPERTIES.items() if field.choices}
#: A field is what these say for good.
FIXED = tuple(name for name, field in PROPERTIES.items() if field.create_only)
#: Written as a list of lines.
LINES = frozenset({"choices"})


class FieldsPart(Part):
    """`{entity: {key: {property: value}}}` of the fields in use.

    One that is not in the document goes out of use and keeps its values; one that was out of use comes back.
    """

    name = "fields"
    label = _l("Custom fields")
    icon = "forms"
    view = CUSTOM_FIELD.view_name
    depth = 2

    def read(self) -> dict[str, dict[str, Any]]:
        statement = select(CustomField).where(CustomField.active)
        statement = statement.order_by(CustomField.entity, CustomField.position, CustomField.id)
        found: dict[str, dict[str, Any]] = defaultdict(dict)
        for row in session.scalars(statement.execution_options(**{UNSCOPED: True}, populate_existing=True)):
            found[row.entity][row.key] = described(row)
        return dict(found)

    def check(self, wanted: Any, document: Mapping[str, Any]) -> Iterable[Problem]:
        entities, wrong = mappings((self.name,), wanted)
        yield from wrong
        fixed = _fixed()
        for path, fields in entities:
            entity = context().entities.get(path[1])
            if (entity is None or not is_extensible(entity)) and path[1] not in document.get("entities", ()):
                yield Problem(path, _("Records of this kind cannot have custom fields"))
                continue
            described, wrong = mappings(path, fields)
            yield from wrong
            for place, content in described:
                if not KEY.fullmatch(place[2]):
                    text = _("A key begins with x_ and a letter; it has Latin letters, digits and _ only")
                    yield Problem(place, text)
                    continue
                yield from _wrong_properties(place, content)
                for name, held in fixed.get(place[1:], {}).items():
                    if content.get(name, PROPERTIES[name].default) in CHOICES[name] - {held}:
                        text = _("The field of this key has “%(value)s” in this site; that does not change", value=held)
                        yield Problem((*place, name), text)

    def impact(self, changes: Sequence[Change]) -> dict[Path, tuple[Impact, ...]]:
        """How many records have a value of each field that goes, in one statement per entity."""
        going: dict[str, list[Path]] = defaultdict(list)
        for change in changes:
            if change.kind == REMOVED:
                going[change.path[0]].append(change.path)
        found: dict[Path, tuple[Impact, ...]] = {}
        for slug, paths in going.items():
            entity = context().entities.get(slug)
            if entity is None:
                continue
            document = getattr(entity.model, COLUMN)
            counted = [func.count(expression(document, path[1], Kind.TEXT)) for path in paths]
            row = session.execute(select(*counted).execution_options(**{UNSCOPED: True})).one()
            text = _("records have a value of it, which is kept out of sight")
            found |= {path: (Impact(text, n, warns=n > 0),) for path, n in zip(paths, row, strict=True)}
        return found

    def apply(self, change: Change) -> None:
        entity, key = change.path
        statement = select(CustomField).where(CustomField.entity == entity, CustomField.key == key)
        row = session.scalar(statement.execution_options(**{UNSCOPED: True}))
        verbs = context().entities[CUSTOM_FIELD.slug].verbs
        if change.kind == REMOVED:
            if row is not None:
                verbs.update(row, {"active": False})  # type: ignore[misc]
            return
        values = {name: _stored(field, change.after.get(name, field.default)) for name, field in PROPERTIES.items()}
        if row is None:
            verbs.create({**values, "entity": entity, "key": key, "active": True})  # type: ignore[misc]
        else:
            changing = {name: value for name, value in values.items() if name not in FIXED}
            verbs.update(row, {**changing, "active": True})  # type: ignore[misc]

    def applied(self) -> None:
        session.flush()
        extend_again(current_app)

    def title(self, change: Change) -> Text:
        entity = context().entities.get(change.path[0])
        held = change.after or change.before
        label = said_in_both(held.get("label_zh"), held.get("label_en"))
        return f"{entity.label if entity else change.path[0]} · {label or change.path[1]}"

    def property(self, change: Change, leaf: Leaf) -> Text:
        return str(PROPERTIES[leaf.path[0]].label) if leaf.path[0] in PROPERTIES else leaf.path[0]

    def said(self, change: Change, leaf: Leaf, value: Any) -> Text:
        field = PROPERTIES.get(leaf.path[0])
        if field is not None and value is None and field.default is not None:
            value = field.default
        if field is not None and (found := next((c for c in _choices(field) if c.value == value), None)):
            return str(found.label)
        return said(value)

    def fate(self, change: Change) -> Text:
        return _("Out of use; its values and their history are kept")


def described(row: CustomField) -> dict[str, Any]:
    """What a row says beside its entity and key, as a document has it."""
    values = {name: _written(field, getattr(row, name)) for name, field in PROPERTIES.items()}
    return {name: value for name, value in values.items() if value not in (None, "", PROPERTIES[name].default, [])}


def _choices(field: Field) -> Iterable[Any]:
    """The choices of a property as the running app offers them."""
    entity = context().entities.get(CUSTOM_FIELD.slug)
    offered = entity.field(field.name) if entity else None
    return (offered or field).choices


def _fixed() -> dict[Path, dict[str, str]]:
    """What never changes of every field there is, those out of use included."""
    columns = [getattr(CustomField, name) for name in FIXED]
    rows = session.execute(select(CustomField.entity, CustomField.key, *columns).execution_options(**{UNSCOPED: True}))
    return {(entity, key): dict(zip(FIXED, held, strict=True)) for entity, key, *held in rows}


def _written(field: Field, value: Any) -> Any:
    if field.name in LINES and value:
        return [line.strip() for line in str(value).splitlines() if line.strip()]
    return value


def _stored(field: Field, value: Any) -> Any:
    if isinstance(value, list):
        return "\n".join(value)
    return value if value is not None or field.kind is not Kind.BOOLEAN else False


def _wrong_properties(path: Path, content: Mapping[str, Any]) -> Iterable[Problem]:
    for name in content:
        if name not in PROPERTIES:
            text = _("This is not known; a field has: %(names)s", names=", ".join(PROPERTIES))
            yield Problem((*path, name), text)
    for name, field in PROPERTIES.items():
        value = content.get(name)
        # a kind has a default on the form; a document says it
        if value in (None, "") and (name == "kind" or (field.required and field.default is None)):
            yield Problem((*path, name), _("This must be filled in"))
        elif name in content and (text := _misfit(field, value)):
            yield Problem((*path, name), text)


def _misfit(field: Field, value: Any) -> str:
    if field.kind is Kind.BOOLEAN:
        return "" if isinstance(value, bool) else _("true or false is expected here")
    if field.kind is Kind.INTEGER:
        return "" if type(value) is int and abs(value) < 2**31 else _("A whole number is expected here")
    if field.name in LINES:
        return "" if isinstance(value, list) and all(isinstance(line, str) for line in value) else _(
            "A list of texts is expected here"
        )
    if not isinstance(value, str):
        return _("A text is expected here")
    allowed = CHOICES.get(field.name)
    if allowed is not None and value not in allowed:
        return _("This is not among them: %(names)s", names=", ".join(sorted(allowed)))
    if field.max_length and len(value) > field.max_length:
        return _("Give a text of at most %(count)s characters", count=field.max_length)
    return ""

