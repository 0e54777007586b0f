"""The search index of a table, on both databases, made with the table by `create_all` and by its migration.

The table has a text column ``search_tokens`` (`app.search.tokens.tokens`). PostgreSQL gets a GIN index over
its tokens, which also finds what begins like one; SQLite an FTS5 table ``<table>_search`` over the same column, kept
by triggers, with no text of its own.
"""

# ruff: noqa: S608  (the names in these statements are our own tables)
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import ColumnElement, Connection, Index, func, literal_column

from app.db import extra_ddl
from app.search.rules import TAIL

COLUMN = "search_tokens"
#: Begins the token that names the field a text is of (`app.search.terms`).
FIELD_MARK = "@"
#: PostgreSQL's view of the tokens: no language, no stop words, only the tokens themselves.
VECTOR = f"array_to_tsvector(string_to_array({COLUMN}, ' '))"


def keep_search_index(table: Any) -> None:
    """Give a table its search index, wherever the table is made."""
    for dialect in ("postgresql", "sqlite"):
        extra_ddl(table, dialect, create_statements(dialect, table.name), drop_statements(dialect, table.name))


def create_search_index(connection: Connection, table: str) -> None:
    """Create the search index of a table that has none, and fill it from the rows there are."""
    for statement in create_statements(connection.dialect.name, table):
        connection.exec_driver_sql(statement)


def drop_search_index(connection: Connection, table: str) -> None:
    """Remove the search index of a table that stays."""
    for statement in drop_statements(connection.dialect.name, table):
        connection.exec_driver_sql(statement)


def create_statements(dialect: str, table: str) -> list[str]:
    """What makes the index."""
    if dialect == "postgresql":
        # new rows wait in a short list: a longer one makes imports quicker and every search slower
        return [f"CREATE INDEX ix_{table}_search ON {table} USING gin ({VECTOR}) WITH (gin_pending_list_limit = 1024)"]
    found = index_table(table)
    take = f"INSERT INTO {found}({found}, rowid, {COLUMN}) VALUES ('delete', old.id, old.{COLUMN});"
    add = f"INSERT INTO {found}(rowid, {COLUMN}) VALUES (new.id, new.{COLUMN});"
    return [
        # the ascii tokenizer splits at blanks only, as far as our tokens go, and keeps every rare character
        f"CREATE VIRTUAL TABLE {found} USING fts5({COLUMN}, content='{table}', content_rowid='id', "
        f"tokenize=\"ascii tokenchars '{FIELD_MARK}._'\", detail=none, columnsize=0)",
        _adding(table),
        f"CREATE TRIGGER {found}_removed AFTER DELETE ON {table} BEGIN {take} END",
        f"CREATE TRIGGER {found}_changed AFTER UPDATE OF {COLUMN} ON {table} BEGIN {take} {add} END",
        f"INSERT INTO {found}({found}) VALUES ('rebuild')",
    ]


def drop_statements(dialect: str, table: str) -> list[str]:
    """What removes the index."""
    if dialect == "postgresql":
        return [f"DROP INDEX IF EXISTS ix_{table}_search"]
    found = index_table(table)
    triggers = [f"DROP TRIGGER IF EXISTS {found}_{act}" for act in ("added", "removed", "changed")]
    return [*triggers, f"DROP TABLE IF EXISTS {found}"]


def tail_of(number: Any) -> ColumnElement[str]:
    """The last four characters of a number, as `tail_index` keeps them."""
    # literals, or a prepared plan would not see the index's expression
    return func.substr(number, func.length(number) - literal_column(str(TAIL - 1)))


def tail_index(name: str, number: Any) -> Index:
    """An index by which rows are found by the end of a number; rows without one are not in it."""
    there = number.is_not(None)
    return Index(name, tail_of(number), postgresql_where=there, sqlite_where=there)


@contextmanager
def indexed_at_once(connection: Connection, table: str) -> Iterator[None]:
    """Many rows are inserted inside: SQLite then indexes them in one statement, ten times as fast.

    It happens in the running transaction, which alone writes; PostgreSQL needs nothing.
    """
    if connection.dialect.name == "postgresql":
        yield
        return
    found = index_table(table)
    last = connection.exec_driver_sql(f"SELECT coalesce(max(id), 0) FROM {table}").scalar_one()
    connection.exec_driver_sql(f"DROP TRIGGER {found}_added")
    yield
    fresh = f"SELECT id, {COLUMN} FROM {table} WHERE id > ?"
    connection.exec_driver_sql(f"INSERT INTO {found}(rowid, {COLUMN}) {fresh}", (last,))
    connection.exec_driver_sql(_adding(table))


def index_table(table: str) -> str:
    """Name of the FTS5 table of SQLite."""
    return f"{table}_search"


def _adding(table: str) -> str:
    found = index_table(table)
    add = f"INSERT INTO {found}(rowid, {COLUMN}) VALUES (new.id, new.{COLUMN});"
    return f"CREATE TRIGGER {found}_added AFTER INSERT ON {table} BEGIN {add} END"
