"""What an admin does with custom fields: add, change, retire, remove; every process soon builds its app with it.

Each act is one transaction with its entry in the history (the row is audited); all raise `Refused` by field.
"""

from __future__ import annotations

from typing import Any

from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.access.scope import UNSCOPED
from app.db import transaction
from app.fields.custom.derived import PEOPLE
from app.fields.custom.deriving import check_expressions, refuse_used
from app.fields.custom.describing import described
from app.fields.custom.guarding import change_kinds
from app.fields.custom.models import CustomField
from app.fields.custom.patterns import pattern_errors
from app.fields.custom.rules import (
    CHOOSING,
    KEY,
    KINDS,
    LONGEST_INDEXED,
    MOST_CHOICES,
    MOST_FIELDS,
    PREFIX,
    UNIQUE_KINDS,
    UNORDERED,
    BadChoices,
    make_key,
    read_choices,
)
from app.fields.custom.seeking import SOUGHT
from app.fields.custom.several import most_used, unsplittable
from app.fields.custom.stored import COLUMN, expression, is_extensible
from app.fields.custom.validating import validation_errors
from app.fields.files import MOST
from app.fields.messages import message
from app.fields.rules import BadValue
from app.fields.values import read_value
from app.host.context import context
from app.host.counting import bump_version
from app.search.pinyin import readings
from app.types import Entity, Kind, Refused


def add_field(values: dict[str, Any]) -> CustomField:
    """A new custom field from typed values; its key is made from the label when none is given."""
    with transaction() as current:
        entity = _extensible(values["entity"])
        keys = list(current.scalars(select(CustomField.key).where(CustomField.entity == entity.slug)))
        if len(keys) >= MOST_FIELDS:
            raise Refused(_("One kind of record can have at most %(count)s custom fields", count=MOST_FIELDS))
        key = (values.get("key") or "").strip().lower()
        if key and not key.startswith(PREFIX):
            key = PREFIX + key
        if key and not KEY.fullmatch(key):
            raise Refused(_("A key has Latin letters, digits and _ only, and begins with a letter"), field="key")
        if key in keys:
            raise Refused(_("A field with this key exists already"), field="key")
        key = key or make_key(values.get("label_en") or _spelled(values["label_zh"]), keys)
        row = CustomField(**{**values, "key": key})
        check_field(current, entity, row)
        current.add(row)
        current.flush()
        bump_version(current)
        return row


def change_field(row: CustomField, values: dict[str, Any]) -> None:
    """Change what may change: everything but entity, key and kind. No value is lost by it."""
    with transaction() as current:
        entity = _extensible(row.entity)
        before = {choice.value for choice in read_choices(row.choices or "")} if row.kind in CHOOSING else set()
        was_sole = row.sole
        change_kinds(current, entity.slug)  # whoever writes values knows whether they are searched
        with current.no_autoflush:
            for name, value in values.items():
                setattr(row, name, value)
            if not row.active:
                refuse_used(current, row)
            check_field(current, entity, row, became_sole=row.sole and not was_sole)
            if row.kind in CHOOSING:
                _keep_used(current, entity, row, before - {c.value for c in read_choices(row.choices or "")})
        current.flush()
        bump_version(current)


def remove_field(row: CustomField) -> None:
    """Remove a field no record has a value of; one with values is retired instead, and keeps them."""
    with transaction() as current:
        entity = _extensible(row.entity)
        used = count_values(current, entity, row)
        if used:
            raise Refused(
                _("%(count)s records have a value of this field; take it out of use instead: its values are kept",
                  count=used)
            )  # fmt: skip
        refuse_used(current, row)
        current.delete(row)
        current.flush()
        bump_version(current)


def count_values(current: Session, entity: Entity, row: CustomField) -> int:
    """How many records have a value of the field."""
    stored = _words(entity, row)
    statement = select(func.count()).select_from(entity.model).where(stored.is_not(None))
    return int(current.scalar(statement.execution_options(**{UNSCOPED: True})) or 0)


def _spelled(text: str) -> str:
    return " ".join((readings(character) or (character,))[0] for character in text)


def _words(entity: Entity, row: CustomField) -> Any:
    return expression(getattr(entity.model, COLUMN), row.key, Kind.TEXT)


def _extensible(slug: str) -> Entity:
    entity = context().entities.get(slug)
    if entity is None or not is_extensible(entity):
        raise Refused(_("Records of this kind cannot have custom fields"), field="entity")
    return entity


def check_field(current: Session, entity: Entity, row: CustomField, *, became_sole: bool = False) -> None:
    """Whether the row describes a field that can be. Raises `Refused` by field."""
    errors: dict[str, Any] = {}
    kind = Kind(row.kind)
    if kind not in KINDS:
        errors["kind"] = _("A custom field cannot be of this kind")
    if kind in CHOOSING:
        try:
            lines = read_choices(row.choices or "")
            if kind is Kind.CHOICES and (text := unsplittable(lines)):
                raise BadChoices("separator", text)
        except BadChoices as bad:
            errors["choices"] = _bad_choices(bad)
    if kind is Kind.AUTO_NUMBER:
        errors |= pattern_errors(current, entity, row)
    if kind is Kind.LINK and row.target not in context().entities:
        errors["target"] = message("required")
    if row.sole and kind not in UNIQUE_KINDS:
        errors["sole"] = _("Values of this kind cannot be unique")
    if row.indexed and (kind in UNORDERED or (row.max_length or 0) > LONGEST_INDEXED):
        errors["indexed"] = _("Values of this kind or length cannot be indexed")
    if kind is Kind.FILES and row.most is not None and not 1 <= row.most <= MOST:
        errors["most"] = _("Between 1 and %(count)s files", count=MOST)
    if row.sought and (kind not in SOUGHT or row.source not in (None, PEOPLE) or not entity.search_fields):
        errors["sought"] = _("Records cannot be found by values of this kind")
    if row.max_length is not None and not 1 <= row.max_length <= 20_000:
        errors["max_length"] = _("Between 1 and 20,000 characters")
    if row.sole and (row.max_length or 0) > LONGEST_INDEXED:
        errors["sole"] = _("Values of this kind cannot be unique")
    errors |= validation_errors(current, entity, row, described(row)) if not errors else {}
    if not errors and row.default:
        try:
            read_value(described(row), row.default)
        except BadValue as bad:
            errors["default"] = message(bad.code, **bad.details)
    if not errors and became_sole:
        stored = _words(entity, row)
        twice = select(stored).where(stored.is_not(None)).group_by(stored).having(func.count() > 1).limit(1)
        if current.scalar(twice.execution_options(**{UNSCOPED: True})) is not None:
            # Which value is not told: all records were asked, and the field may be kept from this person.
            errors["sole"] = _("Several records share a value already")
    errors |= check_expressions(current, entity, row) if not errors else {}
    taken = _labels(current, entity, row)
    for name in ("label_zh", "label_en"):
        if getattr(row, name) in taken:
            errors[name] = _("There is a field with this label already")
    if errors:
        raise Refused(errors=errors)


def _labels(current: Session, entity: Entity, row: CustomField) -> set[str]:
    """What the other fields are called in either language, those of a moment ago included."""
    taken: set[str] = set()
    for locale in ("zh", "en"):
        with force_locale(locale):
            taken.update(str(field.label) for field in entity.fields if field.name != row.key)
    others = select(CustomField.label_zh, CustomField.label_en)
    others = others.where(CustomField.entity == entity.slug, CustomField.key != row.key)
    for labels in current.execute(others.execution_options(**{UNSCOPED: True})):
        taken.update(filter(None, labels))
    return taken


def _keep_used(current: Session, entity: Entity, row: CustomField, gone: set[str]) -> None:
    """A choice records have cannot be taken off the list: they would hold a word nobody knows."""
    if not gone:
        return
    if row.kind == Kind.CHOICES:
        found = most_used(current, entity.model, row.key, gone)
    else:
        found = _most_used(current, entity, row, gone)
    if found is not None:
        value, count = found
        raise Refused(
            _("%(count)s records have “%(value)s”; keep it on the list", count=count, value=value), field="choices"
        )


def _most_used(current: Session, entity: Entity, row: CustomField, gone: set[str]) -> tuple[str, int] | None:
    """(value, records that have it) of the one most records have among `gone`; None when no record has any."""
    stored = _words(entity, row)
    counted = select(stored, func.count()).where(stored.in_(sorted(gone))).group_by(stored)
    used: dict[str, int] = dict(current.execute(counted.execution_options(**{UNSCOPED: True})).tuples().all())
    return max(used.items(), key=lambda each: each[1]) if used else None


def _bad_choices(bad: BadChoices) -> str:
    texts = {
        "empty": _("Give at least one choice"),
        "value": _("This line cannot be read: “%(line)s”", line=bad.line[:60]),
        "twice": _("This value stands twice: “%(line)s”", line=bad.line[:60]),
        "colour": _("There is no such colour: “%(line)s”", line=bad.line[:60]),
        "separator": _("No choice of several may have ; 、 or a comma in it: “%(text)s”", text=bad.line[:60]),
        "many": _("At most %(count)s choices", count=MOST_CHOICES),
    }
    return texts[bad.code]


__all__ = ["add_field", "change_field", "check_field", "count_values", "remove_field"]
