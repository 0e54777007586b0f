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
from app.blueprint.parts.entities import served_slugs
from app.blueprint.parts.part import Impact, Part, is_new, mappings
from app.blueprint.parts.rows import (
    choices_of,
    fixed_of,
    label_of,
    properties_of,
    said_of,
    stored,
    written,
    wrong_properties,
)
from app.blueprint.rules import REMOVED, Change, Leaf, Path, Problem
from app.db import session
from app.fields.custom.describing import extend_again
from app.fields.custom.describing import said as said_in_both
from app.fields.custom.models import CustomField
from app.fields.custom.rules import KEY
from app.fields.custom.schemas import CUSTOM_FIELD
from app.fields.custom.stored import COLUMN, expression, is_extensible
from app.host.context import context
from app.types import Kind, Text

PROPERTIES = properties_of(CUSTOM_FIELD, {"entity", "key", "active"})
FIXED = fixed_of(PROPERTIES)


class FieldsPart(Part):
    """`{entity: {key: {property: value}}}` of the fields in use, where what has them is in use.

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
        served = served_slugs()
        for row in session.scalars(statement.execution_options(**{UNSCOPED: True}, populate_existing=True)):
            if row.entity in served:
                found[row.entity][row.key] = written(PROPERTIES, row)
        return dict(found)

    def check(self, wanted: Any, document: Mapping[str, Any]) -> Iterable[Problem]:
        entities, wrong = mappings((self.name,), wanted)
        yield from wrong
        fixed = _fixed()
        for path, fields in entities:
            entity = context().entities.get(path[1])
            if (entity is None or not is_extensible(entity)) and not is_new(path[1], document):
                yield Problem(path, _("Records of this kind cannot have custom fields"))
                continue
            described, wrong = mappings(path, fields)
            yield from wrong
            for place, content in described:
                if not KEY.fullmatch(place[2]):
                    text = _("A key begins with x_ and a letter; it has Latin letters, digits and _ only")
                    yield Problem(place, text)
                    continue
                yield from wrong_properties(PROPERTIES, place, content)
                for name, held in fixed.get(place[1:], {}).items():
                    if content.get(name, PROPERTIES[name].default) in choices_of(PROPERTIES[name]) - {held}:
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
        values = stored(PROPERTIES, change.after)
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
        return label_of(PROPERTIES, leaf.path[0])

    def said(self, change: Change, leaf: Leaf, value: Any) -> Text:
        return said_of(CUSTOM_FIELD.slug, PROPERTIES, leaf.path[0], value)

    def fate(self, change: Change) -> Text:
        return _("Out of use; its values and their history are kept")


def _fixed() -> dict[Path, dict[str, str]]:
    """What never changes of every field there is, those out of use included."""
    columns = [getattr(CustomField, name) for name in FIXED]
    rows = session.execute(select(CustomField.entity, CustomField.key, *columns).execution_options(**{UNSCOPED: True}))
    return {(entity, key): dict(zip(FIXED, held, strict=True)) for entity, key, *held in rows}
