"""Between events and tables: a case is read under its lock, what an act adds is written, nothing else is believed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, cast

from sqlalchemy import Row, Table, bindparam, insert, select, update
from sqlalchemy.orm import Session

from app.approvals.models import Case, CaseEvent, DefinitionVersion, Task, Visit
from app.approvals.rules.document import Deadline, Document
from app.approvals.rules.rows import Rows, rows_of
from app.approvals.rules.state import Event
from app.approvals.rules.writing import read_document
from app.calendar.services import deadline
from app.db import now, reading, session

CASE, EVENT, TASK, VISIT, VERSION = (
    cast(Table, each.__table__) for each in (Case, CaseEvent, Task, Visit, DefinitionVersion)
)
_TASK_NAMES = ("step", "employee_id", "said", "opened_at", "due_at", "decided_at", "decided_by")
_VISIT_NAMES = ("step", "left_at", "minutes", "outcome", "due_at", "remind_at", "expired")
# Made once: an act spends most of its time on making statements.
_READ_CASE = select(CASE).where(CASE.c.id == bindparam("case_id"))
_LOCK_CASE = _READ_CASE.with_for_update()
_READ_EVENTS = select(EVENT).where(EVENT.c.case_id == bindparam("case_id")).order_by(EVENT.c.number)
_READ_DOCUMENT = select(VERSION.c.document).where(
    VERSION.c.definition_id == bindparam("definition"), VERSION.c.number == bindparam("number")
)
_ADD_EVENTS, _ADD_TASKS, _ADD_VISITS = insert(EVENT), insert(TASK), insert(VISIT)
_CHANGE_CASE = update(CASE).where(CASE.c.id == bindparam("at_case"))
_CHANGE_TASKS = (
    update(TASK)
    .where(TASK.c.case_id == bindparam("at_case"), TASK.c.seat == bindparam("at_seat"))
    .values({name: bindparam(f"new_{name}") for name in _TASK_NAMES})
)
_CHANGE_VISITS = (
    update(VISIT)
    .where(
        VISIT.c.case_id == bindparam("at_case"),
        VISIT.c.step == bindparam("at_step"),
        VISIT.c.visit == bindparam("at_visit"),
    )
    .values({name: bindparam(f"new_{name}") for name in _VISIT_NAMES})
)


@dataclass(slots=True)
class Kept:
    """A case as it is kept: its row, the document it runs by, what its history adds up to."""

    case: Row[Any]
    document: Document
    rows: Rows
    history: list[tuple[Event, datetime]]
    #: The rows before the act that is being written.
    before: Rows
    #: When a case is begun by the act: its row says so already.
    begun_at: datetime | None = None


def read_kept(current: Session, case_id: int, *, lock: bool = True) -> Kept | None:
    """A case with its history; `lock`: nobody else acts on it before this transaction ends. None: there is none."""
    connection, which = current.connection(), {"case_id": case_id}
    case = connection.execute(_LOCK_CASE if lock else _READ_CASE, which).one_or_none()
    if case is None:
        return None
    history = [(event_of(row), row.at) for row in connection.execute(_READ_EVENTS, which)]
    rows = rows_of(history)
    return Kept(case, document_of(current, case.definition_id, case.version), rows, history, rows)


def event_of(row: Any) -> Event:
    """The event a row keeps."""
    return Event(row.kind, row.employee_id, row.step, row.seat, row.data, row.comment)


def document_of(current: Session, definition_id: int, number: int) -> Document:
    """A published version as the engine reads it. Raises `sqlalchemy.exc.NoResultFound`."""
    which = {"definition": definition_id, "number": number}
    return document_in(current.connection().execute(_READ_DOCUMENT, which).scalar_one())


@lru_cache(maxsize=256)
def document_in(text: str) -> Document:
    """The document of a published version's text. Raises `BadDocument`, `ValueError`."""
    return read_document(json.loads(text))


def keep(current: Session, kept: Kept, events: Sequence[Event]) -> list[Event]:
    """Write what an act has added and bring the tables to it; returns the events with what was found out for them."""
    at = kept.begun_at or max(now(), kept.rows.moved_at or now())
    kept.before, kept.rows = kept.rows, kept.rows.copy()
    written = [_dated(kept.document, event, at) for event in events]
    lines = []
    for event in written:
        kept.rows.add(event, at)
        kept.history.append((event, at))
        lines.append({
            "case_id": kept.case.id, "number": kept.rows.count, "at": at, "kind": event.kind,
            "employee_id": event.actor, "step": event.step, "seat": event.seat, "data": dict(event.data),
            "comment": event.comment,
        })  # fmt: skip
    if lines:
        current.connection().execute(_ADD_EVENTS, lines)
        _bring(current, kept)
    return written


def _dated(document: Document, event: Event, at: datetime) -> Event:
    """The event with the moments that follow from the calendar as it is now: written down, never worked out again."""
    if event.kind not in ("entered", "expired"):
        return event
    limit = document.step(event.step).deadline
    if limit is None:
        return event
    data = dict(event.data)
    if event.kind == "entered":
        data.update(_first(limit, at))
    elif data["then"] == "remind":
        data["due_at"] = deadline(at, 1, "working_days").isoformat()  # said again each working day
    elif data["then"] == "escalate":
        data["due_at"] = deadline(at, limit.amount, cast(Any, limit.unit)).isoformat()
    return replace(event, data=data)


def _first(limit: Deadline, at: datetime) -> dict[str, str]:
    due = deadline(at, limit.amount, cast(Any, limit.unit))
    remind = due - timedelta(hours=limit.remind_hours)
    found = {"due_at": due.isoformat()}
    if limit.remind_hours and remind > at:
        found["remind_at"] = remind.isoformat()
    return found


def _bring(current: Session, kept: Kept) -> None:
    """Bring the rows to what the history says now: only those that differ."""
    before, after, case_id = kept.before, kept.rows, kept.case.id
    connection = current.connection()
    own = {name: value for name, value in _plain(after.case()).items() if getattr(kept.case, name) != value}
    if own:
        connection.execute(_CHANGE_CASE.values(**own), {"at_case": case_id})
    new = [{"case_id": case_id, **_plain(row)} for number, row in after.tasks.items() if number not in before.tasks]
    if new:
        connection.execute(_ADD_TASKS, new)
    changed = [row for number, row in after.tasks.items() if before.tasks.get(number, row) != row]
    if changed:
        connection.execute(
            _CHANGE_TASKS, [{"at_case": case_id, "at_seat": row.seat, **_new(row, _TASK_NAMES)} for row in changed]
        )
    _bring_visits(current, kept)
    _forget(current, case_id)


def _bring_visits(current: Session, kept: Kept) -> None:
    before, after, case_id = kept.before, kept.rows, kept.case.id
    connection = current.connection()
    # A move gives visits another step: they are found by the place they have in the history.
    names = dict(zip(before.visits, before.visits, strict=True))
    for event, _at in kept.history[before.count :]:
        if event.kind == "moved":
            names = {key: (event.data["steps"].get(to[0], to[0]), to[1]) if _runs(before, key) else to
                     for key, to in names.items()}  # fmt: skip
    was = {to: key for key, to in names.items()}
    new = [{"case_id": case_id, **_plain(row)} for key, row in after.visits.items() if key not in was]
    if new:
        connection.execute(_ADD_VISITS, new)
    changed = [(was[key], row) for key, row in after.visits.items() if key in was and before.visits[was[key]] != row]
    if changed:
        connection.execute(
            _CHANGE_VISITS,
            [
                {"at_case": case_id, "at_step": key[0], "at_visit": key[1], **_new(row, _VISIT_NAMES)}
                for key, row in changed
            ],
        )


def _runs(before: Rows, key: tuple[str, int]) -> bool:
    return before.visits[key].left_at is None


def _new(row: Any, names: Sequence[str]) -> dict[str, Any]:
    return {f"new_{name}": getattr(row, name) for name in names}


def _plain(row: Any) -> dict[str, Any]:
    """A row's values by name: all of them are plain, nothing needs copying."""
    return {each.name: getattr(row, each.name) for each in fields(row)}


def _forget(current: Session, case_id: int) -> None:
    """What the session holds of the case is read anew."""
    for record in list(current.identity_map.values()):
        # What is expired already must not be loaded just to be looked at.
        held = record.__dict__.get("id" if isinstance(record, Case) else "case_id", case_id)
        if isinstance(record, Case | Task | Visit) and held == case_id:
            current.expire(record)


def verify_case(case_id: int) -> list[str]:
    """What the tables say of a case but its history does not; empty when they agree. Raises `LookupError`."""
    with reading():
        kept = read_kept(session(), case_id, lock=False)
        if kept is None:
            raise LookupError(f"there is no case {case_id}")
        connection = session.connection()
        tasks = connection.execute(select(TASK).where(TASK.c.case_id == case_id)).all()
        visits = connection.execute(select(VISIT).where(VISIT.c.case_id == case_id)).all()
    own = {"case": _plain(kept.rows.case())}
    return [
        *_differing("", own, {"case": kept.case}),
        *_differing("task ", {n: _plain(row) for n, row in kept.rows.tasks.items()}, {row.seat: row for row in tasks}),
        *_differing(
            "visit ",
            {f"{step} {n}": _plain(row) for (step, n), row in kept.rows.visits.items()},
            {f"{row.step} {row.visit}": row for row in visits},
        ),
    ]


def _differing(what: str, said: dict[Any, dict[str, Any]], there: dict[Any, Any]) -> list[str]:
    found = [f"{what}{key} is too many" for key in there.keys() - said.keys()]
    for key, values in said.items():
        if key not in there:
            found.append(f"{what}{key} is missing")
            continue
        row = there[key]
        wrong = [name for name, value in values.items() if getattr(row, name) != value]
        found += [f"{what}{key}: {name} is {getattr(row, name)!r}, not {values[name]!r}" for name in wrong]
    return found


__all__ = ["CASE", "EVENT", "TASK", "VERSION", "VISIT", "Kept", "document_in", "event_of", "keep",
           "read_kept", "verify_case"]  # fmt: skip
