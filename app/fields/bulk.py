"""Writing many rows at once: ids taken ahead, COPY on PostgreSQL, one multi-row statement on SQLite."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Table,
    Text,
    any_,
    func,
    literal,
    select,
    text,
)
from sqlalchemy.orm import Session

from app.db import insert_rows

__all__ = ["among", "insert_rows", "next_ids"]


def among(current: Session, column: Any, values: Iterable[int] | Iterable[str]) -> ColumnElement[bool]:
    """`column` is one of `values` (all numbers or all text), however many: always one parameter."""
    wanted = list(values)
    if current.get_bind().dialect.name == "postgresql":
        kind = Text() if wanted and isinstance(wanted[0], str) else BigInteger()
        return column == any_(literal(wanted, ARRAY(kind)))
    rows = func.json_each(json.dumps(wanted)).table_valued("value")
    return column.in_(select(rows.c.value))


def next_ids(current: Session, table: Table, count: int) -> list[int]:
    """`count` ids of `table` nobody else will get, ascending, so that rows can refer to each other unsaved.

    PostgreSQL takes them from the table's sequence; SQLite's one writer counts on from the highest ever used.
    """
    if current.get_bind().dialect.name == "postgresql":
        sequence = func.nextval(func.pg_get_serial_sequence(table.name, "id"))
        return sorted(current.scalars(select(sequence).select_from(func.generate_series(1, count))))
    if table.dialect_options["sqlite"]["autoincrement"]:
        last = current.scalar(text("SELECT seq FROM sqlite_sequence WHERE name = :name"), {"name": table.name})
    else:
        last = current.scalar(select(func.max(table.c.id)))
    return list(range((last or 0) + 1, (last or 0) + 1 + count))
