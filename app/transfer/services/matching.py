"""Which rows mean a record that exists already: one query per key and chunk."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from app.access.actors import require_actor
from app.access.scope import UNSCOPED, scope_condition
from app.fields.bulk import among
from app.fields.custom.stored import column_of
from app.transfer.rules.mapping import Mapping
from app.transfer.services.columns import Row, problem
from app.types import Entity

#: Names of the fields and their values.
Key = tuple[tuple[str, ...], tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Match:
    """A record that has the same key; whether the actor may see it, and change it."""

    record_id: int
    visible: bool
    writable: bool


class Matcher:
    """Finds the records rows mean, by the entity's match fields the file brings, and by its unique fields."""

    def __init__(self, entity: Entity, mapping: Mapping):
        self.entity = entity
        brought = set(mapping.fields)
        self.unique = tuple((f.name,) for f in entity.fields if f.unique and f.name in brought)
        self.matching = tuple(names for names in entity.match_fields if set(names) <= brought)
        self.keys = tuple(dict.fromkeys((*self.matching, *self.unique)))

    def keys_of(self, row: Row) -> list[Key]:
        """The keys a row has a whole value for, the best first."""
        if row.keys is None:
            row.keys = []
            for names in self.keys:
                if len(names) == 1:
                    values: tuple[Any, ...] = (row.values.get(names[0]),)
                else:
                    values = tuple([row.values.get(name) for name in names])
                if None not in values:
                    row.keys.append((names, values))
        return row.keys

    def find(self, current: Session, rows: Sequence[Row]) -> dict[Key, Match]:
        """Existing records by key. Unique fields are looked up over all records, others within the scope."""
        found: dict[Key, Match] = {}
        table = self.entity.model.__table__
        actor = require_actor()
        reads = scope_condition(self.entity, actor)
        writes = scope_condition(self.entity, actor, write=True)
        asked: dict[tuple[str, ...], list[tuple[Any, ...]]] = {names: [] for names in self.keys}
        for row in rows:
            for names, values in self.keys_of(row):
                asked[names].append(values)
        for names, wanted in asked.items():
            if not wanted:
                continue
            columns = [column_of(self.entity, name) for name in names]
            statement = select(table.c.id, reads.label("reads"), writes.label("writes"), *columns)
            for place, column in enumerate(columns):  # many share a name, few a name and a phone
                statement = statement.where(one_of(current, column, [values[place] for values in wanted]))
            if names not in self.unique:
                statement = statement.where(reads)
            statement = statement.order_by(table.c.id.desc()).execution_options(**{UNSCOPED: True})
            hits = current.execute(statement).all()
            meant = set(wanted) if hits else set()
            for hit in hits:
                values = tuple(hit[3:])
                if values in meant:
                    found[names, values] = Match(hit.id, bool(hit.reads), bool(hit.writes))
        return found

    def match(self, row: Row, known: dict[Key, Match]) -> Match | None:
        """The record a row means, by its best key; a key held by a record out of sight is a problem of the
        row."""
        for names, values in self.keys_of(row):
            hit = known.get((names, values))
            if hit is None:
                continue
            if hit.visible and names in self.matching:
                return hit
            if names in self.unique:
                row.problems.append(problem("duplicate", names[0]))
                return None
        return None

    def clashes(self, row: Row, known: dict[Key, Match], record_id: int | None = None) -> bool:
        """Whether a unique value of the row belongs to a record other than `record_id`; notes the
        problems."""
        before = len(row.problems)
        for names, values in self.keys_of(row):
            hit = known.get((names, values)) if names in self.unique else None
            if hit is not None and hit.record_id != record_id:
                row.problems.append(problem("duplicate", names[0]))
        return len(row.problems) > before


def one_of(current: Session, column: Any, values: Iterable[Any]) -> ColumnElement[bool]:
    """`column` is one of these values of one type."""
    listed = list(values)
    if set(map(type, listed)) in ({str}, {int}):
        return among(current, column, listed)
    return column.in_(listed)
