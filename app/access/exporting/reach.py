"""How far somebody reached when a file was made for them, to be compared with how far they reach when they fetch it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from app.access.policy import level_of, whole
from app.host.context import context
from app.types import Actor, Entity, Scope


def reach_of(actor: Actor, entity: Entity, names: Iterable[str]) -> dict[str, Any]:
    """What the actor reads of these fields, and which rows of the entity the roles reach, as JSON keeps it.

    ``levels`` maps each field to its level; that of a link is no wider than that of the name it shows.
    ``places`` are [scope, path of the unit, employee]; see `rules.is_within_reach`.
    """
    return {"levels": {name: _level(actor, entity, name) for name in names}, "places": _places(actor, entity)}


def _level(actor: Actor, entity: Entity, name: str) -> int:
    level = level_of(entity, name, actor)
    field = whole(entity).field(name)
    target = context().entities.get(field.target or "") if field is not None else None
    return int(level if target is None else min(level, level_of(target, target.title, actor)))


def _places(actor: Actor, entity: Entity) -> list[list[Any]]:
    while entity.scoped_by.parent is not None and entity.scoped_by.parent[1] in context().entities:
        entity = context().entities[entity.scoped_by.parent[1]]
    if entity.scoped_by.public or actor.is_system:
        return [[Scope.ALL.value, "", None]]
    held = {(grant.scope(entity.slug), grant.unit_path or "") for grant in actor.grants}
    return [[scope.value, path, actor.employee_id] for scope, path in sorted(held) if scope is not Scope.NONE]
