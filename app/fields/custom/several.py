"""Fields of several choices: one JSON array per record, asked by its members with literal paths (docs/adr/0055)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import ColumnElement, Text, cast, exists, func, join, literal_column, select, true, type_coerce
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from app.access.scope import UNSCOPED
from app.db import db
from app.fields.custom.rules import KEY, ChoiceLine
from app.fields.custom.stored import COLUMN
from app.fields.several import has_separator


def holds(model: Any, key: str) -> Callable[[str], ColumnElement[bool]]:
    """What asks whether a record's array under `key` has a value. Raises `ValueError` for a key that is none."""
    if not KEY.fullmatch(key):
        raise ValueError(f"not a key of a custom field: {key!r}")

    def condition(value: str) -> ColumnElement[bool]:
        document = getattr(model, COLUMN)
        if db.engine.dialect.name == "postgresql":
            array = document.op("->", precedence=15, return_type=JSONB())(literal_column(f"'{key}'", Text()))
            return type_coerce(array, JSONB()).contains([value])
        members = _members(document, key)
        return exists(select(1).select_from(members).where(members.c.value == value))

    return condition


def named(model: Any, key: str) -> Callable[[str], ColumnElement[bool]]:
    """What asks whether a record has a file under `key` with these words in its name."""

    def condition(words: str) -> ColumnElement[bool]:
        members = _members(getattr(model, COLUMN), key)
        name: Any = func.json_extract(members.c.value, literal_column("'$[1]'"))
        if db.engine.dialect.name == "postgresql":
            name = cast(members.c.value, JSONB).op("->>", precedence=15, return_type=Text())(literal_column("1"))
        return exists(select(1).select_from(members).where(type_coerce(name, Text()).icontains(words, autoescape=True)))

    return condition


def most_used(current: Session, model: Any, key: str, gone: Iterable[str]) -> tuple[str, int] | None:
    """(value, records that have it) of the one most records have among `gone`; None when no record has any."""
    document = getattr(model, COLUMN)
    members = _members(document, key)
    counted = (
        select(members.c.value, func.count())
        .select_from(join(model.__table__, members, true()))
        .where(members.c.value.in_(sorted(gone)))
        .group_by(members.c.value)
        .order_by(func.count().desc(), members.c.value)
        .limit(1)
    )
    found = current.execute(counted.execution_options(**{UNSCOPED: True})).first()
    return (str(found[0]), int(found[1])) if found is not None else None


def _members(document: Any, key: str) -> Any:
    """The members of the array under a key as rows of one column, ``value``."""
    if db.engine.dialect.name == "postgresql":
        array = document.op("->", precedence=15, return_type=JSONB())(literal_column(f"'{key}'", Text()))
        called = func.jsonb_array_elements_text(array).table_valued("value")
        return called.render_derived().lateral()
    return func.json_each(document, literal_column(f"'$.{key}'")).table_valued("value")


def unsplittable(choices: Iterable[ChoiceLine]) -> str | None:
    """The first text of the choices that a cell with several of them could not tell apart, or None."""
    return next((text for one in choices for text in (one.value, one.zh, one.en) if has_separator(text)), None)


__all__ = ["holds", "most_used", "named", "unsplittable"]
