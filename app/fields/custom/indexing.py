"""Indexes of custom fields: built and dropped in the background, so that nobody who saves has to wait (FLD-2).

PostgreSQL builds them concurrently; one left invalid by a broken run is built anew. SQLite's one writer waits.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, literal_column, or_, select

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


def keep_indexes() -> dict[str, int]:
    """Build the indexes that are asked for and missing, drop those nobody asks for; how many of each."""
    wanted = dict(_wanted())
    session.rollback()  # an open snapshot of ours would keep a concurrent build waiting for ever
    built = dropped = 0
    with _apart() as connection:
        present = dict(_present(connection))
        concurrently = "CONCURRENTLY " if connection.dialect.name == "postgresql" else ""
        for name, is_valid in present.items():
            if name not in wanted or not is_valid:
                connection.exec_driver_sql(f'DROP INDEX {concurrently}IF EXISTS "{name}"')
                dropped += 1
        for name, (table, words) in wanted.items():
            if not present.get(name, False):
                made = f'CREATE INDEX {concurrently}IF NOT EXISTS "{name}" ON "{table}" ({words})'
                connection.exec_driver_sql(made.replace("%", "%%"))
                connection.exec_driver_sql(f'ANALYZE "{table}"')  # the planner knows nothing of expressions before
                built += 1
    return {"built": built, "dropped": dropped}


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
    return dict(_present(session.connection())).get(index_name(table, key), False)


def _wanted() -> Iterator[tuple[str, tuple[str, str]]]:
    """(name, (table, what is indexed)) of every field in use that asks for an index or must be unique."""
    asked = select(CustomField).where(CustomField.active, or_(CustomField.indexed, CustomField.sole))
    for row in session.scalars(asked.execution_options(**{UNSCOPED: True})):
        entity = context().entities.get(row.entity)
        if entity is None or not is_extensible(entity):
            continue
        table = str(entity.model.__table__.name)
        yield index_name(table, row.key), (table, _words(row))


def _words(row: CustomField) -> str:
    """The expression and the id, in the order lists have: empty values are the smallest."""
    dialect = db.engine.dialect
    made = expression(literal_column(COLUMN), row.key, Kind(row.kind)).compile(
        dialect=dialect, compile_kwargs={"literal_binds": True}
    )
    first = " NULLS FIRST" if dialect.name == "postgresql" else ""
    return f"({made}){first}, id"


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
    ours = tuple(f"ix_{table}_{PREFIX}" for table in tables)
    for name, serves in connection.exec_driver_sql(every):
        if name.startswith(ours):
            yield name, bool(serves)


__all__ = ["Usefulness", "index_name", "is_built", "keep_indexes", "usefulness"]
