"""What an admin writes into a field's formula and conditions, checked against the entity as it is now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import false, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.access.scope import UNSCOPED
from app.fields.custom.derived import FORMULA, PEOPLE, Plan, made_plan, surroundings, with_expressions
from app.fields.custom.describing import described
from app.fields.custom.models import CustomField
from app.fields.custom.rolling import KINDS, ROLLUP, WAYS, Rollup, aggregate, fits, relations, usable
from app.fields.custom.rules import PREFIX
from app.fields.expressions.compiling import RESULTS, BadExpression, Cycle
from app.fields.expressions.messages import told
from app.fields.expressions.syntax import Call, Name, Node, Several, read
from app.fields.messages import message
from app.types import Entity, Field, Kind, Refused

#: The attributes of a row that hold an expression.
EXPRESSIONS = ("formula", "required_when", "visible_when")


def rows_of(current: Session, entity: str) -> list[CustomField]:
    """The custom fields in use of an entity as the database has them now, in their order."""
    found = select(CustomField).where(CustomField.entity == entity, CustomField.active)
    found = found.order_by(CustomField.position, CustomField.id)
    return list(current.scalars(found.execution_options(**{UNSCOPED: True})))


def fields_now(entity: Entity, rows: Iterable[CustomField]) -> dict[str, Field]:
    """The fields of an entity with these custom ones, whatever the running app was built with."""
    built_in = {
        field.name: field
        for field in entity.fields
        if not field.name.startswith(PREFIX) and field.expression is None  # changes without the record being written
    }
    return built_in | {row.key: described(row) for row in rows}


def plan_now(current: Session, entity: Entity) -> Plan:
    """The formulas of an entity as the database has them now. One that does not fit is left out."""
    rows = rows_of(current, entity.slug)
    known = fields_now(entity, rows)
    made = {row.key: with_expressions(entity.slug, row, known[row.key], known, lambda *_fault: None) for row in rows}
    return made_plan((known | made).values())


def check_expressions(current: Session, entity: Entity, row: CustomField) -> dict[str, Any]:
    """What is wrong with a new or changed row, by its inputs; with what others make of it, too."""
    errors = _forms(row)
    if not errors and row.source == ROLLUP:
        errors = check_rollup(current, entity, row)
    if errors:
        return errors
    others = [one for one in rows_of(current, entity.slug) if one.key != row.key]
    rows = [row, *others] if row.active else others
    known = fields_now(entity, rows) | ({} if row.active else {row.key: described(row)})

    def fault(one: CustomField, name: str, bad: BadExpression) -> None:
        text = told(bad, str(getattr(one, name)))
        if one is row:
            errors[name] = text
        else:
            errors["choices" if bad.code == "no_choice" else "active"] = _(
                "“%(field)s” uses this field and would not fit any more: %(fault)s", field=one.label_zh, fault=text
            )

    made = [with_expressions(entity.slug, one, known[one.key], known, fault) for one in dict.fromkeys((row, *rows))]
    if not errors:
        try:
            made_plan((known | {field.name: field for field in made}).values())
        except Cycle as circle:
            way = " → ".join(str(known[name].label) for name in circle.way)
            errors["formula"] = _("Formulas may not use each other in a circle: %(way)s", way=way)
    return errors


def _forms(row: CustomField) -> dict[str, Any]:
    """What can be said without a look at other fields."""
    errors: dict[str, Any] = {}
    if row.source == FORMULA and not row.formula:
        errors["formula"] = message("required")
    if row.kind not in {FORMULA: RESULTS, ROLLUP: KINDS}.get(row.source, (row.kind,)):
        errors["kind"] = _("A formula cannot give values of this kind")
    if row.source not in (None, PEOPLE) and row.sole:
        errors["sole"] = _("Values of this kind cannot be unique")
    for name in ("required_when", "visible_when"):
        text = getattr(row, name)
        if text and row.key in names_in(text):
            errors[name] = _("A condition cannot ask for the field it belongs to")
    return errors


@dataclass(frozen=True, slots=True)
class Use:
    """One field uses another: by which of its expressions."""

    row: CustomField
    by: str


def users_of(key: str, rows: Sequence[CustomField]) -> list[Use]:
    """Which of these fields use the field of that key, and by what."""
    return [Use(row, name) for row in rows if row.key != key for name in EXPRESSIONS if key in used_by(row, name)]


def used_by(row: CustomField, name: str) -> dict[str, None]:
    """The names in one expression of a row."""
    text = getattr(row, name)
    return names_in(text) if text and (name != "formula" or row.source == FORMULA) else {}


def names_in(text: str) -> dict[str, None]:
    """The fields a text names, in their order; none where it cannot be read."""
    try:
        return dict.fromkeys(_names(read(text)))
    except BadExpression:
        return {}


def _names(node: Node) -> Iterator[str]:
    if isinstance(node, Name):
        yield node.name
    parts = node.arguments if isinstance(node, Call) else node.items if isinstance(node, Several) else ()
    for part in parts:
        yield from _names(part)


def refuse_used(current: Session, row: CustomField) -> None:
    """Raise `Refused` where other fields use this one: it can neither go nor be taken out of use."""
    using = [use.row for use in users_of(row.key, rows_of(current, row.entity))] + rolling_up(current, row)
    users = list(dict.fromkeys(one.label_zh for one in using))
    if users:
        raise Refused(_("These fields use it: %(fields)s. Change them first.", fields="、".join(users[:10])))


def check_rollup(current: Session, entity: Entity, row: CustomField) -> dict[str, Any]:
    """What is wrong with a roll-up, by its inputs; whether the database can ask it is tried."""
    slug, _dot, link = (row.rollup_of or "").partition(".")
    child = next((one for one, by in relations(entity.slug) if (one.slug, by.name) == (slug, link)), None)
    if child is None:
        return {"rollup_of": message("required")}
    if row.rollup_by not in WAYS:
        return {"rollup_by": message("required")}
    fields = fields_now(child, rows_of(current, child.slug))
    computed = {one.key for one in rows_of(current, child.slug) if one.source != PEOPLE}
    known = {name: field for name, field in usable(child, fields).items() if name not in computed}
    field = known.get(row.rollup_field or "")
    if row.rollup_by != "count" and field is None:
        names = ", ".join(name for name, one in known.items() if fits(row.rollup_by, Kind(row.kind), one))
        return {"rollup_field": _("Name one of these fields: %(fields)s", fields=names)}
    if not fits(row.rollup_by, Kind(row.kind), field):
        return {"kind": _("A roll-up like this cannot give values of this kind")}
    name = field.name if field is not None and row.rollup_by != "count" else None
    made = Rollup(slug, link, row.rollup_by, name, row.rollup_where, Kind(row.kind))
    try:
        with current.begin_nested():
            asked = select(aggregate(made, child, known, surroundings())).select_from(child.model.__table__)
            current.connection().execute(asked.where(false()))
    except BadExpression as bad:
        return {"rollup_where": told(bad, row.rollup_where or "")}
    except DBAPIError:
        return {"rollup_where": _("The database cannot compare these fields; compare each with a fixed value")}
    return {}


def rolling_up(current: Session, row: CustomField) -> list[CustomField]:
    """The roll-ups over records of the field's entity that use the field."""
    every = select(CustomField).where(CustomField.source == ROLLUP, CustomField.active)
    return [
        one
        for one in current.scalars(every.execution_options(**{UNSCOPED: True}))
        if (one.rollup_of or "").partition(".")[0] == row.entity
        and (row.key == one.rollup_field or row.key in names_in(one.rollup_where or ""))
    ]


__all__ = ["EXPRESSIONS", "Use", "check_expressions", "fields_now", "names_in", "plan_now", "refuse_used", "rolling_up",
           "rows_of", "used_by", "users_of"]  # fmt: skip
