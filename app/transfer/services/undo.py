"""Undoing an import as a whole: what it created goes if untouched since, what it changed is changed back."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Table, delete, or_, select
from sqlalchemy.orm import Session

from app.access.actors import require_actor
from app.access.audit import Act, plain, record_acts
from app.access.models import AuditEntry
from app.access.scope import UNSCOPED, scope_condition
from app.db import metadatas, now, reading, session, transaction
from app.fields.bulk import among
from app.fields.custom.linked import removing
from app.fields.gate import ask, ask_one, locks_of
from app.fields.values import read_value
from app.host.context import context
from app.jobs.models import Job
from app.jobs.rules import OPEN
from app.jobs.services import enqueue
from app.transfer.models import Attachment, Import, ImportChunk, ImportRow
from app.transfer.services.columns import Row, problem
from app.transfer.services.imports import Progress, find_import, importable_entity
from app.transfer.services.writing import attempt
from app.types import Entity, Held, Refused, Undoing, Write

#: Updated records changed back per transaction.
BATCH = 500
#: Records left as they are, kept by name for the person.
_MOST_LISTED = 1000
_UNDOABLE = ("done", "review", "running", "cancelled", "failed")


def may_undo(made: Import) -> bool:
    """Whether the import has done something that is over and not undone."""
    if made.status not in _UNDOABLE or not (made.created_count or made.updated_count):
        return False
    job = session.get(Job, made.job_id, execution_options={UNSCOPED: True}) if made.job_id else None
    return job is None or job.status not in OPEN


def start_undo(import_id: int) -> int:
    """Ask for the undo as a background job; the job's id. Raises `Refused`."""
    with transaction() as current:
        made = find_import(import_id)
        importable_entity(made.entity)
        if not may_undo(made):
            raise Refused(_("This import cannot be undone now"))
        made.status = "undoing"
        made.undone = {"deleted": 0, "restored": 0, "kept": 0, "list": []}
        record_acts(current, [Act("undo_import", made.entity, "", made.file_name)])
        made.job_id = enqueue(
            "transfer.undo",
            {"import_id": import_id},
            unique_key=f"undo-{import_id}",
            title=_("Undo of the import of %(file)s", file=made.file_name),
        )
        return made.job_id


def run_undo(run: Progress, import_id: int) -> dict[str, int]:
    """Undo chunk by chunk, the last one first; killed, it goes on where it stopped."""
    with reading():
        made = find_import(import_id)
        entity, total = importable_entity(made.entity), made.created_count + made.updated_count
        session.rollback()
    number = 0
    while True:
        number += 1
        with reading():
            step = _next_step(import_id)
            session.rollback()
        with run.chunk(f"undo-{import_id}-{step}"):
            current = session()
            kept = current.get_one(Import, import_id, with_for_update=True, populate_existing=True)
            if step.startswith("chunk"):
                _undo_chunk(current, entity, kept, int(step.removeprefix("chunk-")))
            elif step.startswith("row"):
                _restore(current, entity, kept)
            else:
                kept.status, kept.finished_at = "undone", now()
            answer = dict(kept.undone or {})
            run.progress(sum(answer[key] for key in ("deleted", "restored", "kept")), total)
            current.flush()
            current.expunge_all()
        if step == "end":
            return {key: answer[key] for key in ("deleted", "restored", "kept")}


def _next_step(import_id: int) -> str:
    chunk = session.scalar(
        select(ImportChunk.id)
        .where(ImportChunk.import_id == import_id, ~ImportChunk.undone)
        .order_by(ImportChunk.number.desc())
        .limit(1)
    )
    if chunk is not None:
        return f"chunk-{chunk}"
    row = session.scalar(_changed_rows(import_id).with_only_columns(ImportRow.id).limit(1))
    return "end" if row is None else f"row-{row}"


def _changed_rows(import_id: int) -> Any:
    """Rows that changed a record, the last one first."""
    wanted = select(ImportRow).where(ImportRow.import_id == import_id, ImportRow.outcome == "updated")
    return wanted.order_by(ImportRow.id.desc())


def _undo_chunk(current: Session, entity: Entity, kept: Import, chunk_id: int) -> None:
    chunk = current.get_one(ImportChunk, chunk_id, with_for_update=True, populate_existing=True)
    ids = [number for first, last in chunk.created for number in range(first, last + 1)]
    if entity.verbs.undo is not None:
        chunk.undone = True
        return _take_back(current, entity.verbs.undo, kept, ids)
    table = entity.model.__table__
    scope = scope_condition(entity, require_actor(), write=True)
    title = table.c.get(entity.title, table.c.id)
    found = {
        row.id: (str(row.title or ""), bool(row.mine))
        for row in current.execute(
            select(table.c.id, title.label("title"), scope.label("mine"))
            .where(among(current, table.c.id, ids))
            .execution_options(**{UNSCOPED: True})
        )
    }
    reasons: dict[int, str] = {number: "not_yours" for number, (_title, mine) in found.items() if not mine}
    reasons.update(dict.fromkeys(_used(current, entity, found), "in_use"))
    reasons.update(dict.fromkeys(_touched(current, entity, kept, found), "changed"))
    reasons.update(dict.fromkeys(locks_of(entity, list(found)), "under_approval"))
    reasons.update(_kept_back(current, entity, [number for number in found if number not in reasons]))
    rows = [_row(number) for number in reversed(ids) if number in found and number not in reasons]
    done = attempt(current, rows, lambda batch: _delete(current, entity, [row.number for row in batch], found))
    reasons.update({row.number: "in_use" for row in rows if row.problems})
    chunk.undone = True
    _note(kept, "deleted", len(done), [(n, found[n][0], problem(code)) for n, code in reasons.items()])


def _take_back(current: Session, undo: Undoing, kept: Import, marks: Sequence[int]) -> None:
    """What the entity itself takes back; each of those that stay is listed with its name and the entity's reason."""

    def act(batch: Sequence[Row]) -> list[tuple[str, str]]:
        stays = undo.take_back([row.number for row in batch])
        return [stays.get(row.number, ("", "")) for row in batch]

    rows = [_row(mark) for mark in reversed(marks)]
    done = attempt(current, rows, act)
    left = [(row.number, name, problem("refused", reason=why)) for row, (name, why) in done if why]
    left += [(row.number, "", row.problems[0]) for row in rows if row.problems]
    _note(kept, "deleted", len(rows) - len(left), left)


def _kept_back(current: Session, entity: Entity, ids: Sequence[int]) -> dict[int, str]:
    """Records somebody has something against deleting: what is under approval stays."""
    model = entity.model
    statement = select(model).where(among(current, model.id, ids)).execution_options(**{UNSCOPED: True})
    records = current.scalars(statement).all()
    answers = ask(entity, "delete", [Write(record) for record in records])
    return {
        records[place].id: "sent" if isinstance(answer, Held) else "under_approval"
        for place, answer in answers.items()
    }


def _row(number: int) -> Row:
    return Row(number, 0, 0)


def _touched(current: Session, entity: Entity, kept: Import, ids: Collection[int]) -> set[int]:
    """Records somebody has changed since: the audit log says so."""
    entry = AuditEntry.__table__.c
    later = entry.id > kept.audit_end if kept.audit_end is not None else entry.user_id.is_distinct_from(kept.created_by)
    others = entry.user_id.is_distinct_from(kept.created_by)
    changed = entry.action.not_in(("create", "create_many"))
    statement = select(entry.record_id).where(
        entry.entity == entity.slug,
        among(current, entry.record_id, [str(number) for number in ids]),
        changed,
        or_(later, others),
    )
    return {int(number) for number in current.scalars(statement)}


def _used(current: Session, entity: Entity, ids: Collection[int]) -> set[int]:
    """Records others refer to. A ledger or index that lives and dies with its record does not count."""
    used: set[int] = set()
    own: Table = entity.model.__table__
    entities = {one.model.__table__.name: one for one in context().entities.values()}
    for table in (table for metadata in metadatas for table in metadata.tables.values()):
        described = entities.get(table.name)
        for key in table.foreign_keys:
            if key.column is not own.c.id:
                continue
            if key.ondelete == "CASCADE" and (described is None or not described.audited):
                continue
            wanted = select(key.parent).where(among(current, key.parent, ids)).distinct()
            if table is own:  # those of the same chunk are deleted together
                wanted = wanted.where(~among(current, own.c.id, ids))
            used.update(current.scalars(wanted.execution_options(**{UNSCOPED: True})))
    attached = select(Attachment.record_id).where(
        Attachment.entity == entity.slug, among(current, Attachment.record_id, ids)
    )
    return used | set(current.scalars(attached))


def _delete(current: Session, entity: Entity, ids: Sequence[int], found: dict[int, tuple[str, bool]]) -> list[int]:
    model = entity.model
    if entity.verbs.delete is not None:
        statement = select(model).where(among(current, model.id, ids)).execution_options(**{UNSCOPED: True})
        for record in current.scalars(statement).all():
            entity.verbs.delete(record)
        current.flush()
        return list(ids)
    table = model.__table__
    with removing(current, table, ids):
        current.execute(delete(table).where(among(current, table.c.id, ids)))
    if entity.audited:
        record_acts(current, (Act("delete", entity.slug, str(number), found[number][0][:200]) for number in ids))
    return list(ids)


def _restore(current: Session, entity: Entity, kept: Import) -> None:
    """Change a batch of updated records back, where they still are as the import left them."""
    rows = current.scalars(_changed_rows(kept.id).limit(BATCH)).all()
    model = entity.model
    writable = scope_condition(entity, require_actor(), write=True)
    statement = select(model).where(among(current, model.id, [row.record_id or 0 for row in rows]), writable)
    records = {record.id: record for record in current.scalars(statement.execution_options(**{UNSCOPED: True}))}
    left: list[tuple[int, str, dict[str, Any]]] = []
    restored = 0
    for row in rows:
        record = records.get(row.record_id)
        reason = _change_back(current, entity, record, row.changes)
        row.outcome = "kept" if reason else "restored"
        if reason:
            row.problems = [problem(reason)]
            label = str(getattr(record, entity.title, "") or "") if record is not None else f"#{row.record_id}"
            left.append((row.record_id or 0, label, problem(reason)))
        else:
            restored += 1
    _note(kept, "restored", restored, left)


def _change_back(current: Session, entity: Entity, record: Any, changes: dict[str, list[Any]]) -> str:
    """Why it was not changed back, or nothing."""
    if record is None:
        return "gone"
    if any(plain(getattr(record, name)) != after for name, (_before, after) in changes.items()):
        return "changed"
    values: dict[str, Any] = {}
    for name, (before, _after) in changes.items():
        field = entity.field(name)
        values[name] = None if before is None or field is None else read_value(field, before, strictly=False)

    try:
        if isinstance(ask_one(entity, "update", record, values), Held):
            return "sent"
    except Refused:
        return "under_approval"

    def act(_rows: Sequence[Row]) -> list[None]:
        if entity.verbs.update is not None:
            entity.verbs.update(record, values)
        else:
            for name, value in values.items():
                setattr(record, name, value)
        current.flush()
        return [None]

    return "" if attempt(current, [_row(0)], act) else "in_use"


def _note(kept: Import, what: str, count: int, left: list[tuple[int, str, dict[str, Any]]]) -> None:
    answer = dict(kept.undone or {"deleted": 0, "restored": 0, "kept": 0, "list": []})
    answer[what] += count
    answer["kept"] += len(left)
    listed = [{"record_id": number, "label": label[:200], **why} for number, label, why in left]
    answer["list"] = [*answer["list"], *listed][:_MOST_LISTED]
    kept.undone = answer
