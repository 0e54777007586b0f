"""Indexes of custom fields: built and dropped in the background, so that nobody who saves has to wait (FLD-2).

PostgreSQL builds them concurrently; one left invalid by a broken run is built anew. SQLite's one writer waits.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, literal_column, or_, select
from sqlalchemy.exc import IntegrityError

from app.access.scope import UNSCOPED
from app.db import db, session
from app.fields.custom.models import CustomField
from app.fields.custom.rules import PREFIX
from app.fields.custom.stored import COLUMN, expression, is_extensible
from app.host.context import context
from app.types import Entity, Kind

#: How many of the newest records say how much an index would help.
SAMPLE = 10_000


@dataclass(frozen=True, slots=True)
class Usefulness:
    """What the newest records hold of a field: how many were looked at, have a value, and have different ones."""

    looked_at: int
    filled: int
    different: int

    @property
    def share(self) -> float:
        """Which part of the records a filter by one value keeps, on average: the smaller, the more an index helps.

        >>> Usefulness(10_000, 8_000, 4).share
        0.2
        """
        return self.filled / max(self.different, 1) / max(self.looked_at, 1)


def usefulness(entity: Entity, row: CustomField) -> Usefulness:
    """What the newest `SAMPLE` records hold of the field, in one statement."""
    model: Any = entity.model
    value = expression(getattr(model, COLUMN), row.key, Kind.TEXT)
    newest = select(value.label("value")).order_by(model.id.desc()).limit(SAMPLE).subquery()
    counted = select(func.count(), func.count(newest.c.value), func.count(newest.c.value.distinct()))
    looked_at, filled, different = session.execute(
        counted.select_from(newest).execution_options(**{UNSCOPED: True})
    ).one()
    return Usefulness(looked_at, filled, different)


def index_name(table: str, key: str) -> str:
    """The name of the index of a field."""
    return f"ix_{table}_{key}"


def unique_name(table: str, key: str) -> str:
    """The name of the index that lets no two records have the same value of a field."""
    return f"ux_{table}_{key}"


def keep_indexes() -> dict[str, int]:
    """Build the indexes that are asked for and missing, drop those nobody asks for; how many of each."""
    wanted = list(_wanted())
    session.rollback()  # an open snapshot of ours would keep a concurrent build waiting for ever
    built = dropped = blocked = 0
    with _apart() as connection:
        present = dict(_present(connection))
        concurrently = "CONCURRENTLY " if connection.dialect.name == "postgresql" else ""
        kept = {name for name, serves in present.items() if serves}
        for name in present.keys() - kept:
            connection.exec_driver_sql(f'DROP INDEX {concurrently}IF EXISTS "{name}"')
            dropped += 1
        serving: set[str] = set()
        for one in wanted:
            for name in one.names:
                if name not in kept and not _build(connection, one, name, concurrently):
                    blocked += 1
                    continue
                built += name not in kept
                serving.add(name)
                break
        for name in kept - serving:
            connection.exec_driver_sql(f'DROP INDEX {concurrently}IF EXISTS "{name}"')
            dropped += 1
    done = {"built": built, "dropped": dropped}
    return {**done, "blocked": blocked} if blocked else done


@dataclass(frozen=True, slots=True)
class _Wish:
    """An index a field asks for: its names, the best first, and what is indexed."""

    table: str
    names: tuple[str, ...]
    words: str


def _build(connection: Connection, wish: _Wish, name: str, concurrently: str) -> bool:
    """Build an index; False where records share a value that must be unique."""
    is_unique = name.startswith("ux_")
    kind, words = ("UNIQUE INDEX", wish.words) if is_unique else ("INDEX", f"{wish.words}, id")
    made = f'CREATE {kind} {concurrently}IF NOT EXISTS "{name}" ON "{wish.table}" ({words})'
    try:
        connection.exec_driver_sql(made.replace("%", "%%"))
    except IntegrityError:
        connection.exec_driver_sql(f'DROP INDEX {concurrently}IF EXISTS "{name}"')
        return False
    connection.exec_driver_sql(f'ANALYZE "{wish.table}"')  # the planner knows nothing of expressions before
    return True


@contextmanager
def _apart() -> Iterator[Connection]:
    """A connection for DDL: PostgreSQL builds nothing concurrently within a transaction."""
    if db.engine.dialect.name == "postgresql":
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            yield connection
    else:
        with db.engine.begin() as connection:
            yield connection


def is_built(table: str, key: str) -> bool:
    """Whether the index of a field serves now."""
    present = dict(_present(session.connection()))
    return any(present.get(name, False) for name in (index_name(table, key), unique_name(table, key)))


def is_held(table: str, key: str) -> bool:
    """Whether the database itself keeps the values of a field unique now."""
    return dict(_present(session.connection())).get(unique_name(table, key), False)


def is_shared(entity: Entity, row: CustomField) -> bool:
    """Whether records share a value of the field, so that no unique index can be built."""
    model: Any = entity.model
    value = expression(getattr(model, COLUMN), row.key, Kind.TEXT)
    twice = select(value).where(value.is_not(None)).group_by(value).having(func.count() > 1).limit(1)
    return session.scalar(twice.execution_options(**{UNSCOPED: True})) is not None


def _wanted() -> Iterator[_Wish]:
    """The index of every field in use that asks for one or must be unique.

    A unique one that records stand against is replaced by a plain one until they are mended: it is looked up.
    """
    asked = select(CustomField).where(CustomField.active, or_(CustomField.indexed, CustomField.sole))
    for row in session.scalars(asked.execution_options(**{UNSCOPED: True})):
        entity = context().entities.get(row.entity)
        if entity is None or not is_extensible(entity):
            continue
        table = str(entity.model.__table__.name)
        names = (unique_name(table, row.key),) if row.sole else ()
        yield _Wish(table, (*names, index_name(table, row.key)), _words(row))


def _words(row: CustomField) -> str:
    """The expression, in the order lists have: empty values are the smallest."""
    dialect = db.engine.dialect
    made = expression(literal_column(COLUMN), row.key, Kind(row.kind)).compile(
        dialect=dialect, compile_kwargs={"literal_binds": True}
    )
    first = " NULLS FIRST" if dialect.name == "postgresql" else ""
    return f"({made}){first}"


def _present(connection: Connection) -> Iterator[tuple[str, bool]]:
    """(name, whether it serves) of the indexes of custom fields there are."""
    if connection.dialect.name == "postgresql":
        every = (
            "SELECT c.relname, i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
            "WHERE c.relnamespace = current_schema()::regnamespace"
        )
    else:
        every = "SELECT name, 1 FROM sqlite_master WHERE type = 'index'"
    tables = [str(one.model.__table__.name) for one in context().entities.values() if is_extensible(one)]
    ours = tuple(f"{kind}_{table}_{PREFIX}" for table in tables for kind in ("ix", "ux"))
    for name, serves in connection.exec_driver_sql(every):
        if name.startswith(ours):
            yield name, bool(serves)


__all__ = ["Usefulness", "index_name", "is_built", "is_held", "is_shared", "keep_indexes", "unique_name", "usefulness"]
