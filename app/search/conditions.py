"""SQL conditions of a search: text by the token index, the last digits of a number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    and_,
    cast,
    column,
    false,
    func,
    literal,
    literal_column,
    or_,
    select,
    table,
    union_all,
)
from sqlalchemy.dialects.postgresql import TSQUERY, TSVECTOR
from sqlalchemy.sql.elements import ColumnClause

from app.access.policy import may_ask
from app.db import session
from app.search.ddl import COLUMN, index_table, tail_of
from app.search.models import SearchTerm
from app.search.rules import TAIL, Probe, Wanted, number_token, number_typed, wanted
from app.search.terms import NUMBERS, field_token
from app.types import Actor, Entity

#: So many records are looked for at most by texts that stand beside other ways of finding them.
MOST_BESIDE = 20_000


def matches(model: Any, term: str, attribute: str = "name") -> ColumnElement[bool]:
    """Rows of a model with a search index whose `attribute` contains `term` or is read like it (pinyin, initials).

    Words of the term may stand anywhere in any order. A term without letter or digit is looked for as it is.
    """
    needed = wanted(term)
    if not needed:
        return getattr(model, attribute).contains(term.strip(), autoescape=True)
    # Asked before the tokens are taken apart: PostgreSQL thinks that costs nothing, and would rather do it with
    # every row, newest first, than look into the index.
    return and_(*in_one_piece(model, needed), has_tokens(model, query_of(needed)))


def texts_asked(entity: Entity, actor: Actor | None) -> tuple[str, ...]:
    """The fields of an entity the index of texts is asked for: named in `search_fields`, read by the actor.

    Columns of a table with tokens of its own are not among them, texts that are no columns (custom fields) are.
    """
    columns = entity.model.__table__.c
    own = COLUMN in columns
    named = (name for name in entity.search_fields if not (own and name in columns))
    return tuple(name for name in named if may_ask(entity, name, actor))


def texts_match(entity: Entity, term: str, fields: Sequence[str], *, beside: bool = False) -> ColumnElement[bool]:
    """Records of an entity one of whose `fields` in the index of texts (`app.search.terms`) is what the term means.

    `beside` other conditions the ids found are given to PostgreSQL as one array, or it would not look for them by
    index.
    """
    kinds = {name: field.kind for name in fields if (field := entity.field(name)) is not None}
    numbers = [name for name in fields if kinds.get(name) in NUMBERS]
    digits, needed = number_typed(term), wanted(term)
    either: list[ColumnElement[bool]] = []
    if needed and (texts := [name for name in fields if name not in numbers]):
        query = _of_fields(entity.slug, texts, query_of(needed))
        either.append(and_(*in_one_piece(SearchTerm, needed), has_tokens(SearchTerm, query)))
    if digits and numbers:
        query = _of_fields(entity.slug, numbers, probe((number_token(digits), True)))
        either.append(has_tokens(SearchTerm, query))
    if not either:
        return false()
    found = select(SearchTerm.record_id).where(or_(*either))
    if beside and _on_postgresql():
        return entity.model.id == func.any(func.array(found.limit(MOST_BESIDE).scalar_subquery()))
    return entity.model.id.in_(found)


def _of_fields(slug: str, fields: Sequence[str], query: str) -> str:
    both, either = (" & ", " | ") if _on_postgresql() else (" AND ", " OR ")
    marks = either.join(probe((field_token(slug, name), False)) for name in fields)
    return f"({marks}){both}({query})"


def in_one_piece(model: Any, needed: Wanted) -> list[ColumnElement[bool]]:
    """What the index alone cannot say of long words."""
    return [model.search_tokens.like(f"%{run}%") for run in needed.whole]


def has_tokens(model: Any, query: str) -> ColumnElement[bool]:
    """Rows of a model with a search index that has what `query_of` asks for."""
    name = model.__table__.name
    if _on_postgresql():
        # the blank is no parameter, or a prepared plan would not see the index's expression in it
        found = func.array_to_tsvector(func.string_to_array(model.search_tokens, literal_column("' '")), type_=TSVECTOR)
        return found.bool_op("@@")(cast(literal(query), TSQUERY))
    index = table(index_table(name), column("rowid"))
    everything: ColumnClause[Any] = literal_column(index_table(name))
    return model.id.in_(select(index.c.rowid).where(everything.op("MATCH")(query)))


def query_of(needed: Wanted) -> str:
    """What is asked of the index, in the words of the database at hand."""
    both, either = (" & ", " | ") if _on_postgresql() else (" AND ", " OR ")
    asked = both.join(f"({either.join(f'({both.join(map(probe, way))})' for way in ways)})" for ways in needed.runs)
    return f"({asked}){either}{probe((needed.joined, True))}" if needed.joined else asked


def probe(wanted_token: Probe) -> str:
    """One token in the words of the database at hand."""
    token, begins = wanted_token
    quote = "'" if _on_postgresql() else '"'
    return f"{quote}{token}{quote}{(':*' if _on_postgresql() else '*') if begins else ''}"


def in_any_way(model: Any, parts: Sequence[ColumnElement[bool]]) -> ColumnElement[bool]:
    """Rows found by one of several indexes of a table, so that each is looked into, whatever else is asked.

    PostgreSQL puts them together by itself; SQLite would rather read the table than more than two or three.
    """
    if len(parts) < 2 or _on_postgresql():
        return or_(*parts) if parts else false()
    ids = model.__table__.c.id
    return model.id.in_(union_all(*(select(ids).where(part).correlate(None) for part in parts)))


def ends_with(number: Any, term: str, tail: Any = None) -> ColumnElement[bool] | None:
    """Rows whose `number` ends with a term of four digits or more, however it is typed; None for any other term.

    `tail` is a column of the last four digits; without it there is an index of `tail_index`.
    """
    digits = number_typed(term).upper()
    if not digits:
        return None
    last = tail if tail is not None else tail_of(number)
    parts = [last == digits[-TAIL:], *([] if tail is not None else [number.is_not(None)])]
    return and_(*parts, number.like(f"%{digits}")) if len(digits) > TAIL else and_(*parts)


def _on_postgresql() -> bool:
    return session.get_bind().dialect.name == "postgresql"


__all__ = ["ends_with", "has_tokens", "in_any_way", "matches", "query_of", "texts_asked", "texts_match"]
