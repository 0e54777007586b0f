"""Running an import: chunk by chunk, each committed with its place in the file, so that it can be killed at
any moment."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.access.models import AuditHead
from app.db import now, reading, session, transaction
from app.fields.bulk import among, insert_rows
from app.transfer.models import Import, ImportChunk, ImportRow
from app.transfer.readers.spool import line_at, read_lines
from app.transfer.services.columns import Row
from app.transfer.services.engine import Engine, Outcome
from app.transfer.services.error_file import make_error_file
from app.transfer.services.held import HELD, held_problem
from app.transfer.services.imports import CHUNK, Progress, engine_for, find_import, spool_path
from app.types import Entity

_ROW_COLUMNS = ("import_id", "number", "offset", "outcome", "record_id", "problems", "changes", "decision")
#: What follows what: the file; rows whose link stood further down, again and again while some find it; those
#: that
#: never did; duplicates a person has decided about.
_PHASES = ("read", "waiting", "lost", "decided", "end")

#: Chunks between two looks for objects that hold each other.
_COLLECTED = 8


@dataclass(frozen=True, slots=True)
class _Place:
    phase: str
    position: int
    chunk: int


def run_import(run: Progress, import_id: int) -> dict[str, int]:
    """Import what is left of a file; returns the counts. Killed, it goes on after the last committed
    chunk."""
    with reading():
        made = find_import(import_id)
        engine, spool, total = engine_for(made), spool_path(made), made.row_count
        place, counts = _place(made), _counts(made)
        session.rollback()
    size = spool.stat().st_size
    with _ahead(engine, spool, size) as typed_from:
        while place.phase != "end":
            fresh = typed_from(place.position) if place.phase == "read" else []
            with run.chunk(f"{import_id}-{place.chunk}"):
                current = session()
                kept = _locked(current, import_id, place)
                rows = fresh if place.phase == "read" else _remembered(current, kept, engine, spool)
                if rows:
                    _keep(current, kept, rows, engine.process(current, rows, last=place.phase == "lost"), engine.entity)
                    kept.position = rows[-1].end if place.phase == "read" else rows[-1].remembered or 0
                kept.chunk += 1
                _advance(current, kept, size)
                run.progress(kept.done_count, total)
                place, counts = _place(kept), _counts(kept)
                current.flush()
                current.expunge_all()
            if not place.chunk % _COLLECTED:
                gc.collect(1)
    finish_files(import_id)
    return counts


@contextmanager
def _ahead(engine: Engine, spool: Path, size: int) -> Iterator[Callable[[int], list[Row]]]:
    """What answers the typed rows of the chunk at an offset, and reads the next one while this one is written.

    A chunk makes and drops a hundred thousand objects without cycles: looking for some at every turn would
    take a third of the time, so it is looked for once in some chunks (`gc.collect`).
    """
    collected = gc.isenabled()
    waiting: dict[int, Future[list[Row]]] = {}

    def read(start: int) -> list[Row]:
        return engine.prepare(read_lines(spool, start, CHUNK), start)

    def typed_from(start: int) -> list[Row]:
        rows = waiting.pop(start).result() if start in waiting else read(start)
        if rows and rows[-1].end < size:
            waiting[rows[-1].end] = reader.submit(read, rows[-1].end)
        return rows

    gc.disable()
    try:
        with ThreadPoolExecutor(1, "import-reader") as reader:
            yield typed_from
    finally:
        if collected:
            gc.enable()


def finish_files(import_id: int) -> None:
    """After the last chunk: the file of failed rows, if there are any, and the place in the audit log."""
    with transaction() as current:
        made = current.get_one(Import, import_id, populate_existing=True)
        if made.failed_count and not made.error_file:
            made.error_file = make_error_file(made)
        made.audit_end = current.scalar(select(AuditHead.last_id)) or 0


def _locked(current: Session, import_id: int, place: _Place) -> Import:
    """The import, locked for this chunk. Raises `RuntimeError` when another run has got on with it
    meanwhile."""
    kept = current.get_one(Import, import_id, with_for_update=True, populate_existing=True)
    if _place(kept) != place:
        raise RuntimeError("another run has got on with this import")
    kept.status = "running"
    return kept


def _place(made: Import) -> _Place:
    return _Place(made.phase, made.position, made.chunk)


def _counts(made: Import) -> dict[str, int]:
    names = ("created", "updated", "skipped", "failed")
    return {name: int(getattr(made, f"{name}_count")) for name in names}


def _remembered(current: Session, kept: Import, engine: Engine, spool: Path) -> list[Row]:
    """The next rows that wait, or were decided about, read again from the spool."""
    wanted = select(ImportRow.id, ImportRow.offset, ImportRow.decision).where(
        ImportRow.import_id == kept.id, ImportRow.id > kept.position
    )
    if kept.phase == "decided":
        wanted = wanted.where(ImportRow.outcome == "ask", ImportRow.decision != "")
    else:
        wanted = wanted.where(ImportRow.outcome == "waiting")
    rows = []
    for row_id, offset, decision in current.execute(wanted.order_by(ImportRow.id).limit(CHUNK)):
        row = engine.prepare([line_at(spool, offset)], offset)[0]
        row.remembered, row.decision = row_id, decision
        rows.append(row)
    return rows


def _keep(current: Session, kept: Import, rows: list[Row], outcome: Outcome, entity: Entity) -> None:
    """Note what became of the rows, for the counts, the error file, the review and the undo."""
    entries = [_entry(kept, row, "failed", problems=row.problems) for row in outcome.failed]
    entries += [
        _entry(kept, row, "updated", record_id=record_id, changes=changes)
        for row, record_id, changes in outcome.updated
        if changes
    ]
    entries += [_entry(kept, row, "ask", record_id=record_id) for row, record_id in outcome.asked]
    entries += [
        _entry(kept, row, HELD, record_id=record_id, problems=[held_problem(row)]) for row, record_id in outcome.held
    ]
    entries += [_entry(kept, row, "waiting") for row in outcome.waiting if row.remembered is None]
    still = {row.remembered for row in outcome.waiting}
    left = [row.remembered for row in rows if row.remembered is not None and row.remembered not in still]
    if left:
        current.execute(delete(ImportRow).where(among(current, ImportRow.id, left)))
        kept.found_count += len(left)
    insert_rows(current, ImportRow.__table__, entries, _ROW_COLUMNS)  # type: ignore[arg-type]
    if outcome.created:
        made, undo = [record_id for _row, record_id in outcome.created], entity.verbs.undo
        ranges = id_ranges(made if undo is None else undo.marks(made))
        current.add(ImportChunk(import_id=kept.id, number=kept.chunk, created=ranges))
    kept.created_count += len(outcome.created)
    kept.updated_count += len(outcome.updated)
    kept.skipped_count += len(outcome.skipped) + len(outcome.held)
    kept.failed_count += len(outcome.failed)
    kept.done_count += outcome.settled


def _entry(kept: Import, row: Row, outcome: str, **more: object) -> dict[str, object]:
    return {
        "import_id": kept.id,
        "number": row.number,
        "offset": row.offset,
        "outcome": outcome,
        "record_id": None,
        "problems": [],
        "changes": {},
        "decision": "",
        **more,
    }


def id_ranges(ids: list[int]) -> list[list[int]]:
    """Ids as ranges.

    >>> id_ranges([4, 1, 2, 3, 9])
    [[1, 4], [9, 9]]
    """
    ranges: list[list[int]] = []
    for number in sorted(ids):
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return ranges


def _advance(current: Session, kept: Import, size: int) -> None:
    """Go on to the next phase that has rows; at the end, say how the import stands."""
    while kept.phase != "end" and not _has_rows(current, kept, size):
        if kept.phase == "waiting" and kept.found_count and _has_rows(current, kept, size, from_start=True):
            kept.position = kept.found_count = 0
            continue
        kept.phase = _PHASES[_PHASES.index(kept.phase) + 1]
        kept.position = kept.found_count = 0
    if kept.phase == "end":
        asked = current.scalar(
            select(ImportRow.id).where(ImportRow.import_id == kept.id, ImportRow.outcome == "ask").limit(1)
        )
        kept.status = "done" if asked is None else "review"
        kept.finished_at = now()


def _has_rows(current: Session, kept: Import, size: int, *, from_start: bool = False) -> bool:
    if kept.phase == "read":
        return kept.position < size
    after = 0 if from_start else kept.position
    wanted = select(ImportRow.id).where(ImportRow.import_id == kept.id, ImportRow.id > after)
    if kept.phase == "decided":
        wanted = wanted.where(ImportRow.outcome == "ask", ImportRow.decision != "")
    else:
        wanted = wanted.where(ImportRow.outcome == "waiting")
    return current.scalar(wanted.limit(1)) is not None
