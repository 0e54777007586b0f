"""What an actor may do with single fields: the one place every door asks (docs/adr/0040).

Screens, files, REST and searches take the description of an entity *as the actor sees it* from `seen_by`: hidden
fields are not in it, masked ones carry their level and can be neither filtered, sorted nor searched by, and all that
cannot be written says so. Whatever reads a column without a description asks by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from app.access.actors import current_actor
from app.access.masks import masked
from app.host.context import context
from app.types import Actor, Entity, Field, Kind, Level


def level_of(entity: Entity | str, name: str, actor: Actor | None) -> Level:
    """What the actor may do with a field; nobody may do anything."""
    slug = entity if isinstance(entity, str) else entity.slug
    if actor is None:
        return Level.HIDDEN
    level = actor.field_level(slug, name)
    if actor.fields is None or actor.is_system or level is Level.HIDDEN:
        return level
    described = context().entities.get(slug)
    field = described.field(name) if described is not None else None
    if field is None:
        return level
    if field.shows is not None:
        level = min(level, level_of(*field.shows, actor))
    return level if all(readable(slug, used, actor) for used in _sources(field)) else Level.HIDDEN


def _sources(field: Field) -> tuple[str, ...]:
    """The fields a formula is worked out from: who may not read them would read them in its results."""
    return tuple(field.compute.uses) if field.compute is not None else ()


def readable(entity: Entity | str, name: str, actor: Actor | None) -> bool:
    """Whether the actor sees the field's values."""
    return level_of(entity, name, actor) >= Level.READ


def may_ask(entity: Entity | str, name: str, actor: Actor | None) -> bool:
    """Whether the actor may filter, sort, group, search, match and export in clear by the field.

    Whoever could ask by a field whose values they do not see would guess them one by one.
    """
    return readable(entity, name, actor)


def writable(entity: Entity | str, name: str, actor: Actor | None) -> bool:
    """Whether the actor may change the field, where the act on the record is permitted."""
    return level_of(entity, name, actor) is Level.WRITE


def unwritable(entity: Entity | str, names: Iterable[str], actor: Actor | None) -> dict[str, Level]:
    """{name: level} of those the actor may not write: a write that names one of them is refused as a whole."""
    if actor is not None and (actor.fields is None or actor.is_system):
        return {}
    levels = {name: level_of(entity, name, actor) for name in names}
    return {name: level for name, level in levels.items() if level is not Level.WRITE}


def visible_fields(entity: Entity, actor: Actor | None) -> tuple[Field, ...]:
    """The fields that exist for the actor, each with its level."""
    return seen_by(entity, actor).fields


def seen_by(entity: Entity, actor: Actor | None) -> Entity:
    """The description of an entity as the actor sees it; the entity itself for whom nothing is kept from.

    Made once for all people of the same roles. Conditions (`visible_when`) and verbs are those of the whole entity:
    give them the record's real values, which `whole` describes.
    """
    if actor is None or actor.is_system or actor.fields is None:
        return entity
    known = context().entities.get(entity.slug)
    if known is None or known.fields is not entity.fields:
        return _narrowed(entity, actor)  # another form of it, as a dialog asks for
    made = actor.fields.made
    if entity.slug not in made:
        made[entity.slug] = _narrowed(known, actor)
    found: Entity = made[entity.slug]
    return found


def whole(entity: Entity) -> Entity:
    """The whole description behind one an actor sees."""
    return context().entities.get(entity.slug, entity)


def _narrowed(entity: Entity, actor: Actor) -> Entity:
    fields = tuple(_seen(entity, field, actor) for field in entity.fields if _exists(entity, field.name, actor))
    if fields == entity.fields:
        return entity

    def kept(names: Iterable[str], least: Level = Level.MASKED) -> tuple[str, ...]:
        return tuple(name for name in names if level_of(entity, name, actor) >= least)

    asked = may_ask(entity, entity.order_by[0], actor)
    return replace(
        entity,
        fields=fields,
        list_fields=kept(entity.list_fields),
        sections=tuple(replace(section, fields=kept(section.fields)) for section in entity.sections),
        filter_fields=kept(entity.filter_fields, Level.READ),
        search_fields=kept(entity.search_fields, Level.READ),
        order_by=entity.order_by if asked else ("id", "desc"),
        match_fields=tuple(keys for keys in entity.match_fields if kept(keys, Level.READ) == tuple(keys)),
    )


def _exists(entity: Entity, name: str, actor: Actor) -> bool:
    return level_of(entity, name, actor) is not Level.HIDDEN


def _seen(entity: Entity, field: Field, actor: Actor) -> Field:
    level = level_of(entity, field.name, actor)
    if level is Level.MASKED:
        return replace(field, level=level, sortable=False, filterable=False, importable=False, unique=False)
    if field.kind is Kind.LINK and (target := context().entities.get(field.target or "")) is not None:
        # sorted by a link, a list is in the order of names one may not read
        sortable = field.sortable and may_ask(target, target.title, actor)
        field = field if sortable == field.sortable else replace(field, sortable=sortable)
    return field if level is Level.WRITE else replace(field, level=level, importable=False)


def masked_value(field: Field, value: Any) -> str:
    """What a person sees of a value they may not read."""
    return masked(field, value)


def title_text(entity: Entity | str, title: Any, record_id: int | str) -> str:
    """A record's name as the acting person may read it: in clear, masked, or its number."""
    described = entity if isinstance(entity, Entity) else context().entities.get(entity)
    if title is None or title == "":
        return f"#{record_id}"
    if described is None:
        return str(title)
    level = level_of(described, described.title, current_actor())
    if level >= Level.READ:
        return str(title)
    if level is Level.HIDDEN:
        return f"#{record_id}"
    return masked(whole(described).field(described.title) or Field(described.title, ""), title)


def as_seen(entity: Entity | str, name: str, value: Any, text: str | None = None) -> str:
    """A value in a sentence as the acting person may read it: `text` (or the value) in clear, masked, or nothing."""
    if value is None or value == "":
        return ""
    level = level_of(entity, name, current_actor())
    if level >= Level.READ:
        return str(value) if text is None else text
    if level is Level.HIDDEN:
        return ""
    described = context().entities.get(entity) if isinstance(entity, str) else whole(entity)
    return masked((described and described.field(name)) or Field(name, ""), value)


def shown_changes(entity: Entity, changes: Mapping[str, Any], actor: Actor | None) -> dict[str, Any]:
    """The changes of a history whose fields exist for the actor."""
    return {name: change for name, change in changes.items() if level_of(entity, name, actor) > Level.HIDDEN}


__all__ = [
    "as_seen",
    "level_of",
    "masked_value",
    "may_ask",
    "readable",
    "seen_by",
    "shown_changes",
    "title_text",
    "unwritable",
    "visible_fields",
    "whole",
    "writable",
]
