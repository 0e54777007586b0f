"""What is written down: changes of audited records as the session flushes them, and acts verbs name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from flask import g, has_app_context, has_request_context
from sqlalchemy import event, inspect, select
from sqlalchemy.orm import Session, SessionTransaction
from sqlalchemy.orm.base import PassiveFlag

from app.host.context import context
from app.types import Entity

PENDING = "audit_pending"
_MARKS = "audit_marks"
_NEW = "audit_new"
#: Never written into the log, whatever the entity says.
SECRET_FIELDS = frozenset({"password", "secret", "key_hash", "token"})
#: What writes set by themselves and no reader of a history wants.
QUIET_FIELDS = frozenset(
    {"id", "created_at", "updated_at", "created_by", "updated_by", "search_tokens", "version"}
)
#: The column that keeps the values of custom fields: its history is that of the fields.
DOCUMENT = "custom"
_LEFT_OUT = SECRET_FIELDS | QUIET_FIELDS


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


def trace_id() -> str:
    """The request's trace id, shown with errors and kept in the log; empty outside a request."""
    return str(getattr(g, "trace_id", "")) if has_request_context() else ""


def plain(value: Any) -> Any:
    """A field's value as JSON can hold it: amounts and times as text, exactly."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, Decimal | float):
        return str(value)
    return str(value)


@event.listens_for(Session, "before_flush")
def _note_changes(session: Session, _context: Any, _instances: Any) -> None:
    for record in session.dirty:
        if (entity := _entity(record)) and (changes := _changes(session, record)):
            _note(session, "update", entity, record, changes)
    for record in session.deleted:
        if entity := _entity(record):
            _note(session, "delete", entity, record, {k: [plain(v), None] for k, v in _values(record)})
    session.info[_NEW] = [(record, entity) for record in session.new if (entity := _entity(record))]


@event.listens_for(Session, "after_flush")
def _note_new(session: Session, _context: Any) -> None:
    for record, entity in session.info.pop(_NEW, []):
        _note(session, "create", entity, record, {k: [None, plain(v)] for k, v in _values(record)})


def _note(session: Session, action: str, entity: Entity, record: Any, changes: dict[str, list[Any]]) -> None:
    label = str(getattr(record, entity.title, "") or "")
    record_acts(session, [Act(action, entity.slug, str(record.id), label, changes)])


def _entity(record: Any) -> Entity | None:
    if not has_app_context():
        return None
    entity = context().by_model.get(type(record))
    return entity if entity is not None and entity.audited else None


def _values(record: Any) -> Iterator[tuple[str, Any]]:
    """The record's values worth writing down."""
    for attribute in inspect(type(record)).column_attrs:
        if attribute.key in _LEFT_OUT or (value := getattr(record, attribute.key)) in (None, ""):
            continue
        if attribute.key == DOCUMENT:
            yield from value.items()
        else:
            yield attribute.key, value


def _changes(session: Session, record: Any) -> dict[str, list[Any]]:
    """{field: [from, to]} of what the flush will write."""
    state = inspect(record)
    found: dict[str, list[Any]] = {}
    unknown: dict[str, Any] = {}
    for attribute in state.mapper.column_attrs:
        if attribute.key in _LEFT_OUT or attribute.key not in state.committed_state:
            continue
        history = state.get_history(attribute.key, PassiveFlag.PASSIVE_NO_INITIALIZE)
        if not history.has_changes():
            continue
        if not history.deleted:  # set without having been loaded
            unknown[attribute.key] = attribute.columns[0]
        before = history.deleted[0] if history.deleted else None
        found[attribute.key] = [plain(before), plain(history.added[0] if history.added else None)]
    if unknown:
        table = state.mapper.local_table
        statement = select(*unknown.values()).where(table.c.id == record.id)
        with session.no_autoflush:
            row = session.connection().execute(statement).one_or_none()
        for key, value in zip(unknown, row or (), strict=False):
            found[key][0] = plain(value)
    if DOCUMENT in found:
        before, after = (each or {} for each in found.pop(DOCUMENT))
        found.update({key: [before.get(key), after.get(key)] for key in {**before, **after}})
    return {key: change for key, change in found.items() if change[0] != change[1]}


@event.listens_for(Session, "after_transaction_create")
def _mark(session: Session, transaction: SessionTransaction) -> None:
    """A savepoint that is rolled back takes along only what was noted within it."""
    if transaction.nested:
        session.info.setdefault(_MARKS, {})[transaction] = len(session.info.get(PENDING, ()))


@event.listens_for(Session, "after_soft_rollback")
def _forget(session: Session, previous: SessionTransaction) -> None:
    session.info.pop(_NEW, None)
    if not previous.nested:
        session.info.pop(PENDING, None)
    elif previous in session.info.get(_MARKS, {}):
        del session.info.get(PENDING, [])[session.info[_MARKS][previous] :]


@event.listens_for(Session, "after_transaction_end")
def _unmark(session: Session, transaction: SessionTransaction) -> None:
    if transaction.parent is None:
        session.info.pop(_MARKS, None)
