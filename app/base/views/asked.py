"""A list kept as its query string, put into words for whoever reads of it later (logs of exports and of reading)."""

from __future__ import annotations

from urllib.parse import parse_qsl

from werkzeug.datastructures import MultiDict

from app.access.actors import require_actor
from app.access.policy import level_of, whole
from app.base.views.cells import zone
from app.base.views.filters import Filter, sentence
from app.base.views.groups import branch_sentence
from app.base.views.lists import asked_links
from app.base.views.state import ListState, read_state
from app.base.views.titles import Titles
from app.host.context import context
from app.types import Entity, Level, Refused


def list_of(entity: Entity, query: str) -> ListState:
    """What the list shows under this query string, unpaged. Raises `Refused` for what it does not understand."""
    pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=200)
    kept = [(key, value) for key, value in pairs if key not in ("page", "size", "after", "before", "columns", "from")]
    return read_state(entity, MultiDict(kept), zone())


def list_asked(slug: str, query: str) -> ListState | None:
    """The list somebody asked for, described as a whole; None when it is no longer understood."""
    entity = context().entities.get(slug)
    if entity is None:
        return None
    try:
        return list_of(whole(entity), query)
    except (Refused, ValueError):
        return None  # a field it names is gone


def in_words(state: ListState, titles: Titles) -> tuple[str, ...]:
    """What kept rows away from the list, a sentence each; values only of fields the actor reads.

    `titles` are those of `asked_links(state)` within the actor's scope.
    """
    actor = require_actor()

    def say(one: Filter) -> str:
        level = level_of(state.entity, one.field.name, actor)
        if level >= Level.READ:
            return sentence(one, titles)
        return f"{one.field.label}: ***" if level is Level.MASKED else "***"

    said = [
        branch_sentence(piece, say)
        for piece in state.pieces
        if not isinstance(piece, Filter) or level_of(state.entity, piece.field.name, actor) > Level.HIDDEN
    ]
    if state.q:
        kept_back = any(level_of(state.entity, field.name, actor) < Level.READ for field in state.entity.fields)
        said.append("“***”" if kept_back else f"“{state.q}”")  # the words may be a value of any field
    return tuple(said)


__all__ = ["asked_links", "in_words", "list_asked", "list_of"]
