"""Choosing a linked record by typing: within the actor's scope, twenty at most."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from app.access.actors import require_actor
from app.access.policy import may_ask, title_text
from app.access.scope import UNSCOPED, scope_condition
from app.base.views.listing import search_condition, searched_fields
from app.db import session
from app.fields.regions import find_regions
from app.host.context import context
from app.types import Entity, Field, Kind

LIMIT = 20


def pick(field: Field, text: str) -> dict[str, Any]:
    """The answer of a picker: ``items`` of value, text and hint, ``more`` when there are others.

    Without a text the newest twenty; with one those that the entity's own search finds.
    """
    if field.kind is Kind.REGION:
        return _pick_region(text.strip()[:100])
    target = context().entities.get(field.target or "")
    if target is None:
        return {"items": [], "more": False}
    model, words = target.model, text.strip()[:100].replace("\x00", "")
    hint = hint_field(target)
    columns = [model.id, getattr(model, target.title), *([getattr(model, hint)] if hint else [])]
    statement = select(*columns).where(scope_condition(target, require_actor()))
    if words:
        statement = statement.where(search_condition(target, words))
    else:
        statement = statement.order_by(model.id.desc())
    rows = session.execute(statement.limit(LIMIT + 1).execution_options(**{UNSCOPED: True})).all()
    items = [
        {"value": str(row[0]), "text": title_text(target, row[1], row[0]), "hint": str(row[2] or "") if hint else ""}
        for row in rows[:LIMIT]
    ]
    if words:
        items.sort(key=lambda item: (not item["text"].startswith(words), item["text"]))
    more = _("More than %(count)s found; type more", count=LIMIT) if len(rows) > LIMIT else ""
    return {"items": items, "more": more}


def _pick_region(text: str) -> dict[str, Any]:
    found, more = find_regions(text)
    items = [{"value": code, "text": path, "hint": code} for code, path in found]
    return {"items": items, "more": _("More than %(count)s found; type more", count=len(items)) if more else ""}


def hint_field(target: Entity) -> str | None:
    """The second text that tells records of one name apart: a number or code, never personal data.

    Only one the actor reads.
    """
    actor = require_actor()
    for name in (*searched_fields(target), "code"):
        field = target.field(name)
        if (
            field is not None
            and field.kind is Kind.TEXT
            and name != target.title
            and may_ask(target, name, actor)
        ):
            return name
    return None
