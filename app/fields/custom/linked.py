"""Noticing writes of records that others roll up: the ORM's at its flush, set-based ones where they are made."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from flask import has_app_context
from sqlalchemy import Table, event, inspect, select
from sqlalchemy.orm import Session

from app.fields.custom.derived import rolled_into
from app.fields.custom.keeping import roll_up
from app.host.context import context
from app.types import Entity

_DUE = "roll_ups_due"


@event.listens_for(Session, "after_flush")
def _note(session: Session, _context: Any) -> None:
    if not has_app_context():
        return
    due: dict[str, set[int]] = session.info.setdefault(_DUE, defaultdict(set))
    for record in (*session.new, *session.dirty, *session.deleted):
        entity = context().by_model.get(type(record))
        for parent, link in rolled_into(entity.slug) if entity is not None else ():
            history = inspect(record).attrs[link].history
            numbers = (*history.added, *history.unchanged, *history.deleted)
            numbers = numbers or (getattr(record, link, None),)  # not loaded
            due[parent.slug].update(number for number in numbers if number is not None)


@event.listens_for(Session, "after_flush_postexec")
def _roll_up(session: Session, _context: Any) -> None:
    due: dict[str, set[int]] = session.info.pop(_DUE, {})
    for slug, ids in due.items():
        if ids:
            roll_up(session, context().entities[slug], ids)


def _parents(table: Table) -> tuple[tuple[Entity, str], ...]:
    entity = context().by_table.get(table) if has_app_context() else None
    return rolled_into(entity.slug) if entity is not None else ()


@contextmanager
def inserting(
    current: Session, table: Table, rows: Iterable[Mapping[str, Any]]
) -> Iterator[Iterable[Mapping[str, Any]]]:
    """Around a set-based insert: the rows to insert; afterwards what they link to is added up."""
    parents = _parents(table)
    if not parents:
        yield rows
        return
    touched: dict[str, set[int]] = defaultdict(set)

    def watched() -> Iterator[Mapping[str, Any]]:
        for row in rows:
            for _parent, link in parents:
                if row.get(link) is not None:
                    touched[link].add(row[link])
            yield row

    yield watched()
    for parent, link in parents:
        roll_up(current, parent, touched[link])


@contextmanager
def removing(current: Session, table: Table, ids: Sequence[int]) -> Iterator[None]:
    """Around a set-based delete: afterwards what the rows linked to is added up."""
    parents = _parents(table)
    touched = [
        (parent, set(current.connection().execute(select(table.c[link]).where(table.c.id.in_(ids))).scalars()))
        for parent, link in parents
    ]
    yield
    for parent, numbers in touched:
        roll_up(current, parent, numbers - {None})


__all__ = ["inserting", "removing"]
