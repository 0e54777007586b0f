"""Writing many rows at once: ids taken ahead, COPY on PostgreSQL, one multi-row statement on SQLite."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import psycopg
from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Dialect,
    Table,
    Text,
    any_,
    func,
    literal,
    select,
    text,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session


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
        last = current.scalar(
            text("SELECT seq FROM sqlite_sequence WHERE name = :name"), {"name": table.name}
        )
    else:
        last = current.scalar(select(func.max(table.c.id)))
    return list(range((last or 0) + 1, (last or 0) + 1 + count))


def insert_rows(
    current: Session, table: Table, rows: Sequence[Mapping[str, Any]], names: Sequence[str]
) -> None:
    """Insert all rows in the running transaction; `names` are the columns they carry (missing keys are NULL).

    Python-side column defaults fill the other columns. Raises `sqlalchemy.exc.IntegrityError`.
    """
    if not rows:
        return
    constants = {
        column.name: _default(column)
        for column in table.columns
        if column.default is not None and column.name not in names and not column.primary_key
    }
    connection = current.connection()
    columns = [*names, *constants]
    binders = [_binder(table, name, connection.dialect) for name in columns]
    fixed = tuple(
        bind(value) if bind else value
        for value, bind in zip(constants.values(), binders[len(names) :], strict=True)
    )
    plain = list(zip(names, binders, strict=False))
    tuples = ((*(bind(row.get(n)) if bind else row.get(n) for n, bind in plain), *fixed) for row in rows)
    quoted = ", ".join(f'"{name}"' for name in columns)
    if connection.dialect.name == "postgresql":
        _copy(connection.connection.driver_connection, f'COPY "{table.name}" ({quoted}) FROM STDIN', tuples)
    else:
        places = ", ".join("?" * len(columns))
        statement = f'INSERT INTO "{table.name}" ({quoted}) VALUES ({places})'  # noqa: S608 (our own names)
        connection.exec_driver_sql(statement, list(tuples))


def _copy(driver: Any, statement: str, rows: Iterable[tuple[Any, ...]]) -> None:
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
    except psycopg.IntegrityError as error:
        raise IntegrityError(statement, None, error) from error


def _default(column: Any) -> Any:
    return column.default.arg(None) if column.default.is_callable else column.default.arg


def _binder(table: Table, name: str, dialect: Dialect) -> Callable[[Any], Any] | None:
    return table.c[name].type.dialect_impl(dialect).bind_processor(dialect)
