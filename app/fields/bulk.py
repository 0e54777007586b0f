"""Writing many rows at once: ids taken ahead, COPY on PostgreSQL, one multi-row statement on SQLite."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from types import NoneType
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Table, any_, bindparam, column, func, select, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import REGCLASS
from sqlalchemy.orm import Session
from sqlalchemy.types import UserDefinedType, to_instance

from app.db import insert_rows as insert_plainly
from app.fields.custom.counters import number_documents, numbered_fields
from app.fields.custom.keeping import filled
from app.fields.custom.linked import inserting
from app.fields.custom.stored import COLUMN
from app.host.context import context

__all__ = ["ArrayText", "among", "as_table", "insert_rows", "next_ids"]


def insert_rows(current: Session, table: Table, rows: Iterable[Mapping[str, Any]], names: Sequence[str]) -> None:
    """`app.db.insert_rows`, with the numbers the product counts and the results of formulas of records of this kind.

    The numbers are taken before the first row goes: PostgreSQL does nothing else while it takes rows.
    """
    entity = context().by_table.get(table)
    if entity is not None and numbered_fields(entity):
        rows = number_documents(current, entity, rows)
        names = [*names, *({COLUMN} - set(names))]
    complete = filled(table)
    if complete is not None:
        rows = map(complete, rows)
        names = [*names, *({COLUMN} - set(names))]
    with inserting(current, table, rows) as watched:
        insert_plainly(current, table, watched, names)


class ArrayText(UserDefinedType[Any]):
    """A list of numbers or words (`kind`: ``BIGINT``, ``TEXT``) as one parameter in PostgreSQL's own spelling.

    The driver would look at every member anew, which for some thousand of them takes longer than the query. A text is
    taken as it is: a list written beforehand, for several statements.
    """

    cache_ok = True
    render_bind_cast = True

    def __init__(self, kind: str):
        self.kind = kind

    def get_col_spec(self, **_more: Any) -> str:
        return f"{self.kind}[]"

    def bind_processor(self, _dialect: Any) -> Callable[[Any], str]:
        return lambda given: given if isinstance(given, str) else _array_text(given)


def _array_text(values: Sequence[int | str | None]) -> str:
    """The values, numbers or text, as PostgreSQL writes an array; the driver would look at each of them anew.

    >>> _array_text(["a", 'b"', "NULL", None]), _array_text([1, None, 2])
    ('{"a","b\\\\"","NULL",NULL}', '{1,NULL,2}')
    """
    kinds = set(map(type, values))
    if not any(issubclass(kind, str) for kind in kinds):
        return "{" + ",".join(map(str, values)).replace("None", "NULL") + "}"
    if NoneType in kinds:
        return "{" + ",".join("NULL" if value is None else _array_text([value])[1:-1] for value in values) + "}"
    words = list(map(str, values))
    joined = "".join(words)
    if "\\" in joined or '"' in joined:
        words = [word.replace("\\", "\\\\").replace('"', '\\"') for word in words]
    return '{"' + '","'.join(words) + '"}'


def among(current: Session, column: Any, values: Iterable[int] | Iterable[str]) -> ColumnElement[bool]:
    """`column` is one of `values` (all numbers or all text), however many: always one parameter."""
    wanted = list(values)
    if current.get_bind().dialect.name == "postgresql":
        words = bool(wanted) and isinstance(wanted[0], str)
        return column == any_(bindparam(None, wanted, ArrayText("TEXT" if words else "BIGINT"), unique=True))
    rows = func.json_each(json.dumps(wanted)).table_valued("value")
    return column.in_(select(rows.c.value))


def as_table(
    current: Session, name: str, rows: Iterable[Mapping[str, Any]], kinds: Mapping[str, Any]
) -> FromClause:
    """Rows as a table to join, in a parameter per column, however many: columns by name with their SQL types.

    Values are numbers, text, moments or None.
    """
    if current.get_bind().dialect.name == "postgresql":
        lines = list(rows)
        lists = [
            bindparam(None, _array_text(_moments(values)), ArrayText(_spelling(kind)), unique=True)
            for kind, values in ((kind, [line[key] for line in lines]) for key, kind in kinds.items())
        ]
        columns = (column(key, kind) for key, kind in kinds.items())
        return func.unnest(*lists).table_valued(*columns).render_derived(name=name)
    plain = [dict(zip(kinds, _moments([row[key] for key in kinds], ""), strict=True)) for row in rows]
    each = func.json_each(json.dumps(plain, ensure_ascii=False)).table_valued("value")
    values = (func.json_extract(each.c.value, f"$.{key}", type_=kind).label(key) for key, kind in kinds.items())
    return select(*values).subquery(name)


@lru_cache(64)
def _spelling(kind: Any) -> str:
    """A type as PostgreSQL names it: BIGINT of `BigInteger`."""
    return to_instance(kind).compile(dialect=postgresql.dialect())


def _moments(values: list[Any], zone: str = "+00") -> list[Any]:
    """The values, moments among them as both databases read them."""
    if datetime not in set(map(type, values)):
        return values
    return [
        f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}{zone}" if isinstance(value, datetime) else value
        for value in values
    ]


def next_ids(current: Session, table: Table, count: int) -> list[int]:
    """`count` ids of `table` nobody else will get, ascending, so that rows can refer to each other unsaved.

    PostgreSQL takes them from the table's sequence; SQLite's one writer counts on from the highest ever used.
    """
    if current.get_bind().dialect.name == "postgresql":
        # a subquery, so that the sequence is looked up once and not for every number
        name = select(func.pg_get_serial_sequence(table.name, "id").cast(REGCLASS)).scalar_subquery()
        numbers = select(func.nextval(name).label("number")).select_from(func.generate_series(1, count)).subquery()
        return sorted(current.scalar(select(func.array_agg(numbers.c.number))) or ())
    if table.dialect_options["sqlite"]["autoincrement"]:
        last = current.scalar(text("SELECT seq FROM sqlite_sequence WHERE name = :name"), {"name": table.name})
    else:
        last = current.scalar(select(func.max(table.c.id)))
    return list(range((last or 0) + 1, (last or 0) + 1 + count))
