"""Keeping the index of texts in step with the records, in the transaction that writes them.

What an entity names in `search_fields` is kept by itself when its records go through the session. Rows written past
it (COPY, bulk inserts) are brought in with `index_rows`, text that is no column of the record with `index_terms`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from flask import has_app_context
from sqlalchemy import String, bindparam, delete, event, insert, inspect, select, update
from sqlalchemy.orm import Session

from app.db import insert_rows, transaction
from app.host.context import context, entity
from app.search.ddl import COLUMN, FIELD_MARK, indexed_at_once
from app.search.models import SearchMark, SearchTerm
from app.search.rules import number_token
from app.search.tokens import tokens
from app.types import Entity, Kind

#: Changes with the way texts are cut: `bring_in_step` then cuts all of them again.
VERSION = "1"
#: Fields of these kinds are found by their end, not by what they contain.
NUMBERS = frozenset({Kind.PHONE, Kind.ID_NUMBER, Kind.BANK_CARD})
CHUNK = 10_000

_TERM: Any = SearchTerm.__table__
_COLUMNS = ("entity", "record_id", "field", COLUMN)
_TOUCHED = "search_touched"

Texts = Mapping[str, str | None]


def index_terms(slug: str, record_id: int, texts: Texts) -> None:
    """Make a record found by these texts, by name of the field each is of; an empty one is found no more.

    In the running transaction: who rolls back has not indexed. The fields need be no columns (values of custom
    fields); who may not read a field does not find by it. Fields not named stay as they are.
    """
    with transaction() as current:
        write_terms(current, [(entity(slug), record_id, texts)])


def forget_terms(slug: str, field: str | None = None, record_id: int | None = None) -> None:
    """Take texts out of the index: of a record, of a field (it is no longer searchable), or of a whole entity."""
    with transaction() as current:
        named = {"entity": slug, "field": field, "record_id": record_id}
        where = [_TERM.c[name] == value for name, value in named.items() if value is not None]
        current.connection().execute(delete(_TERM).where(*where))


def index_rows(slug: str, rows: Iterable[tuple[int, Texts]], *, fresh: bool = False) -> None:
    """The same as `index_terms` for many records, (id, texts) each; `fresh` ones have nothing in the index yet."""
    with transaction() as current:
        _index(current, entity(slug), rows, fresh=fresh)


def index_entity(slug: str) -> None:
    """Cut all records of an entity anew, after rows were written past the session. Reads in keyed chunks."""
    with transaction() as current:
        _index_all(current, entity(slug))


def bring_in_step(current: Session) -> list[str]:
    """Cut the records of every entity whose index is of another version or of other fields; returns their slugs.

    In the running transaction, under the site's lock (`qiao sync`, switching a module on).
    """
    known: dict[str, str] = dict(current.execute(select(SearchMark.entity, SearchMark.version)).all())
    done = []
    for described in context().entities.values():
        fields = kept_fields(described)
        version = " ".join((VERSION, *fields))
        if not fields or known.get(described.slug) == version:
            continue
        _index_all(current, described)
        current.execute(delete(SearchMark).where(SearchMark.entity == described.slug))
        current.execute(insert(SearchMark).values(entity=described.slug, version=version))
        done.append(described.slug)
    return done


def kept_fields(described: Entity) -> tuple[str, ...]:
    """The text columns of an entity the index holds: of those named in `search_fields`."""
    columns = described.model.__table__.c
    return tuple(name for name in described.search_fields if name in columns and isinstance(columns[name].type, String))


def field_token(slug: str, field: str) -> str:
    """The token every text of a field has."""
    return f"{FIELD_MARK}{slug}.{field}"


def _rows_of(described: Entity, record_id: int, texts: Texts) -> Iterator[dict[str, Any]]:
    for name, text in texts.items():
        field = described.field(name)
        found = number_token(text or "") if field is not None and field.kind in NUMBERS else tokens(text)
        if found:
            named = f"{field_token(described.slug, name)} {found}"
            yield {"entity": described.slug, "record_id": record_id, "field": name, COLUMN: named}


def write_terms(current: Session, touched: Sequence[tuple[Entity, int, Texts]]) -> None:
    by_slug: dict[str, list[tuple[int, tuple[str, ...]]]] = {}
    for described, number, texts in touched:
        by_slug.setdefault(described.slug, []).append((number, tuple(texts)))
    for slug, records in by_slug.items():
        _clear(current, slug, records)
    made = [row for described, number, texts in touched for row in _rows_of(described, number, texts)]
    if made:
        current.connection().execute(insert(_TERM), made)


def _index(current: Session, described: Entity, rows: Iterable[tuple[int, Texts]], *, fresh: bool) -> None:
    left = iter(rows)
    while some := list(islice(left, CHUNK)):
        if not fresh:
            _clear(current, described.slug, [(number, tuple(texts)) for number, texts in some])
        made = [row for number, texts in some for row in _rows_of(described, number, texts)]
        if made:
            with indexed_at_once(current.connection(), _TERM.name):
                insert_rows(current, _TERM, made, _COLUMNS)


def _index_all(current: Session, described: Entity) -> None:
    if COLUMN in described.model.__table__.c:
        _refill(current, described)
        return
    fields = kept_fields(described)
    gone = delete(_TERM).where(_TERM.c.entity == described.slug, _TERM.c.field.in_(fields))
    current.connection().execute(gone)
    for rows in _chunks(current, described, fields):
        texts = ((row.id, {name: row[name] for name in fields}) for row in rows)
        _index(current, described, texts, fresh=True)


def _clear(current: Session, slug: str, records: Sequence[tuple[int, tuple[str, ...]]]) -> None:
    """Forget what was kept of these fields of these records."""
    by_fields: dict[tuple[str, ...], list[int]] = {}
    for number, fields in records:
        by_fields.setdefault(fields, []).append(number)
    for fields, numbers in by_fields.items():
        for start in range(0, len(numbers), 500):
            some = _TERM.c.record_id.in_(numbers[start : start + 500])
            where = (_TERM.c.entity == slug, some, _TERM.c.field.in_(fields))
            current.connection().execute(delete(_TERM).where(*where))


def _chunks(current: Session, described: Entity, fields: Sequence[str]) -> Iterator[Sequence[Any]]:
    table, last = described.model.__table__, 0
    columns = [table.c.id, *(table.c[name] for name in fields)]
    while True:
        some = select(*columns).where(table.c.id > last).order_by(table.c.id).limit(CHUNK)
        if not (rows := current.connection().execute(some).mappings().all()):
            return
        last = rows[-1]["id"]
        yield [_Row(row) for row in rows]


class _Row(dict[str, Any]):
    """A row by names, its id at hand."""

    @property
    def id(self) -> int:
        return int(self["id"])


def _refill(current: Session, described: Entity) -> None:
    """The column of tokens of a table that has one."""
    table = described.model.__table__
    change = update(table).where(table.c.id == bindparam("row_id")).values({COLUMN: bindparam("cut")})
    for rows in _chunks(current, described, (described.title,)):
        cut = [{"row_id": row.id, "cut": tokens(row[described.title])} for row in rows]
        current.connection().execute(change, cut)


# --- what goes through the session ----------------------------------------------------------------------------------


@event.listens_for(Session, "before_flush")
def _note_texts(current: Session, _context: Any, _instances: Any) -> None:
    if not has_app_context():
        return
    touched: list[tuple[Entity, Any, tuple[str, ...]]] = []
    for record in (*current.new, *current.dirty):
        if described := _kept(record):
            state, fields = inspect(record), kept_fields(described)
            changed = fields if record in current.new else [n for n in fields if state.attrs[n].history.has_changes()]
            if changed:
                touched.append((described, record, tuple(changed)))
    for record in current.deleted:
        if described := context().by_model.get(type(record)):
            _forget_with(current, described, record.id)
    if touched:
        current.info.setdefault(_TOUCHED, []).extend(touched)


@event.listens_for(Session, "after_flush")
def _write_texts(current: Session, _context: Any) -> None:
    touched = current.info.pop(_TOUCHED, None)
    if touched:
        texts = ((described, record.id, {n: getattr(record, n) for n in names}) for described, record, names in touched)
        write_terms(current, list(texts))


@event.listens_for(Session, "after_soft_rollback")
def _forget_touched(current: Session, _previous: Any) -> None:
    current.info.pop(_TOUCHED, None)


def _kept(record: Any) -> Entity | None:
    described = context().by_model.get(type(record))
    if described is None or not described.search_fields or COLUMN in described.model.__table__.c:
        return None
    return described


def _forget_with(current: Session, described: Entity, record_id: int) -> None:
    """A record goes with everything found of it, and with what the database deletes along with it."""
    connection = current.connection()
    connection.execute(delete(_TERM).where(_TERM.c.entity == described.slug, _TERM.c.record_id == record_id))
    for other in context().entities.values():
        attribute, slug = other.scoped_by.parent or ("", "")
        if slug == described.slug and other.search_fields:
            table = other.model.__table__
            below = select(table.c.id).where(table.c[attribute] == record_id)
            connection.execute(delete(_TERM).where(_TERM.c.entity == other.slug, _TERM.c.record_id.in_(below)))


__all__ = [
    "bring_in_step",
    "field_token",
    "forget_terms",
    "index_entity",
    "index_rows",
    "index_terms",
    "kept_fields",
    "write_terms",
]
