"""SQL conditions of a search: contained text by the token index, the last digits of a phone."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Text, and_, column, func, literal, literal_column, select, table
from sqlalchemy.sql.elements import ColumnClause

from app.db import session
from app.search.ddl import index_table
from app.search.rules import TERM_LENGTH, runs, wanted


def matches(model: Any, term: str, attribute: str = "name") -> ColumnElement[bool]:
    """Rows of a model with a search index whose `attribute` contains `term`, in any case and width.

    Words of the term may stand anywhere in any order. A term without letter or digit is looked for as it is.
    """
    needed = wanted(term)
    if not needed:
        return getattr(model, attribute).contains(term.strip(), autoescape=True)
    kept: Any = model.search_tokens
    # Asked before the tokens are taken apart: PostgreSQL thinks that costs nothing, and would rather do it with
    # every row, newest first, than look into the index.
    whole = [kept.like(f"%{run}%") for run in runs(term[:TERM_LENGTH])]
    return and_(*whole, _has(model, needed))


def _has(model: Any, needed: list[str]) -> ColumnElement[bool]:
    name = model.__table__.name
    if session.get_bind().dialect.name == "postgresql":
        # the blank is no parameter, or a prepared plan would not see the index's expression in it
        found = func.string_to_array(model.search_tokens, literal_column("' '"), type_=ARRAY(Text))
        return found.bool_op("@>")(literal(needed, ARRAY(Text)))
    index = table(index_table(name), column("rowid"))
    everything: ColumnClause[Any] = literal_column(index_table(name))
    query = " ".join(f'"{token}"' for token in needed)
    return model.id.in_(select(index.c.rowid).where(everything.op("MATCH")(query)))


def ends_with(number: Any, tail: Any, term: str) -> ColumnElement[bool] | None:
    """Rows whose phone `number` ends with a term of four digits or more; None for any other term.

    `tail` is the indexed column of the last four digits.
    """
    digits = term.strip()
    if not (digits.isascii() and digits.isdigit() and len(digits) >= 4):
        return None
    if len(digits) == 4:
        return tail == digits
    return and_(tail == digits[-4:], number.like(f"%{digits}"))


__all__ = ["ends_with", "matches"]
