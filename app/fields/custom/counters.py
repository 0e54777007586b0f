"""Numbers the product gives by itself: counted per field and series, in the transaction that makes the record.

Whoever takes a number holds its counter until their commit, so no two get the same one, on either database; a record
that is not kept gives its number back, a deleted one does not.
"""

from __future__ import annotations

from collections.abc import Iterable, MutableMapping, Sequence
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from flask import has_app_context
from sqlalchemy import BigInteger, Connection, String, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.db import Model, now
from app.fields.custom.stored import COLUMN, Extensible
from app.fields.numbering import read_pattern
from app.host.context import context
from app.types import Entity, Field, Kind


class Counter(Model):
    """The last number given in one series of a field."""

    __tablename__ = "fields_counter"

    entity: Mapped[str] = mapped_column(String(60), primary_key=True)
    key: Mapped[str] = mapped_column(String(48), primary_key=True)
    series: Mapped[str] = mapped_column(String(80), primary_key=True)
    last: Mapped[int] = mapped_column(BigInteger)


def numbered_fields(entity: Entity | None) -> list[Field]:
    """The fields of an entity whose values the product counts."""
    return [] if entity is None else [field for field in entity.fields if field.kind is Kind.AUTO_NUMBER]


def today() -> date:
    """The day numbers carry: that of the site."""
    return now().astimezone(ZoneInfo(context().site.timezone)).date()


def take_numbers(connection: Connection, entity: Entity, field: Field, day: date, count: int) -> list[str]:
    """The next `count` numbers of a field; others wait for theirs until this transaction has ended."""
    pattern = read_pattern(field.pattern)
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(Counter).values(
        entity=entity.slug, key=field.name, series=pattern.series(day), last=count
    )
    statement = statement.on_conflict_do_update(
        index_elements=["entity", "key", "series"], set_={"last": Counter.last + count}
    )
    last = connection.execute(statement.returning(Counter.last)).scalar_one()
    return [pattern.number(day, each) for each in range(last - count + 1, last + 1)]


def number_rows(current: Session, entity: Entity, rows: Sequence[MutableMapping[str, Any]]) -> bool:
    """Give every row a number in each such field, by name, whatever stood there; whether there are such fields."""
    fields = numbered_fields(entity)
    for field in fields if rows else ():
        numbers = take_numbers(current.connection(), entity, field, today(), len(rows))
        for row, number in zip(rows, numbers, strict=True):
            row[field.name] = number
    return bool(fields)


def number_documents(current: Session, entity: Entity, rows: Iterable[Any]) -> list[dict[str, Any]]:
    """Complete rows for the table, each with its numbers in the document of custom fields; those there are stay."""
    ready = [{**row, COLUMN: {**(row.get(COLUMN) or {})}} for row in rows]
    for field in numbered_fields(entity):
        bare = [row[COLUMN] for row in ready if not row[COLUMN].get(field.name)]
        if bare:
            numbers = take_numbers(current.connection(), entity, field, today(), len(bare))
            for document, number in zip(bare, numbers, strict=True):
                document[field.name] = number
    return ready


@event.listens_for(Extensible, "before_insert", propagate=True)
def _number(_mapper: Any, connection: Connection, record: Extensible) -> None:
    """Number a record that is made as an object, by whatever verb."""
    entity = context().by_model.get(type(record)) if has_app_context() else None
    for field in numbered_fields(entity):
        if entity is not None and not (record.custom or {}).get(field.name):
            number = take_numbers(connection, entity, field, today(), 1)[0]
            record.custom = {**(record.custom or {}), field.name: number}


__all__ = ["Counter", "number_documents", "number_rows", "numbered_fields", "take_numbers", "today"]
