"""What a field takes besides its kind: the smallest and the largest, a pattern, choices that go with another choice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.scope import UNSCOPED
from app.fields.custom.matching import LONGEST_TEXT, BadRegex, compile_regex
from app.fields.custom.models import CustomField
from app.fields.custom.rules import read_choices
from app.fields.messages import message
from app.fields.rules import BadValue
from app.fields.values import read_value
from app.types import Entity, Field, Kind, Text

#: Kinds with a smallest and a largest value.
MEASURED = (Kind.INTEGER, Kind.DECIMAL, Kind.MONEY, Kind.PERCENT, Kind.DATE, Kind.DATETIME)
#: Properties of `CustomField` that say what is taken.
PROPERTIES = ("smallest", "largest", "regex", "regex_zh", "regex_en", "depends_on")


def validated(field: Field, row: CustomField, told: Text) -> Field:
    """The field with what it takes; what cannot be read (any more) does not count."""
    if field.kind in MEASURED:
        return replace(field, smallest=_bound(field, row.smallest), largest=_bound(field, row.largest))
    if field.kind is Kind.CHOICE:
        return replace(field, depends_on=row.depends_on or "")
    if field.kind is Kind.TEXT and row.regex:
        try:
            return replace(field, fits=compile_regex(row.regex), fits_help=told)
        except BadRegex:
            return field
    return field


def _bound(field: Field, text: str | None) -> Any:
    try:
        return read_value(field, text, strictly=False)
    except BadValue:
        return None


def validation_errors(current: Session, entity: Entity, row: CustomField, field: Field) -> dict[str, Any]:
    """What is wrong with these properties of a row, by field of the form; `field` is the row's, without them."""
    errors: dict[str, Any] = {}
    bounds: dict[str, Any] = {}
    for name in ("smallest", "largest"):
        try:
            bounds[name] = read_value(field, getattr(row, name), strictly=False) if field.kind in MEASURED else None
        except BadValue as bad:
            errors[name] = message(bad.code, **bad.details)
    if not errors and None not in bounds.values() and bounds["smallest"] > bounds["largest"]:
        errors["largest"] = _("The largest is smaller than the smallest")
    if row.regex and field.kind is Kind.TEXT:
        errors |= _regex_errors(row)
    if field.kind is Kind.CHOICE:
        errors |= _dependence_errors(current, entity, row)
    return errors


def _regex_errors(row: CustomField) -> dict[str, Any]:
    if (row.max_length or 0) > LONGEST_TEXT:
        return {"regex": _("A text with a pattern has at most %(count)s characters", count=LONGEST_TEXT)}
    try:
        compile_regex(row.regex or "")
    except BadRegex as bad:
        texts = {
            "end": _("The pattern ends too early: a bracket is not closed"),
            "here": _("The pattern cannot be read at character %(place)s", place=bad.place),
            "large": _("The pattern is too long, or repeats too often"),
        }
        return {"regex": texts[bad.code]}
    return {}


def _dependence_errors(current: Session, entity: Entity, row: CustomField) -> dict[str, Any]:
    lines = read_choices(row.choices or "")
    named = [parent for line in lines for parent in line.parents]
    if not row.depends_on:
        return {"depends_on": _("Say which field the choices go with")} if named else {}
    parents = _choosing(current, entity)
    if row.depends_on not in parents or row.depends_on == row.key:
        return {"depends_on": _("This must be another field of the same records with one choice of a list")}
    seen, above = {row.key}, row.depends_on
    while above:
        if above in seen:
            return {"depends_on": _("These fields would depend on each other in a circle")}
        seen.add(above)
        above = parents[above][1] if above in parents else ""
    unknown = [parent for parent in named if parent not in parents[row.depends_on][0]]
    if unknown:
        return {"choices": _("“%(value)s” is no choice of the field they go with", value=unknown[0][:60])}
    return {}


def _choosing(current: Session, entity: Entity) -> Mapping[str, tuple[set[str], str]]:
    """{field: (its values, the field it depends on)} of the fields with one choice, as the rows say it now."""
    found = {
        field.name: ({choice.value for choice in field.choices}, field.depends_on)
        for field in entity.fields
        if field.kind is Kind.CHOICE and not field.computed
    }
    rows = select(CustomField).where(
        CustomField.entity == entity.slug, CustomField.kind == Kind.CHOICE.value, CustomField.active
    )
    for row in current.scalars(rows.execution_options(**{UNSCOPED: True})):
        found[row.key] = ({line.value for line in read_choices(row.choices or "")}, row.depends_on or "")
    return found


__all__ = ["MEASURED", "PROPERTIES", "validated", "validation_errors"]
