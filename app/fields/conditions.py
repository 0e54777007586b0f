"""Whether a record may keep what was typed: fields it must have, and fields it does not have, by its other values.

One answer for forms, REST, edits in place, bulk edits and files. A condition sees the record as it will be: its old
values with the changes over them, formulas worked out anew. A field hidden by its condition keeps the value it has,
takes no new one, and is not asked for.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any

from app.fields.custom.derived import is_conditional, plan_of
from app.fields.dependents import misfits
from app.types import Entity, Field


def is_needed(field: Field, values: Mapping[str, Any]) -> bool:
    """Whether a record with these values must have the field."""
    if field.visible_when is not None and not field.visible_when(values):
        return False
    return field.required or (field.required_when is not None and bool(field.required_when(values)))


def unmet(entity: Entity, changes: Mapping[str, Any], record: Any = None) -> dict[str, str]:
    """{field: ``required``, ``not_here``, or a code of `misfits`} of a new record with these values, or of a record
    with these changes.

    A record that lacked a field before the change may go on lacking it: a rule made yesterday stops nobody from
    correcting a phone number.
    """
    plan = plan_of(entity)
    found = misfits(entity, changes, record)
    if not plan.conditional:
        return found
    before = _whole(entity, {}, record) if record is not None else {}
    after = _whole(entity, changes, record)
    for field in plan.conditional:
        missing = after.get(field.name) is None and not field.computed and is_needed(field, after)
        said = changes.get(field.name) not in (None, False)  # a switch left at “no” says nothing
        if said and field.visible_when is not None and not field.visible_when(after):
            found[field.name] = "not_here"
        elif missing and (record is None or field.name in changes or not is_needed(field, before)):
            found[field.name] = "required"
    return found


def without_hidden(entity: Entity, values: dict[str, Any], given: Container[str]) -> dict[str, Any]:
    """The values of a new record without the defaults of fields it does not have."""
    hidden = [f for f in plan_of(entity).conditional if f.name in values and f.name not in given and f.visible_when]
    if not hidden:
        return values
    whole = _whole(entity, values, None)
    gone = {field.name for field in hidden if field.visible_when is not None and not field.visible_when(whole)}
    return {name: value for name, value in values.items() if name not in gone}


def _whole(entity: Entity, changes: Mapping[str, Any], record: Any) -> dict[str, Any]:
    """All values a condition may ask for; what formulas give it works out itself."""
    plan = plan_of(entity)
    asked = {field.name for field in (*plan.needs, *plan.conditional)}
    asked |= {name for field in plan.conditional for name in _uses(field)}
    values = {name: getattr(record, name, None) for name in asked} if record is not None else {}
    return {**values, **changes}


def _uses(field: Field) -> tuple[str, ...]:
    each = (field.visible_when, field.required_when)
    return tuple(name for condition in each for name in getattr(condition, "uses", ()))


__all__ = ["is_conditional", "is_needed", "unmet", "without_hidden"]
