"""Names of linked records: all links of a page, whatever entities they point to, in one statement."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import current_app, g, has_app_context, url_for
from sqlalchemy import String, cast, literal, select, union_all

from app.access.actors import current_actor, require_actor
from app.access.policy import level_of, title_text
from app.access.scope import UNSCOPED, scope_condition
from app.db import session
from app.host.context import context
from app.types import Entity, Kind, Level

#: An id no record has and no other part of an address looks like.
_STAND_IN = 2**62 + 12345

#: (entity slug, id) → the record's name, only for records the actor may see.
Titles = dict[tuple[str, int], str]


def links_of(entity: Entity, records: Iterable[Any], fields: Iterable[str]) -> set[tuple[str, int]]:
    """(entity slug, id) of every link in these fields of these records."""
    wanted = [
        field for name in fields if (field := entity.field(name)) and field.kind is Kind.LINK and field.target
    ]
    return {
        (field.target or "", value)
        for record in records
        for field in wanted
        if (value := getattr(record, field.name)) is not None
    }


def read_titles(links: Iterable[tuple[str, int]]) -> Titles:
    """The names of linked records within the actor's scope, in one statement."""
    by_entity: dict[str, set[int]] = {}
    for slug, record_id in links:
        if slug in context().entities:
            by_entity.setdefault(slug, set()).add(record_id)
    if not by_entity:
        return {}
    actor = require_actor()
    parts = []
    for slug, ids in sorted(by_entity.items()):
        target = context().entities[slug]
        title = cast(getattr(target.model, target.title), String)
        parts.append(
            select(literal(slug).label("slug"), target.model.id.label("id"), title.label("title")).where(
                target.model.id.in_(sorted(ids)), scope_condition(target, actor)
            )
        )
    statement = parts[0] if len(parts) == 1 else union_all(*parts)
    rows = session.execute(statement.execution_options(**{UNSCOPED: True}))
    found = {(slug, record_id): title or f"#{record_id}" for slug, record_id, title in rows}
    guarded = {
        slug
        for slug in by_entity
        if level_of(slug, context().entities[slug].title, actor) < Level.READ
    }
    if guarded:
        found |= {
            (slug, number): title_text(slug, title, number)
            for (slug, number), title in found.items()
            if slug in guarded
        }
    return found


def record_title(entity: Entity, record: Any) -> str:
    """A record's name, as far as the actor may read it; its number when it has none."""
    if entity.title == "id":
        return f"#{record.id}"
    return title_text(entity, getattr(record, entity.title, None), record.id)


def record_url(entity: Entity | str, record_id: int) -> str | None:
    """The address of a record's page; None when there is no such page or the actor may not open it."""
    described = entity if isinstance(entity, Entity) else context().entities.get(entity)
    actor = current_actor()
    if described is None or actor is None or "show" not in described.actions or not has_app_context():
        return None
    endpoint = f"{described.view_name}.show"
    if endpoint not in current_app.view_functions or not actor.can("can_show", described.view_name):
        return None
    return record_path(endpoint, record_id)


def record_path(endpoint: str, record_id: int) -> str:
    """The address of a route of a record, worked out once per request and route: a list shows dozens."""
    paths: dict[str, list[str]] = g.setdefault("record_paths", {})
    if endpoint not in paths:
        paths[endpoint] = url_for(endpoint, pk=_STAND_IN).split(str(_STAND_IN))
    return str(record_id).join(paths[endpoint])
