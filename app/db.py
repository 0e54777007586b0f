"""The database: one declarative base, one session per app context, one way to write.

Every site has its own database; Flask-SQLAlchemy keeps an engine per app, so the same mapped
classes serve them all. Rooms write inside `transaction()`, which commits once or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from itertools import chain, islice, repeat
from operator import is_, itemgetter
from typing import Any

import psycopg
from alembic import op
from flask import has_request_context, request
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import DDL, DateTime, Dialect, Engine, MetaData, Numeric, String, Table, event
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.types import TypeDecorator

from app.copying import CopyText, JsonText

NAMES = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Model(DeclarativeBase):
    """Base of every table of the kernel and the modules."""

    metadata = MetaData(naming_convention=NAMES)


#: All tables of the kernel and its modules; `app.base` adds Flask-AppBuilder's own.
metadatas: list[MetaData] = [Model.metadata]

#: DDL beside the tables: {table: {dialect: (statements after create, statements before drop)}}.
extras: dict[str, dict[str, tuple[list[str], list[str]]]] = {}

db = SQLAlchemy(metadata=Model.metadata, session_options={"expire_on_commit": False})
session = db.session

#: What was said about the block that runs: it only reads, or it writes; else the request's method tells.
_reading: ContextVar[bool | None] = ContextVar("qiao_reading", default=None)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment, kept in UTC on both databases; a naive value is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime has no place in the database")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


#: Amounts in the site's currency unit, two decimals, exact on PostgreSQL.
Money = Numeric(18, 2, asdecimal=True)
#: Codes compared byte by byte, so that a range over them is an index range on both databases.
Path = String(255).with_variant(String(255, collation="C"), "postgresql")


def extra_ddl(table: Any, dialect: str, create: Sequence[str], drop: Sequence[str] = ()) -> None:
    """Statements a table needs that its columns cannot say: full-text tables, triggers, odd indexes.

    Call it beside the model: ``extra_ddl(Customer.__table__, "sqlite", ["CREATE …"], ["DROP …"])``, `dialect`
    being sqlite or postgresql. `create` runs after the table is made, `drop` before it goes (what goes with
    the table by itself, its indexes and triggers, needs none). `qiao make-migration` copies them into the
    migration that creates the table; later changes take a migration written by hand. Names begin with the
    table's.
    """
    before, after = extras.setdefault(table.name, {}).setdefault(dialect, ([], []))
    before.extend(create)
    after.extend(drop)
    for moment, statements in (("after_create", create), ("before_drop", drop)):
        for statement in statements:
            event.listen(table, moment, DDL(statement.replace("%", "%%")).execute_if(dialect=dialect))


def execute_on(dialect: str, *statements: str) -> None:
    """In a migration: run plain statements on one kind of database, as `extra_ddl` does for new tables."""
    if op.get_bind().dialect.name == dialect:
        for statement in statements:
            op.execute(DDL(statement.replace("%", "%%")))


def now() -> datetime:
    """This moment, aware, UTC."""
    return datetime.now(UTC)


@event.listens_for(Engine, "connect")
def _prepare_sqlite(connection: Any, _record: Any) -> None:
    """SQLite: transactions are ours to begin, readers do not block, foreign keys count."""
    if type(connection).__module__ != "sqlite3":
        return
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "busy_timeout=15000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


@event.listens_for(Engine, "begin")
def _begin(connection: Any) -> None:
    """SQLite takes the write lock at the start, or a later upgrade would fail as 'locked'."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN" if _only_reads() else "BEGIN IMMEDIATE")


def _only_reads() -> bool:
    if (said := _reading.get()) is not None:
        return said
    return has_request_context() and request.method in ("GET", "HEAD", "OPTIONS")


@contextmanager
def reading() -> Iterator[None]:
    """Outside a request: what follows only reads, so SQLite need not take the write lock."""
    token = _reading.set(True)
    try:
        yield
    finally:
        _reading.reset(token)


@contextmanager
def writing() -> Iterator[None]:
    """Inside a GET that must write (a login time, a session touch): take the write lock."""
    token = _reading.set(False)
    try:
        yield
    finally:
        _reading.reset(token)


@contextmanager
def transaction() -> Iterator[Session]:
    """One use case: commits at the end, rolls everything back on any error.

    Nested use joins the outer one, so a verb can call another verb and still be one transaction. What waits for the
    commit (`after_commit`) comes after it, and has a transaction of its own where it asks for one.
    """
    current: Session = session()
    depth = current.info.get("depth", 0)
    current.info["depth"] = depth + 1
    try:
        yield current
        if depth == 0:
            current.commit()
    except BaseException:
        if depth == 0:
            current.rollback()
            current.info.pop("after_commit", None)
        raise
    finally:
        current.info["depth"] = depth


def after_commit(act: Callable[[], None]) -> None:
    """Run `act` once the current transaction has committed, never if it rolls back."""
    session().info.setdefault("after_commit", []).append(act)


@event.listens_for(Session, "after_commit")
def _run_after_commit(current: Session) -> None:
    current.info["due"] = current.info.get("due", []) + current.info.pop("after_commit", [])


@event.listens_for(Session, "after_transaction_end")
def _run_due(current: Session, transaction: Any) -> None:
    """Outside of the transaction that has ended: what is done now begins, and commits, its own."""
    if transaction.parent is None and (due := current.info.pop("due", [])):
        depth = current.info.pop("depth", 0)
        try:
            for act in due:
                act()
        finally:
            current.info["depth"] = depth


@event.listens_for(Session, "after_rollback")
def _forget_after_commit(current: Session) -> None:
    current.info.pop("after_commit", None)


def insert_rows(current: Session, table: Table, rows: Iterable[Mapping[str, Any]], names: Sequence[str]) -> None:
    """Insert all rows in the running transaction; `names` are the columns they carry (missing keys are NULL).

    Python-side column defaults fill the other columns. PostgreSQL takes the rows while `rows` makes the next
    ones. Raises `sqlalchemy.exc.IntegrityError`.
    """
    constants = {
        column.name: _default(column)
        for column in table.columns
        if column.default is not None and column.name not in names and not column.primary_key
    }
    connection = current.connection()
    columns = [*names, *constants]
    binders = [_binder(table, name, connection.dialect) for name in columns]
    quoted = ", ".join(f'"{name}"' for name in columns)
    fixed = list(zip(constants.values(), binders[len(names) :], strict=True))
    blocks = (
        [
            *(_bound(values, bind) for values, bind in zip(_columns(block, names), binders, strict=False)),
            *(_bound([value] * len(block), bind) for value, bind in fixed),
        ]
        for block in _blocks(rows)
    )
    if connection.dialect.name == "postgresql":
        _copy(connection.connection.driver_connection, f'COPY "{table.name}" ({quoted}) FROM STDIN', blocks)
        return
    places = ", ".join("?" * len(columns))
    statement = f'INSERT INTO "{table.name}" ({quoted}) VALUES ({places})'  # noqa: S608 (our own names)
    for block in blocks:
        connection.exec_driver_sql(statement, list(zip(*block, strict=True)))


def _blocks(rows: Iterable[Mapping[str, Any]], size: int = 1000) -> Iterator[list[Mapping[str, Any]]]:
    left = iter(rows)
    while block := list(islice(left, size)):
        yield block


def _columns(rows: list[Mapping[str, Any]], names: Sequence[str]) -> list[list[Any]]:
    """The rows' values by columns; rows that have them all are read the quick way."""
    if len(names) > 1:
        with suppress(KeyError):
            return list(map(list, zip(*map(itemgetter(*names), rows), strict=True)))
    return [[row.get(name) for row in rows] for name in names]


def _bound(values: list[Any], bind: Callable[[Any], Any] | None) -> list[Any]:
    """A column's values as the driver takes them; one that fills the column is bound once."""
    if bind is None or type(values[0]) is JsonText:
        return values
    if all(map(is_, values, repeat(values[0]))):
        return [bind(values[0])] * len(values)
    return [bind(value) for value in values]


def _copy(driver: Any, statement: str, blocks: Iterator[list[list[Any]]]) -> None:
    first = next(blocks, None)
    if first is None:
        return
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            text = CopyText(cursor)
            for block in chain((first,), blocks):
                copy.write(text.of(block))
    except psycopg.IntegrityError as error:
        raise IntegrityError(statement, None, error) from error


def _default(column: Any) -> Any:
    return column.default.arg(None) if column.default.is_callable else column.default.arg


def _binder(table: Table, name: str, dialect: Dialect) -> Callable[[Any], Any] | None:
    return table.c[name].type.dialect_impl(dialect).bind_processor(dialect)
