"""The fields of its record a step lets those asked fill in: which they are for whoever acts, and what is still missing.

A step opens fields, the roles of whoever acts still keep from them what they may not read: nobody writes over a value
they do not see.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from flask_babel import gettext as _

from app.access.actors import require_actor
from app.access.policy import readable, writable
from app.approvals.rules.document import Step
from app.approvals.services.asking import About
from app.base.views.cells import listed
from app.fields.conditions import is_needed
from app.types import Actor, Entity, Field, FieldLevels, Kind, Level, Refused

#: What a step says of a field that has to be filled in before it is approved.
REQUIRED = "required"


def fillable(entity: Entity, step: Step, actor: Actor, about: About) -> list[str]:
    """The fields of the record the actor may fill in at a step, in the order of the entity.

    Not among them: what their roles hide or mask, what the system sets, and what the case itself is going to write.
    A field of files is there only for who may write it anyhow: files are sent to the record's own form.
    """
    if about.record is None:
        return []
    kept: Any = about.payload.get("values") if about.asked == "change" else None
    return [
        field.name
        for field in entity.fields
        if step.opens(field.name)
        and _takes(field)
        and field.name not in (kept or ())
        and (writable if field.kind is Kind.FILES else readable)(entity, field.name, actor)
    ]


def _takes(field: Field) -> bool:
    return not (field.computed or field.create_only)


def lacking(step: Step, about: About) -> list[Field]:
    """The fields somebody has to fill in before the step can be approved: those it says, and those it opens that the
    record must have anyhow."""
    entity = about.described
    if entity is None or about.record is None or not step.fields:
        return []
    asked = [f for f in entity.fields if step.opens(f.name) and _takes(f)]
    values: Mapping[str, Any] = about.values([field.name for field in entity.fields]) if asked else {}
    return [field for field in asked if _is_empty(values.get(field.name)) and _is_due(step, field, values)]


def _is_due(step: Step, field: Field, values: Mapping[str, Any]) -> bool:
    due = replace(field, required=True) if step.fields[field.name] == REQUIRED else field
    return is_needed(due, values)


def _is_empty(value: Any) -> bool:
    return value is None or value == "" or value == ()


def refuse_lacking(step: Step, about: About) -> None:
    """Raise `Refused` where a field is missing without which the step is not approved; it names those one may know."""
    missing = lacking(step, about)
    if not missing:
        return
    actor = require_actor()
    named = [str(f.label) for f in missing if about.described and readable(about.described, f.name, actor)]
    if not named:
        raise Refused(_("A field you may not see has to be filled in first: transfer this to somebody who may"))
    raise Refused(_("Fill in first: %(fields)s", fields=listed(named)))


def granted(actor: Actor, entity: Entity, names: Iterable[str]) -> Actor:
    """The actor as a step lets them write these fields; what else is kept from them stays so."""
    if actor.fields is None or actor.is_system:
        return actor
    own = {**actor.fields.levels.get(entity.slug, {}), **dict.fromkeys(names, Level.WRITE)}
    return replace(actor, fields=FieldLevels({**actor.fields.levels, entity.slug: own}))


def form_of(entity: Entity, step: Step, names: Iterable[str]) -> Entity:
    """The description a form of these fields is made from; those the step requires are required in it."""
    chosen = frozenset(names)
    fields = tuple(
        replace(field, required=field.required or step.fields[field.name] == REQUIRED)
        for field in entity.fields
        if field.name in chosen
    )
    return replace(entity, fields=fields, sections=())


__all__ = ["REQUIRED", "fillable", "form_of", "granted", "lacking", "refuse_lacking"]
