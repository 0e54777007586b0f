"""Custom fields records are found by: their texts are kept in the index by the transaction that writes them (FLD-3).

Switching it on for a field asks for `keep_terms` in the background; until it is through, older records are not found
by it. Who writes values holds the fields as they are (`guarding`), so nobody writes one past the index.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from flask import has_app_context
from sqlalchemy import delete, event, insert, inspect, select
from sqlalchemy.orm import Session

from app.access.scope import UNSCOPED
from app.db import session, transaction
from app.fields.custom.models import CustomField
from app.fields.custom.rules import PREFIX
from app.fields.custom.stored import COLUMN, Extensible, expression, is_extensible
from app.host.context import context
from app.search.models import SearchMark
from app.search.terms import VERSION, forget_terms, index_rows, write_terms
from app.types import Entity, Kind

#: Kinds whose values people look for: texts by any part, numbers by their end.
SOUGHT = frozenset({
    Kind.TEXT, Kind.LONG_TEXT, Kind.PHONE, Kind.EMAIL, Kind.ID_NUMBER, Kind.USCC, Kind.BANK_CARD,
})  # fmt: skip
CHUNK = 5_000
_TOUCHED = "sought_touched"


def sought(entity: Entity) -> tuple[str, ...]:
    """The custom fields an entity's records are found by."""
    return tuple(name for name in entity.search_fields if name.startswith(PREFIX))


def index_custom(entity: Entity, ids: Sequence[int], rows: Iterable[Mapping[str, Any]]) -> None:
    """Make new records written past the session found by these values, in the running transaction."""
    if names := sought(entity):
        texts = ((number, {n: row.get(n) for n in names if row.get(n)}) for number, row in zip(ids, rows, strict=True))
        index_rows(entity.slug, texts, fresh=True)


def keep_terms(step: Callable[[int], None] = lambda _done: None) -> dict[str, int]:
    """Bring the texts of fields into the index that are to be found, take those of others out; how many of each.

    Works from what the index says of itself: begun again after a kill, a field half done is done anew.
    """
    rows = session.scalars(select(CustomField).execution_options(**{UNSCOPED: True})).all()
    wanted = {f"{row.entity}.{row.key}": row for row in rows if row.active and row.sought}
    ours = select(SearchMark.entity, SearchMark.version).where(SearchMark.entity.contains(f".{PREFIX}"))
    known: dict[str, str] = dict(session.execute(ours).all())
    built = dropped = 0
    for name in known.keys() - wanted.keys():
        slug, _dot, key = name.partition(".")
        with transaction() as current:
            forget_terms(slug, key)
            current.execute(delete(SearchMark).where(SearchMark.entity == name))
        dropped += 1
    for name, row in wanted.items():
        entity = context().entities.get(row.entity)
        version = f"{VERSION} {row.kind}"
        if entity is None or not is_extensible(entity) or known.get(name) == version:
            continue
        _index_field(entity, row, step)
        with transaction() as current:
            current.execute(delete(SearchMark).where(SearchMark.entity == name))
            current.execute(insert(SearchMark).values(entity=name, version=version))
        built += 1
    return {"built": built, "dropped": dropped}


def _index_field(entity: Entity, row: CustomField, step: Callable[[int], None]) -> None:
    table, last, done = entity.model.__table__, 0, 0
    words = expression(table.c[COLUMN], row.key, Kind.TEXT)
    while True:
        with transaction() as current:
            some = select(table.c.id, words.label("text")).where(table.c.id > last, words.is_not(None))
            found = current.connection().execute(some.order_by(table.c.id).limit(CHUNK).with_for_update()).all()
            index_rows(entity.slug, ((one.id, {row.key: one.text}) for one in found))
        if not found:
            return
        last, done = found[-1].id, done + len(found)
        step(done)


@event.listens_for(Session, "before_flush")
def _note(current: Session, _context: Any, _instances: Any) -> None:
    if not has_app_context():
        return
    by_model, touched = context().by_model, []
    for record in (*current.new, *current.dirty):
        if not isinstance(record, Extensible) or (entity := by_model.get(type(record))) is None:
            continue
        if names := sought(entity):
            history = inspect(record).attrs[COLUMN].history
            before = history.deleted[0] if history.deleted else {}
            changed = [n for n in names if (record.custom or {}).get(n) != (before or {}).get(n)]
            if changed and (record in current.new or history.has_changes()):
                touched.append((entity, record, changed))
    if touched:
        current.info.setdefault(_TOUCHED, []).extend(touched)


@event.listens_for(Session, "after_flush")
def _write(current: Session, _context: Any) -> None:
    touched = current.info.pop(_TOUCHED, None)
    if touched:
        texts = ((entity, one.id, {n: one.custom.get(n) for n in names}) for entity, one, names in touched)
        write_terms(current, list(texts))


@event.listens_for(Session, "after_soft_rollback")
def _forget(current: Session, _previous: Any) -> None:
    current.info.pop(_TOUCHED, None)


__all__ = ["SOUGHT", "index_custom", "keep_terms", "sought"]
