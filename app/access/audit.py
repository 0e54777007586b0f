"""The audit log (SEC-5): every change of an audited record, chained by hash, written in its own transaction.

ORM changes are noticed by themselves; set-based verbs call `record_acts`. Entries are gathered while the
transaction runs and appended just before it commits, so the chain's head is locked for a moment only.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from flask import g, has_app_context, has_request_context
from sqlalchemy import event, insert, inspect, select, update
from sqlalchemy.orm import Session

from app.access.actors import current_actor
from app.access.models import AuditEntry, AuditHead
from app.db import now
from app.host.context import context
from app.types import Entity

PENDING = "audit_pending"
#: Never written into the log, whatever the entity says.
SECRET_FIELDS = frozenset({"password", "secret", "key_hash", "token"})
#: What writes set by themselves and no reader of a history wants.
QUIET_FIELDS = frozenset({"id", "created_at", "updated_at", "created_by", "updated_by", "search_tokens"})


@dataclass(frozen=True, slots=True)
class Act:
    """One entry before it is chained; `changes` maps a field to [from, to]."""

    action: str
    entity: str
    record_id: str
    label: str = ""
    changes: Mapping[str, list[Any]] | None = None


def record_acts(session: Session, acts: Iterable[Act]) -> None:
    """Append entries to the log with the running transaction (set-based verbs, logins, exports)."""
    session.info.setdefault(PENDING, []).extend(acts)


def entry_hash(previous: str, values: Mapping[str, Any]) -> str:
    """SHA-256 over the hash before and the entry's content in canonical JSON (keys sorted, UTC ISO times)."""
    content = json.dumps(
        [
            previous, values["id"], values["at"].isoformat(timespec="microseconds"), values["user_id"],
            values["user_name"], values["action"], values["entity"], values["record_id"], values["label"],
            values["changes"], values["trace_id"],
        ],
        ensure_ascii=False, sort_keys=True, separators=(",", ":"),
    )
    return hashlib.sha256(content.encode()).hexdigest()


def plain(value: Any) -> Any:
    """A field's value as JSON can hold it: amounts and times as text, exactly."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return str(value)


@event.listens_for(Session, "before_flush")
def _note_changes(session: Session, _context: Any, _instances: Any) -> None:
    for record in session.dirty:
        if (entity := _entity(record)) and (changes := dict(_changes(record))):
            _note(session, "update", entity, record, changes)
    for record in session.deleted:
        if entity := _entity(record):
            _note(session, "delete", entity, record, {})
    session.info["audit_new"] = [record for record in session.new if _entity(record)]


@event.listens_for(Session, "after_flush")
def _note_new(session: Session, _context: Any) -> None:
    for record in session.info.pop("audit_new", []):
        entity = _entity(record)
        assert entity is not None
        values = {
            key: [None, plain(value)]
            for key, value in _columns(record)
            if value is not None and key not in QUIET_FIELDS | SECRET_FIELDS
        }
        _note(session, "create", entity, record, values)


def _note(session: Session, action: str, entity: Entity, record: Any, changes: dict[str, list[Any]]) -> None:
    label = str(getattr(record, entity.title, "") or "")[:200]
    record_acts(session, [Act(action, entity.slug, str(record.id), label, changes)])


def _entity(record: Any) -> Entity | None:
    if not has_app_context():
        return None
    entity = context().by_model.get(type(record))
    return entity if entity is not None and entity.audited else None


def _columns(record: Any) -> Iterator[tuple[str, Any]]:
    for attribute in inspect(type(record)).column_attrs:
        yield attribute.key, getattr(record, attribute.key)


def _changes(record: Any) -> Iterator[tuple[str, list[Any]]]:
    state = inspect(record)
    for attribute in state.mapper.column_attrs:
        if attribute.key in QUIET_FIELDS | SECRET_FIELDS:
            continue
        history = state.attrs[attribute.key].history
        if history.has_changes():
            before = plain(history.deleted[0]) if history.deleted else None
            after = plain(history.added[0]) if history.added else None
            if before != after:
                yield attribute.key, [before, after]


@event.listens_for(Session, "before_commit")
def _append(session: Session) -> None:
    """Chain what was gathered onto the log; the head's row lock orders concurrent writers."""
    if session.new or session.dirty or session.deleted:
        session.flush()
    acts: list[Act] = session.info.pop(PENDING, [])
    if not acts:
        return
    connection = session.connection()
    head = connection.execute(
        select(AuditHead.last_id, AuditHead.hash).where(AuditHead.id == 1).with_for_update()
    ).one_or_none()
    if head is None:
        connection.execute(insert(AuditHead).values(id=1, last_id=0, hash=""))
    last_id, link = (head.last_id, head.hash) if head else (0, "")
    actor = current_actor()
    shared = {
        "at": now(),
        "user_id": actor.user_id if actor else None,
        "user_name": actor.name if actor else "",
        "trace_id": trace_id(),
    }
    rows = []
    for number, act in enumerate(acts, last_id + 1):
        row = {
            **shared, "id": number, "action": act.action, "entity": act.entity, "record_id": act.record_id,
            "label": act.label, "changes": dict(act.changes or {}), "previous": link,
        }
        link = row["hash"] = entry_hash(link, row)
        rows.append(row)
    connection.execute(insert(AuditEntry), rows)
    connection.execute(update(AuditHead).where(AuditHead.id == 1).values(last_id=rows[-1]["id"], hash=link))


@event.listens_for(Session, "after_soft_rollback")
def _forget(session: Session, _previous: Any) -> None:
    session.info.pop(PENDING, None)
    session.info.pop("audit_new", None)


def trace_id() -> str:
    """The request's trace id, shown with errors and kept in the log; empty outside a request."""
    return str(getattr(g, "trace_id", "")) if has_request_context() else ""


def verify(session: Session, batch: int = 5000) -> tuple[int, str]:
    """(number of entries, what is wrong or ''): walks the chain in order and compares it with the head.

    Finds an edited, deleted, inserted, reordered entry and a log cut at its end.
    """
    link, number = "", 0
    while True:
        rows = session.execute(
            select(AuditEntry.__table__).where(AuditEntry.id > number).order_by(AuditEntry.id).limit(batch)
        ).mappings().all()
        for row in rows:
            if row["id"] != number + 1:
                return number, f"entry {number + 1} is missing"
            if row["previous"] != link or row["hash"] != entry_hash(link, row):
                return number, f"entry {row['id']} does not fit the chain"
            link, number = row["hash"], row["id"]
        if len(rows) < batch:
            break
    head = session.execute(select(AuditHead.last_id, AuditHead.hash)).one_or_none()
    if head is not None and (head.last_id, head.hash) != (number, link):
        return number, f"the log ends at entry {number}, its head says {head.last_id}"
    if head is None and number:
        return number, "the head of the log is missing"
    return number, ""


__all__ = ["Act", "entry_hash", "plain", "record_acts", "trace_id", "verify"]
