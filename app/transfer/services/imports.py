"""The life of an import until it runs: uploaded, mapped, checked, begun."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, Any, BinaryIO, Protocol

from flask_babel import gettext as _
from sqlalchemy import select, update

from app.access.actors import require_actor
from app.access.audit import Act, record_acts
from app.db import session, transaction
from app.host.context import context
from app.jobs.services import enqueue
from app.transfer.messages import file_refused
from app.transfer.models import Import
from app.transfer.readers.spool import make_spool, read_lines
from app.transfer.rules.limits import BadFile
from app.transfer.rules.mapping import Mapping, read_mapping, write_mapping
from app.transfer.services import storage
from app.transfer.services.columns import Row
from app.transfer.services.engine import POLICIES, Engine, Outcome
from app.transfer.services.mappings import checked_mapping, guess_mapping, remember_mapping
from app.types import Actor, Entity, Refused

#: Rows per transaction.
CHUNK = 5000
#: An import up to this many rows is checked while the person waits.
CHECKED_AT_ONCE = 2000


class Progress(Protocol):
    """What an import needs of a job's `Run`; `qiao import` brings its own."""

    def chunk(self, key: object) -> AbstractContextManager[None]: ...

    def progress(self, done: int, total: int | None = None, message: object = None) -> None: ...

    def check_cancelled(self) -> None: ...


def importable_entity(slug: str, actor: Actor | None = None) -> Entity:
    """The entity, if the actor may import into it. Raises `Refused`."""
    entity = context().entities.get(slug)
    if entity is None or "import" not in entity.actions:
        raise Refused(_("Records of this kind cannot be imported"))
    if not (actor or require_actor()).can("can_import", entity.view_name):
        raise Refused(_("You may not import records of this kind"))
    return entity


def find_import(import_id: int) -> Import:
    """An import of the actor's own (the system: anybody's). Raises `LookupError`, the same for absent and
    foreign ones."""
    actor = require_actor()
    found = session.get(Import, import_id, populate_existing=True)
    if found is None or not (actor.is_system or (actor.user_id is not None and found.created_by == actor.user_id)):
        raise LookupError(import_id)
    return found


def upload(
    source: BinaryIO | IO[bytes],
    name: str,
    slug: str,
    *,
    mapping: Mapping | None = None,
    limit: int | None = None,
) -> Import:
    """Read an uploaded file into a spool and propose a mapping. Raises `Refused`; nothing is then kept.

    `mapping` is a given one (a mapping file) instead of the remembered or guessed one; it may name the member
    of
    a zip, the encoding and the delimiter. `limit` is the largest size in bytes.
    """
    entity = importable_entity(slug)
    shown = storage.shown_name(name)
    try:
        stored, size, digest = storage.store("imports", source, limit=limit)
    except storage.TooLarge as large:
        raise Refused(_("The file is larger than %(limit)s MB", limit=(limit or 0) // 1024**2)) from large
    spool = storage.new_name(".rows")
    target = storage.path_of("imports", spool)
    given = mapping or Mapping({})
    try:
        table = make_spool(
            storage.path_of("imports", stored),
            shown,
            target,
            member=given.member,
            encoding=given.encoding,
            delimiter=given.delimiter,
        )
    except (LookupError, ValueError) as wrong:
        raise Refused(_("This encoding or delimiter cannot be used: %(reason)s", reason=wrong)) from wrong
    except BadFile as bad:
        raise file_refused(bad) from bad
    finally:
        storage.remove("imports", stored)
    try:
        with transaction() as current:
            chosen = checked_mapping(entity, mapping, table.header) if mapping else guess_mapping(entity, table.header)
            made = Import(
                entity=slug,
                file_name=shown,
                sha256=digest,
                size=size,
                kind=table.kind,
                encoding=table.encoding,
                delimiter=table.delimiter,
                spool=spool,
                header=list(table.header),
                start=table.start,
                position=table.start,
                row_count=table.rows,
                mapping=write_mapping(chosen),
                duplicates=chosen.duplicates or "skip",
                created_by=require_actor().user_id,
            )
            current.add(made)
            current.flush()
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    return made


def same_file_before(made: Import) -> Import | None:
    """An earlier import of the very same file into the same entity that was not undone."""
    return session.scalar(
        select(Import)
        .where(
            Import.entity == made.entity,
            Import.sha256 == made.sha256,
            Import.id < made.id,
            Import.status.in_(("running", "review", "done")),
        )
        .order_by(Import.id.desc())
        .limit(1)
    )


def set_mapping(import_id: int, mapping: Mapping, duplicates: str) -> None:
    """Keep what goes where and what happens to duplicates. Raises `Refused` by field."""
    with transaction():
        made = find_import(import_id)
        entity = importable_entity(made.entity)
        if made.status not in ("uploaded", "mapped"):
            raise Refused(_("This import has been started already"))
        if duplicates not in POLICIES:
            raise Refused(_("Choose what happens to duplicates"), field="duplicates")
        checked = checked_mapping(entity, mapping, made.header, duplicates=duplicates)
        made.mapping, made.duplicates, made.status, made.checked = (
            write_mapping(checked),
            duplicates,
            "mapped",
            None,
        )
        remember_mapping(entity, made.header, checked)


def engine_for(made: Import, *, dry: bool = False) -> Engine:
    """The engine of an import. Raises `Refused` when the entity has changed so that the mapping no longer
    fits."""
    entity = importable_entity(made.entity)
    mapping = checked_mapping(entity, read_mapping(made.mapping), made.header, duplicates=made.duplicates)
    return Engine(entity, mapping, made.header, made.duplicates, dry=dry)


def spool_path(made: Import) -> Path:
    """Where the rows are. Raises `Refused` when they have been cleared away."""
    if not made.spool or not storage.path_of("imports", made.spool).exists():
        raise Refused(_("The file of this import has been cleared away; upload it again"))
    return storage.path_of("imports", made.spool)


def preview_rows(made: Import, count: int = 5) -> list[list[Any]]:
    """The cells of the first rows."""
    return [line.cells for line in read_lines(spool_path(made), made.start, count)]


def check(import_id: int, *, limit: int | None = None, run: Progress | None = None) -> dict[str, Any]:
    """What the import would do: counts, and the first rows with problems. It is done for real and rolled
    back.

    `limit` rows are checked, or all. The answer is kept with the import.
    """
    made = find_import(import_id)
    spool, position, total = spool_path(made), made.start, made.row_count
    wanted = total if limit is None else min(limit, total)
    engine = engine_for(made, dry=True)
    counts = dict.fromkeys(("created", "updated", "skipped", "failed", "asked"), 0)
    failed: list[dict[str, Any]] = []
    waiting: list[Row] = []
    done = 0
    while done < wanted:
        rows = engine.prepare(read_lines(spool, position, min(CHUNK, wanted - done)), position)
        if not rows:
            break
        position, done = rows[-1].end, done + len(rows)
        outcome = _tried(engine, rows, last=done >= total and total <= CHUNK)
        waiting.extend(outcome.waiting)
        _count(counts, outcome)
        if len(failed) < 200:
            failed.extend(
                {"number": row.number, "problems": row.problems} for row in outcome.failed[: 200 - len(failed)]
            )
        if run is not None:
            run.check_cancelled()
            run.progress(done, wanted)
    # Rows whose link stands further down in the file are counted as new: only the import itself can tell for
    # sure.
    counts["created"] += len(waiting)
    answer = {
        "counts": counts,
        "rows": done,
        "all": done >= total,
        "failed": sorted(failed, key=lambda one: one["number"]),
    }
    with transaction() as current:
        current.execute(update(Import).where(Import.id == import_id).values(checked=answer))
    return answer


class _TakenBack(Exception):
    """Ends the transaction of a check."""


def _tried(engine: Engine, rows: list[Row], *, last: bool) -> Outcome:
    """What the engine makes of a chunk, written and taken back."""
    try:
        with transaction() as current:
            outcome = engine.process(current, rows, last=last)
            raise _TakenBack
    except _TakenBack:
        session.rollback()  # inside a job the transaction is the job's
    return outcome


def _count(counts: dict[str, int], outcome: Outcome) -> None:
    for name in counts:
        counts[name] += len(getattr(outcome, name))
    counts["skipped"] += len(outcome.held)


def begin(import_id: int) -> Import:
    """Mark an import as started; it cannot be started twice. Raises `Refused`."""
    with transaction() as current:
        made = find_import(import_id)
        importable_entity(made.entity)
        if made.status not in ("uploaded", "mapped", "cancelled", "failed"):
            raise Refused(_("This import has been started already"))
        checked_mapping(
            importable_entity(made.entity), read_mapping(made.mapping), made.header, duplicates=made.duplicates
        )
        spool_path(made)
        made.status = "queued"
        record_acts(current, [Act("import", made.entity, "", made.file_name, {"rows": [None, made.row_count]})])
    return made


def cancel_unstarted(import_id: int) -> None:
    """Throw an upload away that was never run."""
    with transaction() as current:
        made = find_import(import_id)
        if made.status not in ("uploaded", "mapped"):
            raise Refused(_("This import has been started already"))
        spool = made.spool
        current.delete(made)
    storage.remove("imports", spool)


def start_import(import_id: int) -> int:
    """Begin an import as a background job; the job's id. Raises `Refused`."""
    with transaction():
        made = begin(import_id)
        made.job_id = enqueue(
            "transfer.import",
            {"import_id": import_id},
            unique_key=f"import-{import_id}",
            title=_("Import of %(file)s", file=made.file_name),
        )
        return made.job_id


def start_check(import_id: int) -> int:
    """Check a whole file as a background job; the job's id."""
    with transaction():
        made = find_import(import_id)
        importable_entity(made.entity)
        if made.status != "mapped":
            raise Refused(_("This import has been started already"))
        made.job_id = enqueue(
            "transfer.check",
            {"import_id": import_id},
            unique_key=f"check-{import_id}",
            title=_("Check of %(file)s", file=made.file_name),
        )
        return made.job_id
