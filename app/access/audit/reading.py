"""What the audit administrator asks of the log: entries by time, person, record, act; newest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, and_, or_, select

from app.access.models import AuditEntry
from app.db import session

PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """One question to the log; what is None or empty is not asked.

    `users` are login ids (none of them: nobody matches); `name` a person's name as written down.
    `before` goes on with entries older than that number.
    """

    start: datetime | None = None
    end: datetime | None = None
    users: tuple[int, ...] | None = None
    name: str = ""
    entity: str = ""
    record_id: str = ""
    action: str = ""
    before: int | None = None


def _statement(query: AuditQuery) -> Select[AuditEntry]:
    parts = []
    if query.start is not None:
        parts.append(AuditEntry.at >= query.start)
    if query.end is not None:
        parts.append(AuditEntry.at < query.end)
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
    if query.before is not None:
        parts.append(AuditEntry.id < query.before)
    return select(AuditEntry).where(*parts).order_by(AuditEntry.id.desc())


def read_entries(query: AuditQuery) -> tuple[Sequence[AuditEntry], bool]:
    """(one page of entries, newest first, whether there are older ones that match)."""
    found = session.scalars(_statement(query).limit(PAGE_SIZE + 1)).all()
    return found[:PAGE_SIZE], len(found) > PAGE_SIZE
