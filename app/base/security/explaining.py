"""What a person would see, and why: roles in their places, scope, modules, one record, fields.

Everything is read from what the wall itself asks: the actor as a login makes it, the parts of the scope's condition,
the levels of the roles. Shows numbers and rules, no value of any record.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.access.actors import load_actor
from app.access.held import HeldRole, reaches, roles_held
from app.access.models import RoleVersion
from app.access.scope.explaining import NARROWS, Judgement, Part, judge
from app.base.language import language
from app.base.security.roles.grants import role_labels
from app.base.security.roles.matrix import ACTS, FURTHER, SCOPES
from app.db import Model, session
from app.host.context import context
from app.types import Actor, Entity, Field, Grant, Level, Scope, Text

LEVELS: dict[Level, Text] = {
    Level.HIDDEN: _l("Hidden"),
    Level.MASKED: _l("Masked"),
    Level.READ: _l("Read only"),
    Level.WRITE: _l("Read and write"),
}
_RULES: dict[str, Text] = {
    "owner": _l("is the owner"),
    "share": _l("the record is shared with the person"),
    "unit": _l("the record belongs to the unit"),
    "branch": _l("the record belongs to the unit or one below"),
    "all": _l("sees all records"),
    "parent": _l("sees the record it belongs to"),
    "public": _l("everybody who may open the screen sees all records"),
    "widens": _l("the module shows it beyond the roles"),
    "narrows": _l("the module leaves it visible"),
}


@dataclass(frozen=True, slots=True)
class RoleLine:
    """A role in its place, and how far it sees the entity from there."""

    role: str
    place: str
    scope: str
    reaches: bool


@dataclass(frozen=True, slots=True)
class RuleLine:
    """One rule asked about the record: what it says, who brings it, whether it holds."""

    rule: str
    source: str
    holds: bool
    narrows: bool


@dataclass(frozen=True, slots=True)
class RecordAnswer:
    """Whether one record is seen and may be changed, and by which rules; `above` is the record it follows."""

    entity: Entity
    record_id: int
    seen: bool
    changed: bool
    rules: Sequence[RuleLine]
    above: RecordAnswer | None = None


@dataclass(frozen=True, slots=True)
class FieldLine:
    """A field: the level that counts, and what each role that shows the entity gives."""

    field: Field
    level: Level
    by_role: Sequence[tuple[str, Level]]


@dataclass(frozen=True, slots=True)
class Explanation:
    """The answer for a person and an entity."""

    person: Actor
    entity: Entity
    follows: Entity
    roles: Sequence[RoleLine]
    #: (act, the roles that permit it); none: not permitted.
    acts: Sequence[tuple[str, Sequence[str]]]
    fields: Sequence[FieldLine]
    record: RecordAnswer | None = None


def explain(user_id: int, entity: Entity, record_id: int | None = None) -> Explanation | None:
    """What a login would see of an entity, and of one record; None when the login is off or does not exist.

    `record` stays None when none is asked about or none has that number.
    """
    actor = load_actor(user_id)
    if actor is None:
        return None
    labels = role_labels()
    held = roles_held(session.scalar(select(RoleVersion.token)) or "", {grant.role_id for grant in actor.grants})
    named = {i: labels.get(i, role.name) for i, role in held.items()}
    decides = _decides(entity)
    return Explanation(
        actor,
        entity,
        decides,
        _role_lines(actor, entity, decides, held, named),
        _acts(entity, held, named),
        _fields(actor, entity, held, named),
        _record(actor, entity, record_id, named) if record_id is not None else None,
    )


def _decides(entity: Entity) -> Entity:
    """The entity whose scope decides: its own, or that of the one it follows."""
    while entity.scoped_by.parent is not None and entity.scoped_by.parent[1] in context().entities:
        entity = context().entities[entity.scoped_by.parent[1]]
    return entity


def _role_lines(
    actor: Actor, entity: Entity, decides: Entity, held: dict[int, HeldRole], named: dict[int, str]
) -> list[RoleLine]:
    units = _unit_names(actor)
    return [
        RoleLine(
            named[grant.role_id],
            units.get(grant.unit_id or 0, "--"),
            str(SCOPES[Scope.ALL if decides.scoped_by.public else grant.scope(decides.slug)]),
            reaches(held[grant.role_id], entity) or grant.default is Scope.ALL,
        )
        for grant in actor.grants
    ]


def _unit_names(actor: Actor) -> dict[int, str]:
    unit = Model.metadata.tables["org_unit"]
    wanted = {grant.unit_id for grant in actor.grants if grant.unit_id is not None}
    rows = session.execute(select(unit.c.id, unit.c.name).where(unit.c.id.in_(wanted)))
    return {unit_id: name for unit_id, name in rows}  # noqa: C416


def _acts(entity: Entity, held: dict[int, HeldRole], named: dict[int, str]) -> list[tuple[str, list[str]]]:
    """The acts anybody may do on the entity's screens, and which of these roles permit them."""
    offered = {name for name in ACTS if name in ("can_list", "can_show")}
    offered |= {name for role in held.values() for name, view in role.permissions if view == entity.view_name}
    order = [*ACTS, *FURTHER]
    return [
        (
            str(ACTS.get(name) or FURTHER.get(name) or name.removeprefix("can_").replace("_", " ")),
            [named[i] for i, role in held.items() if (name, entity.view_name) in role.permissions],
        )
        for name in sorted(offered, key=lambda name: order.index(name) if name in order else len(order))
    ]


def _fields(actor: Actor, entity: Entity, held: dict[int, HeldRole], named: dict[int, str]) -> list[FieldLine]:
    """Each field with the levels of the roles that count: those that show the entity, or all when none does."""
    counting = {i: role for i, role in held.items() if reaches(role, entity)} or held
    return [
        FieldLine(
            field,
            actor.field_level(entity.slug, field.name),
            [(named[i], role.fields.get(entity.slug, {}).get(field.name, Level.WRITE)) for i, role in counting.items()],
        )
        for field in entity.fields
    ]


def _record(actor: Actor, entity: Entity, record_id: int, named: dict[int, str]) -> RecordAnswer | None:
    judged = judge(entity, actor, record_id)
    if judged is None:
        return None
    units = _unit_names(actor)
    rules = [
        RuleLine(str(_RULES[part.rule]), _source(part, named, units), holds, part.rule == NARROWS)
        for part, holds in judged.parts
    ]
    above = _above(actor, entity, judged, named)
    return RecordAnswer(entity, record_id, judged.seen, judged.changed, rules, above)


def _above(actor: Actor, entity: Entity, judged: Judgement, named: dict[int, str]) -> RecordAnswer | None:
    if entity.scoped_by.parent is None or judged.parent_id is None:
        return None
    parent = context().entities.get(entity.scoped_by.parent[1])
    return _record(actor, parent, judged.parent_id, named) if parent is not None else None


def _source(part: Part, named: dict[int, str], units: dict[int, str]) -> str:
    """Who brings a rule: a role in its place, a module, or the product itself."""
    grant: Grant | None = part.grant
    if grant is not None:
        place = units.get(grant.unit_id or 0)
        return f"{named[grant.role_id]} · {place}" if place else named[grant.role_id]
    found = context().installed.get(part.module)
    if found is not None and found.manifest is not None:
        return found.manifest.label(language())
    return _("The product itself")
