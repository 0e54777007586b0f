"""The verbs of items."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import gettext as _
from sqlalchemy import select, update

from app.api import Act, entity, now, record_acts, require_actor, scope_condition, transaction
from app.types import Refused
from ${package}.models import ${cls}Item


def close_items(ids: Sequence[int]) -> int:
    """Close the open items among `ids` that the actor may change; returns how many.

    One statement whatever the number. Raises `Refused` when none of them can be closed.
    """
    table = ${cls}Item.__table__
    writable = scope_condition(entity("${slug}_item"), require_actor(), write=True)
    chosen = select(table.c.id).where(table.c.id.in_(ids), table.c.closed_at.is_(None), writable)
    with transaction() as current:
        closed = list(current.connection().scalars(chosen.with_for_update()))
        if not closed:
            raise Refused(_("None of these items can be closed"))
        current.connection().execute(update(table).where(table.c.id.in_(closed)).values(closed_at=now()))
        record_acts(current, [Act("close", "${slug}_item", str(item_id)) for item_id in closed])
    return len(closed)
