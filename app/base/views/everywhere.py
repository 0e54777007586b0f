"""One search over every entity that allows it: a few records of each the person may see, the nearest first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from flask import current_app, url_for
from sqlalchemy import String, inspect, select

from app.access.actors import require_actor
from app.access.policy import may_ask, title_text
from app.access.scope import UNSCOPED, scope_condition
from app.base.views.listing import can_search, search_condition
from app.base.views.titles import Titles, read_titles, record_url
from app.db import session
from app.host.context import context
from app.search.rules import folded, number_typed, runs
from app.search.terms import NUMBERS
from app.search.tokens import marked
from app.types import Actor, Entity, Field, Kind, Text

#: So many records of an entity are looked at to choose the nearest from.
CANDIDATES = 40
TERM_LENGTH = 100
#: What tells records of one name apart, or was what was looked for.
_TOLD = NUMBERS | {Kind.USCC}

Pieces = list[tuple[str, bool]]


@dataclass(frozen=True, slots=True)
class Hit:
    """A record found: its name in pieces with what was meant, what it was found by besides, and its place."""

    url: str
    title: Pieces
    found_by: tuple[tuple[Text, Pieces], ...] = ()
    hint: str = ""
    #: Its own, where those of a group differ.
    icon: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """The records of one entity; `more_url` is the list with all of them, None when these are all."""

    slug: str
    label: Text
    icon: str
    hits: tuple[Hit, ...]
    more_url: str | None


def is_worth_asking(term: str) -> bool:
    """Whether a term says anything yet: one Chinese character does, one Latin letter or digit does not."""
    found = runs(term)
    return any(len(run) > 1 or not run.isascii() for run in found)


def searched_entities(actor: Actor) -> Iterator[Entity]:
    """The entities that say what they are found by (`search_fields`), whose lists and pages the person may open.

    In the order of the menu.
    """
    places = _places()
    for entity in sorted(context().entities.values(), key=lambda one: places.get(one.view_name, len(places))):
        endpoint = f"{entity.view_name}.show"
        may = actor.can("can_list", entity.view_name) and actor.can("can_show", entity.view_name)
        if entity.search_fields and may and endpoint in current_app.view_functions and can_search(entity):
            yield entity


def _places() -> dict[str, int]:
    """Where the lists of entities stand in the menu: customers before institutions."""
    groups = sorted(context().menu, key=lambda group: group.order)
    views = [item.view for group in groups for item in sorted(group.items, key=lambda item: item.order)]
    return {view: place for place, view in enumerate(dict.fromkeys(views))}


def find_everywhere(term: str, per_entity: int) -> list[Found]:
    """What a term finds, by entity; nothing for a term that says nothing yet.

    One statement an entity and one for the names beside the records, all within the actor's scope.
    """
    words = term.replace("\x00", "").strip()[:TERM_LENGTH]
    if not is_worth_asking(words):
        return []
    rows = [(entity, _rows(entity, words)) for entity in searched_entities(require_actor())]
    chosen = [(entity, found, _nearest(entity, found, words, per_entity)) for entity, found in rows if found]
    names = read_titles(link for entity, _all, some in chosen for row in some if (link := _link(entity, row)))
    return [_found(entity, some, len(every) > len(some), names, words) for entity, every, some in chosen]


def _rows(entity: Entity, words: str) -> Sequence[Any]:
    """The candidates, only with what is shown of them or ranks them."""
    model, condition = entity.model, search_condition(entity, words)
    columns = [getattr(model, name) for name in dict.fromkeys(_shown(entity))]
    statement = select(*columns).where(scope_condition(entity, require_actor()), condition).limit(CANDIDATES)
    return session.execute(statement.execution_options(**{UNSCOPED: True})).mappings().all()


def _shown(entity: Entity) -> Iterator[str]:
    columns = inspect(entity.model).column_attrs
    yield from ("id", entity.title)
    yield from (field.name for field in _told(entity) if field.name in columns)
    if (field := _beside(entity)) is not None:
        yield field.name


def _told(entity: Entity) -> list[Field]:
    """The fields besides the title a record may have been found by, as far as the actor reads them."""
    actor, columns = require_actor(), inspect(entity.model).column_attrs
    named = (*entity.search_fields, "code", *(field.name for field in entity.fields if field.kind in _TOLD))
    return [
        field
        for name in dict.fromkeys(named)
        if name != entity.title and name in columns and (field := entity.field(name)) is not None
        if may_ask(entity, name, actor) and isinstance(columns[name].columns[0].type, String)
    ]


def _beside(entity: Entity) -> Field | None:
    """The link whose name tells where a record belongs: the first of its list the actor reads."""
    for name in entity.list_fields:
        field = entity.field(name)
        if field is not None and field.kind is Kind.LINK and may_ask(entity, name, require_actor()):
            return field
    return None


def _link(entity: Entity, row: Any) -> tuple[str, int] | None:
    field = _beside(entity)
    return (field.target or "", row[field.name]) if field is not None and row[field.name] is not None else None


def _nearest(entity: Entity, rows: Sequence[Any], words: str, count: int) -> list[Any]:
    """The rows closest to what was typed: called so, beginning so, containing it, read so; the newest first."""
    asked = folded(words)
    readable = may_ask(entity, entity.title, require_actor())

    def distance(row: Any) -> tuple[int, int]:
        name = folded(str(row[entity.title] or "")) if readable else ""
        near = (name == asked, name.startswith(asked), asked in name, True)
        return near.index(True), -row["id"]

    return sorted(rows, key=distance)[:count]


def _found(entity: Entity, rows: Sequence[Any], more: bool, names: Titles, words: str) -> Found:
    hits = [hit for row in rows if (hit := _hit(entity, row, names, words)) is not None]
    more_url = url_for(f"{entity.view_name}.list", q=words) if more else None
    return Found(entity.slug, entity.label, entity.icon, tuple(hits), more_url)


def _hit(entity: Entity, row: Any, names: Titles, words: str) -> Hit | None:
    url = record_url(entity, row["id"])
    if url is None:
        return None
    name = title_text(entity, row[entity.title], row["id"])
    clear = may_ask(entity, entity.title, require_actor())
    title = marked(name, words) if clear else [(name, False)]
    found_by = () if any(hit for _piece, hit in title) else tuple(_found_by(entity, row, words))[:1]
    link = _link(entity, row)
    beside = names.get(link, "") if link else ""
    return Hit(url, title, found_by, beside if beside not in name else "")


def _found_by(entity: Entity, row: Any, words: str) -> Iterator[tuple[Text, Pieces]]:
    """(label, value in pieces) of the fields that hold what was typed."""
    digits = number_typed(words)
    for field in _told(entity):
        value = str(row[field.name] or "")
        numbered = field.kind in NUMBERS and digits and folded(value).endswith(digits)
        if numbered:
            yield field.label, [(value[: -len(digits)], False), (value[-len(digits) :], True)]
        elif value and field.kind not in NUMBERS:
            pieces = marked(value, words)
            if any(hit for _piece, hit in pieces):
                yield field.label, pieces


__all__ = ["Found", "Hit", "find_everywhere", "is_worth_asking", "searched_entities"]
