"""The records a person opened last, kept in the session: a reminder, not a record of what was read."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, request, session, url_for
from sqlalchemy import select

from app.access.actors import current_actor
from app.access.policy import title_text
from app.db import session as database
from app.host.context import context
from app.types import Entity

KEY = "recent"
KEPT = 12


def note_opened_records(app: Flask) -> None:
    """Remember every record's page that was shown."""
    app.after_request(_note)


def _note(response: Response) -> Response:
    pk = (request.view_args or {}).get("pk")
    if (
        response.status_code == 200
        and request.method == "GET"
        and isinstance(pk, int)
        and (request.endpoint or "").endswith(".show")
        and current_actor() is not None
        and "HX-Request" not in request.headers
    ):
        entity = next((e for e in context().entities.values() if e.view_name == request.blueprint), None)
        if entity is not None:
            kept = [place for place in _kept() if place != (entity.slug, pk)]
            session[KEY] = [[slug, number] for slug, number in [(entity.slug, pk), *kept][:KEPT]]
    return response


def _kept() -> list[tuple[str, int]]:
    return [(str(slug), int(number)) for slug, number in session.get(KEY, ())]


def opened_records(limit: int) -> list[dict[str, Any]]:
    """Name, address, kind and icon of the records opened last; those no longer visible are left out."""
    actor, places = current_actor(), _kept()
    lines: dict[tuple[str, int], dict[str, Any]] = {}
    for slug in dict.fromkeys(slug for slug, _number in places):
        entity = context().entities.get(slug)
        if entity is None or actor is None or not actor.can("can_show", entity.view_name):
            continue
        for number, name in _names(entity, [n for s, n in places if s == slug]):
            lines[slug, number] = {
                "name": f"#{number}" if entity.title == "id" else title_text(entity, name, number),
                "url": url_for(f"{entity.view_name}.show", pk=number),
                "text": entity.label,
                "icon": entity.icon,
            }
    return [lines[place] for place in places if place in lines][:limit]


def _names(entity: Entity, numbers: list[int]) -> Any:
    model: Any = entity.model
    return database.execute(select(model.id, getattr(model, entity.title)).where(model.id.in_(numbers)))
