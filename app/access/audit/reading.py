"""What the audit administrator asks of the log: entries by time, person, record, act, field, text; newest first."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, String, and_, cast, func, not_, or_, select, text
from sqlalchemy.orm import aliased

from app.access.models import FREQUENT_ACTS, RARE_ACTS, AuditEntry
from app.db import session

PAGE_SIZE = 50
#: Fields and texts are looked for in so many entries at a time: no index has them, the log would grow by half.
WINDOW = 50_000
#: The most entries one export may hold.
MAX_EXPORTED = 50_000
_CHUNK = 1_000
#: The clocks of several machines differ by less.
SKEW = timedelta(hours=1)
BEYOND = 2**62
_other = AuditEntry.__table__.alias()


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """One question to the log; what is None or empty is not asked.

    `users` are login ids (none of them: nobody matches); `name` a person's name as written down. `fields` are names of
    which one must have changed; `text` is part of a label, of a name or value that changed. Neither is looked for in
    what `untold` names: {entity: fields} the asking person does not read. `before` goes on with older entries.
    """

    start: datetime | None = None
    end: datetime | None = None
    users: tuple[int, ...] | None = None
    name: str = ""
    entity: str = ""
    record_id: str = ""
    action: str = ""
    fields: tuple[str, ...] | None = None
    text: str = ""
    untold: Mapping[str, frozenset[str]] = field(default_factory=dict)
    before: int | None = None


def _indexed(query: AuditQuery) -> list[ColumnElement[bool]]:
    """The conditions an index answers."""
    parts: list[ColumnElement[bool]] = []
    parts += _days(query)
    if query.users is not None:
        known = AuditEntry.user_id.in_(query.users)
        nameless = and_(AuditEntry.user_id.is_(None), AuditEntry.user_name == query.name)
        parts.append(or_(known, nameless) if query.name else known)
    if query.entity:
        parts.append(AuditEntry.entity == query.entity)
    if query.record_id:
        parts.append(AuditEntry.record_id == query.record_id)
    if query.action:
        parts.append(AuditEntry.action == query.action)
        if query.action not in FREQUENT_ACTS:
            parts.append(text(RARE_ACTS))  # type: ignore[arg-type]  # the index's own condition, word for word
    if query.before is not None:
        parts.append(AuditEntry.id < query.before)
    return parts


def _days(query: AuditQuery) -> list[ColumnElement[bool]]:
    """The range of time, and that of numbers it lies in: numbers grow with time, and every index ends with them."""
    parts: list[ColumnElement[bool]] = []
    if query.start is not None:
        first = select(_other.c.id).where(_other.c.at >= query.start - SKEW).order_by(_other.c.at).limit(1)
        parts += [AuditEntry.at >= query.start, AuditEntry.id >= func.coalesce(first.scalar_subquery(), BEYOND)]
    if query.end is not None:
        last = select(_other.c.id).where(_other.c.at < query.end + SKEW).order_by(_other.c.at.desc()).limit(1)
        parts += [AuditEntry.at < query.end, AuditEntry.id <= func.coalesce(last.scalar_subquery(), 0)]
    return parts


def _searched(query: AuditQuery, of: Any = AuditEntry) -> list[ColumnElement[bool]]:
    """The conditions that look into each entry."""
    parts: list[ColumnElement[bool]] = []
    changes = cast(of.changes, String)
    if query.fields is not None:
        parts.append(or_(*(changes.contains(f'"{_as_json(name)}":', autoescape=True) for name in query.fields)))
        hidden = [slug for slug, names in query.untold.items() if names & set(query.fields)]
        parts.append(of.entity.not_in(hidden))
    if query.text:
        said = changes.icontains(_as_json(query.text), autoescape=True)
        found = or_(
            of.label.icontains(query.text, autoescape=True), of.user_name.icontains(query.text, autoescape=True)
        )
        parts.append(and_(or_(found, said), not_(of.entity.in_(list(query.untold)))))
    return parts


def _as_json(words: str) -> str:
    """How the words stand inside a JSON text."""
    return json.dumps(words, ensure_ascii=False)[1:-1]


def read_entries(query: AuditQuery) -> tuple[Sequence[AuditEntry], int | None]:
    """(one page of entries, newest first, the number before which to go on; None at the end), in two statements.

    A question about fields or texts may find less than a page, or nothing, in its window and still go on.
    """
    newest = select(AuditEntry).where(*_indexed(query)).order_by(AuditEntry.id.desc())
    if query.fields is None and not query.text:
        found = session.scalars(newest.limit(PAGE_SIZE + 1)).all()
        return _page(found)
    window = newest.limit(WINDOW).subquery()
    of = aliased(AuditEntry, window)
    found = session.scalars(select(of).where(*_searched(query, of)).order_by(of.id.desc()).limit(PAGE_SIZE + 1)).all()
    if len(found) > PAGE_SIZE:
        return _page(found)
    edge = select(AuditEntry.id).where(*_indexed(query)).order_by(AuditEntry.id.desc()).limit(WINDOW).subquery()
    count, lowest = session.execute(select(func.count(), func.min(edge.c.id)).select_from(edge)).one()
    return found, lowest if count == WINDOW else None


def _page(found: Sequence[AuditEntry]) -> tuple[Sequence[AuditEntry], int | None]:
    return found[:PAGE_SIZE], found[PAGE_SIZE - 1].id if len(found) > PAGE_SIZE else None


def every_entry(query: AuditQuery) -> Iterator[Sequence[AuditEntry]]:
    """All entries that match, newest first, in chunks read by key: none is held longer than its chunk."""
    while True:
        statement = select(AuditEntry).where(*_indexed(query), *_searched(query)).order_by(AuditEntry.id.desc())
        chunk = session.scalars(statement.limit(_CHUNK)).all()
        if chunk:
            yield chunk
        if len(chunk) < _CHUNK:
            return
        query = replace(query, before=chunk[-1].id)
        session.expunge_all()
