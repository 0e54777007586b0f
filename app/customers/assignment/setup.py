"""Writing rules and their lines: what a rule may say, and that nobody's rule reaches beyond their own reach."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from flask_babel import gettext as _
from sqlalchemy import Table, func, select
from sqlalchemy.orm import Session

from app.access.actors import require_actor
from app.access.policy import may_ask
from app.access.scope import UNSCOPED, scope_condition
from app.customers.assignment.conditions import read_condition, written
from app.customers.assignment.models import AssignmentRule, AssignmentTarget
from app.customers.assignment.rules import (
    KEYED,
    PRODUCT_FIELDS,
    Fallback,
    Method,
    Way,
    is_region_prefix,
    lies_below,
    new_places,
)
from app.db import transaction
from app.fields.bulk import among
from app.fields.messages import message
from app.host.context import entity
from app.organisation.models import Employee, Unit
from app.types import Refused

#: Between two rules there is room for others.
STEP = 10
HEAVIEST, MOST = 100, 1_000_000
_RULE, _TARGET = cast(Table, AssignmentRule.__table__), cast(Table, AssignmentTarget.__table__)
_OPEN = {UNSCOPED: True}


def write_rule(values: dict[str, Any]) -> AssignmentRule:
    """Store a new rule behind all others. Raises `Refused` by field, for a unit beyond the actor's reach, too."""
    with transaction() as current:
        if values.get("active"):
            raise Refused(_("Say first who gets the customers, and look at the preview"), field="active")
        ready = _checked(current, values, values)
        last = current.scalar(select(func.max(_RULE.c.position))) or 0
        rule = AssignmentRule(**ready, position=last + STEP, created_by=require_actor().user_id)
        current.add(rule)
        _settle(current, rule)
    return rule


def change_rule(rule: AssignmentRule, values: dict[str, Any]) -> None:
    """Change a rule; its version goes up. Raises `Refused` by field."""
    with transaction() as current:
        names = ("method", "by_field", "fallback", "fallback_id", "unit_id", "condition")
        whole = {**{name: getattr(rule, name) for name in names}, **values}
        if "condition" in values and values["condition"] == rule.condition:
            values = {name: value for name, value in values.items() if name != "condition"}
        if values.get("active") and not rule.active and not _keys(current, rule.id):
            raise Refused(_("Say first who gets the customers, and look at the preview"), field="active")
        for name, value in _checked(current, whole, values).items():
            setattr(rule, name, value)
        if {"method", "by_field"} & set(values) and any(_wrong_key(rule, key) for key in _keys(current, rule.id)):
            raise Refused(_("Its lines do not fit this method: change or remove them first"), field="method")
        _settle(current, rule)


def write_target(values: dict[str, Any]) -> AssignmentTarget:
    """Store a line of a rule, behind the others where it names no place. Raises `Refused` by field."""
    with transaction() as current:
        ready = _checked_line(current, values)
        if not ready.get("position"):
            mine = select(func.max(_TARGET.c.position)).where(_TARGET.c.rule_id == ready["rule_id"])
            ready["position"] = (current.scalar(mine) or 0) + STEP
        target = AssignmentTarget(**ready)
        current.add(target)
        current.flush()
    return target


def change_target(target: AssignmentTarget, values: dict[str, Any]) -> None:
    """Change a line of a rule. Raises `Refused` by field."""
    with transaction() as current:
        names = ("rule_id", "key", "way", "employee_id", "unit_id", "weight", "most")
        whole = {**{name: getattr(target, name) for name in names}, **values}
        for name, value in {**values, **_checked_line(current, whole)}.items():
            setattr(target, name, value)
        current.flush()


def order_rules(rule_ids: Sequence[int]) -> None:
    """Put rules into this order; rules out of reach keep their places among them.

    Raises `Refused` for a rule the actor may not change.
    """
    with transaction() as current:
        mine = scope_condition(entity("assignment_rule"), require_actor(), write=True)
        wanted = list(dict.fromkeys(rule_ids))
        statement = select(_RULE.c.id, _RULE.c.position).where(among(current, _RULE.c.id, wanted), mine)
        places = {row.id: row.position for row in current.execute(statement.order_by(_RULE.c.id).with_for_update())}
        if len(places) != len(wanted):
            raise Refused(_("You may see this record, but not change it"))
        for number, place in new_places(wanted, places).items():
            if places[number] != place:
                rule = current.get_one(AssignmentRule, number, execution_options={**_OPEN, "populate_existing": True})
                rule.position = place
        current.flush()


def _settle(current: Session, rule: AssignmentRule) -> None:
    """Flush, and refuse a rule that now reaches beyond the actor."""
    current.flush()
    mine = scope_condition(entity("assignment_rule"), require_actor(), write=True)
    if current.scalar(select(_RULE.c.id).where(_RULE.c.id == rule.id, mine)) is None:
        reason = _("A rule takes customers of its unit and all below: choose a unit where your role reaches them all")
        raise Refused(reason, field="unit_id")


def _checked(current: Session, whole: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """The values to store. Raises `Refused` by field for what does not fit together."""
    ready, wrong, actor = dict(values), {}, require_actor()
    method, field = whole.get("method"), whole.get("by_field")
    if method == Method.PRODUCT and field not in PRODUCT_FIELDS:
        wrong["by_field"] = _("By product goes by type or source")
    elif method == Method.ATTRIBUTE and not field:
        wrong["by_field"] = message("required")
    elif method not in (Method.PRODUCT, Method.ATTRIBUTE):
        ready["by_field"], field = None, "region" if method == Method.REGION else None
    if field and not may_ask("customer", field, actor):
        wrong["by_field" if method in (Method.PRODUCT, Method.ATTRIBUTE) else "method"] = _(
            "A rule goes only by fields you may read"
        )
    if whole.get("fallback") == Fallback.PERSON:
        reason = _outside(current, whole.get("unit_id"), employee_id=whole.get("fallback_id"))
        if reason:
            wrong["fallback_id"] = reason
    else:
        ready["fallback_id"] = None
    wrong |= _out_of_range(values, ("most",), MOST)
    if "condition" in values:
        try:
            ready["condition"] = written(read_condition(values["condition"] or "", as_seen=True))
        except Refused as refused:
            wrong |= {name: str(text) for name, text in refused.errors.items()}
    if wrong:
        raise Refused(errors=wrong)
    return ready


def _checked_line(current: Session, values: Mapping[str, Any]) -> dict[str, Any]:
    """A whole line, with what its way does not name emptied."""
    ready = {
        **values,
        "key": (values.get("key") or "").strip(),
        "weight": 1 if values.get("weight") is None else values["weight"],
    }
    rule = current.get_one(AssignmentRule, values["rule_id"], execution_options=_OPEN)
    wrong: dict[str, Any] = _out_of_range(ready, ("most",), MOST) | _out_of_range(ready, ("weight",), HEAVIEST)
    if reason := _wrong_key(rule, ready["key"]):
        wrong["key"] = reason
    if ready.get("way") == Way.PERSON:
        ready["unit_id"], name = None, "employee_id"
        reason = _outside(current, rule.unit_id, employee_id=ready.get("employee_id"))
    else:
        ready["employee_id"], name = None, "unit_id"
        reason = _outside(current, rule.unit_id, unit_id=ready.get("unit_id"))
    if reason:
        wrong[name] = reason
    if wrong:
        raise Refused(errors=wrong)
    return ready


def _wrong_key(rule: AssignmentRule, key: str) -> str:
    """What is wrong with the key of a line; empty when nothing is."""
    if rule.method not in KEYED:
        return _("This method has no regions or values: leave it empty") if key else ""
    if rule.method == Method.REGION:
        return "" if is_region_prefix(key) else _("Write the first two to twelve digits of the region code")
    field = entity("customer").field(rule.by_field or "")
    known = {choice.value: choice.label for choice in field.choices} if field is not None else {}
    names = ", ".join(f"{value} ({label})" for value, label in known.items())
    return "" if key in known else _("Write one of these values: %(names)s", names=names)


def _outside(
    current: Session, top_id: int | None, *, employee_id: int | None = None, unit_id: int | None = None
) -> str:
    """Why a person or unit cannot stand in a rule of a unit; empty when they can."""
    if employee_id is None and unit_id is None:
        return message("required")
    place = select(Unit.path)
    if employee_id is not None:
        place = place.join(Employee, Employee.unit_id == Unit.id).where(Employee.id == employee_id)
    else:
        place = place.where(Unit.id == unit_id)
    path = current.scalar(place.execution_options(**_OPEN))
    top = current.scalar(select(Unit.path).where(Unit.id == top_id).execution_options(**_OPEN)) if top_id else None
    return "" if lies_below(path, top) else _("This is outside the unit of the rule")


def _out_of_range(values: Mapping[str, Any], names: Sequence[str], high: int) -> dict[str, Any]:
    reason = _("Use a number from %(low)s to %(high)s", low=1, high=f"{high:,}")
    return {name: reason for name in names if values.get(name) is not None and not 1 <= values[name] <= high}


def _keys(current: Session, rule_id: int) -> set[str]:
    """The keys of a rule's lines; empty without any line."""
    return set(current.scalars(select(_TARGET.c.key).where(_TARGET.c.rule_id == rule_id)))


__all__ = ["change_rule", "change_target", "order_rules", "write_rule", "write_target"]
