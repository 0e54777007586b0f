"""Buttons of records: what modules offer through `record_actions`, and the ids a bulk act is about."""

from __future__ import annotations

from typing import Any

from flask import current_app, request, url_for
from flask_babel import gettext as _

from app.access.actors import require_actor
from app.host.context import hooks
from app.types import Action, Entity, Refused

#: The most records one bulk act is about.
BULK_LIMIT = 10_000


def actions_of(entity: Entity, *, bulk: bool, record: Any = None) -> list[Action]:
    """The acts modules offer on the entity that the actor may do, for the bulk bar or for one record."""
    actor = require_actor()
    offered: list[Action] = hooks().render("record_actions", entity=entity.slug, actor=actor, record=record)
    return [
        action
        for action in offered
        if (action.bulk if bulk else action.single)
        and actor.can(action.permission, action.view)
        and action.endpoint in current_app.view_functions
        and (action.dialog_endpoint is None or action.dialog_endpoint in current_app.view_functions)
    ]


def optional_url(endpoint: str, **arguments: object) -> str | None:
    """The address of a screen of another room, when this site has it."""
    return url_for(endpoint, **arguments) if endpoint in current_app.view_functions else None  # type: ignore[arg-type]


def chosen_ids() -> list[int]:
    """The ids an act is about, from ``ids`` of the form or the address: repeated, or separated by commas.

    Raises `Refused` when there are none, too many, or something that is no id. Whether the actor may see or
    change them is the caller's question: ask `scope_condition`.
    """
    texts = [*request.form.getlist("ids"), *request.args.getlist("ids")]
    pieces = [piece.strip() for text in texts for piece in text.split(",") if piece.strip()]
    if not pieces:
        raise Refused(_("Choose one or more records first"))
    if any(not piece.isascii() or not piece.isdecimal() or len(piece) > 18 for piece in pieces):
        raise Refused(_("This is not a list of records"))
    ids = list(dict.fromkeys(int(piece) for piece in pieces))
    if len(ids) > BULK_LIMIT:
        raise Refused(
            _("At most %(count)s records at a time; please narrow the list", count=f"{BULK_LIMIT:,}")
        )
    return ids
