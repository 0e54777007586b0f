"""The current list as a file: its filter, columns, order and scope, streamed; kept for its owner for a while."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from sqlalchemy import func, select

from app.access.actors import require_actor
from app.access.audit import Act, record_acts
from app.access.exporting.reach import reach_of
from app.access.exporting.rules import is_within_reach
from app.access.policy import seen_by
from app.access.scope import UNSCOPED
from app.base.views.asked import list_of
from app.base.views.listing import every_row, matching
from app.base.views.state import ListState
from app.base.views.titles import read_titles
from app.db import db, now, reading, session, transaction
from app.fields.custom.stored import is_stored
from app.fields.gate import ask_one
from app.host.context import context
from app.jobs.services import enqueue
from app.transfer.models import Export
from app.transfer.services import control, storage
from app.transfer.services.export_files import CsvWriter, Names, Writer, XlsxWriter, in_chunks
from app.types import Entity, Field, Held, Kind, Refused

FORMATS = ("xlsx", "csv")
#: Rows written while the person waits; more go through a job.
AT_ONCE = 5_000
#: The most rows one export may hold.
MAX_ROWS = 3_000_000
_CHUNK = 5_000
_MOST_NAMES = 200_000


class Narrower(LookupError):
    """The person reads or reaches less than when the file was made."""


class Expired(LookupError):
    """The file of an export was removed, as its time is over."""


def exportable_entity(slug: str) -> Entity:
    """The entity as the actor sees it, if they may export it. Raises `Refused`."""
    entity = context().entities.get(slug)
    if entity is None or "export" not in entity.actions:
        raise Refused(_("Records of this kind cannot be exported"))
    if not require_actor().can("can_export", entity.view_name):
        raise Refused(_("You may not export records of this kind"))
    return seen_by(entity, require_actor())


def exportable_fields(entity: Entity) -> list[Field]:
    """Fields kept in a column; the others cannot be written to a file. Masked ones come masked."""
    return [field for field in entity.fields if is_stored(entity, field)]


def count_rows(state: ListState, cap: int) -> int:
    """How many rows the list has, counted up to `cap`."""
    rows = select(state.entity.model.id).where(matching(state)).limit(cap).subquery()
    statement = select(func.count()).select_from(rows).execution_options(**{UNSCOPED: True})
    return int(session.scalar(statement) or 0)


def start_export(
    slug: str, query: str, file_format: str, columns: Sequence[str], reason: str = "", *, later: bool = False
) -> Export | Held:
    """Export a list: at once when it is short, else (or `later`) as a job. Raises `Refused`; nothing is then kept.

    Refused are also a list without a reason where the site asks for one, and more rows than the actor's roles
    or the day allow. The answer is what was opened in place of the export where it needs an approval.
    """
    entity = exportable_entity(slug)
    known = {field.name for field in exportable_fields(entity)}
    if file_format not in FORMATS:
        raise Refused(_("Choose XLSX or CSV"))
    if not columns or not set(columns) <= known:
        raise Refused(_("Choose the columns of the file"))
    said = control.read_reason(reason)
    state = list_of(entity, query)
    rows = count_rows(state, MAX_ROWS + 1)
    control.refuse_beyond(entity, rows, MAX_ROWS)
    actor, chosen = require_actor(), list(dict.fromkeys(columns))
    with transaction() as current:
        control.refuse_beyond_day(current, rows)
        request = {"query": query, "format": file_format, "columns": chosen, "reason": said, "rows": rows}
        answer = ask_one(entity, "export", None, {**request, "personal": control.personal_among(entity, chosen)})
        if isinstance(answer, Held):
            return answer
        made = Export(
            entity=slug,
            format=file_format,
            query=urlencode([*state.narrowing, *state.ordering]),
            columns=chosen,
            masked=control.masked_among(entity, chosen),
            reason=said,
            row_count=rows,
            created_by=actor.user_id,
            created_by_name=actor.name,
            login=control.login_of(actor.user_id),
            expires_at=control.expires_at(),
        )
        current.add(made)
        current.flush()
        if rows > AT_ONCE or later:
            made.job_id = enqueue(
                "transfer.export",
                {"export_id": made.id},
                title=_("Export: %(entity)s", entity=entity.label),
                unique_key=f"export-{made.id}",
            )
    if made.job_id is None:
        number = made.id
        try:
            write_export(number)
        except BaseException:
            with transaction() as current:
                current.get_one(Export, number).status = "failed"
            raise
    return made


def find_export(export_id: int) -> Export:
    """An export of the actor's own. Raises `LookupError` for absent and foreign ones, its `Expired` for old ones."""
    actor = require_actor()
    found = session.get(Export, export_id, populate_existing=True)
    own = found is not None and (actor.is_system or (actor.user_id and found.created_by == actor.user_id))
    if found is None or not own:
        raise LookupError(export_id)
    if found.expires_at < now():
        raise Expired(export_id)
    return found


def export_file(export_id: int) -> tuple[Path, str]:
    """(path, name for the person) of a finished export, while the actor may still export such records.

    Raises `Narrower` when they read or reach less than the file holds, and as `find_export`.
    """
    made = find_export(export_id)
    entity = exportable_entity(made.entity)
    if not made.stored:
        raise LookupError(export_id)
    if not fits(made, entity):
        raise Narrower(export_id)
    path = storage.path_of("exports", made.stored)
    if not path.is_file():
        raise LookupError(export_id)
    moment = made.created_at.astimezone(ZoneInfo(require_actor().timezone))
    parts = (str(entity.label), f"{moment:%Y%m%d-%H%M}", f"no{made.id}", made.login)
    return path, storage.shown_name(f"{'-'.join(part for part in parts if part)}.{made.format}")


def fits(made: Export, entity: Entity) -> bool:
    """Whether the actor still reads and reaches everything the file of an export was made of."""
    names = (made.reach or {}).get("levels", ())
    return is_within_reach(made.reach, reach_of(require_actor(), entity, names))


def write_export(export_id: int, step: Callable[[int, int], None] = lambda done, total: None) -> int:
    """Write the file of an export; the number of rows. `step` is told how far it is.

    Not inside another transaction: the rows are read in one look at the database on a connection of its own,
    and
    nothing is locked while the file is written.
    """
    with reading():
        made = find_export(export_id)
        entity = exportable_entity(made.entity)
        state = list_of(entity, made.query)
        stamp, masked, reason = control.stamp_of(made, entity), made.masked, made.reason
        limit = control.most_rows(entity)
        asked = [*(one.field.name for one in state.asked), state.sort]
        reach = reach_of(require_actor(), entity, dict.fromkeys([*made.columns, *asked]))
        columns, query, total, kind = made.columns, made.query, made.row_count, made.format
        session.rollback()
    by_name = {field.name: field for field in exportable_fields(entity)}
    fields = [by_name[name] for name in columns if name in by_name]
    most = MAX_ROWS if limit is None else min(limit, MAX_ROWS)
    stored = storage.new_name(f".{kind}")
    zone = ZoneInfo(require_actor().timezone)
    with storage.private_file(storage.path_of("exports", stored)) as out:
        writer: Writer = XlsxWriter(out, fields, zone) if kind == "xlsx" else CsvWriter(out, fields, zone)
        count = _write_rows(state, fields, writer, lambda done: step(done, total), most + 1)
        control.refuse_beyond(entity, count, MAX_ROWS)  # the list may have grown since it was counted
        writer.close(stamp.facts(count))
        size = out.tell()
    try:
        with transaction() as current:
            kept = current.get_one(Export, export_id, populate_existing=True)
            kept.stored, kept.size, kept.row_count, kept.status = stored, size, count, "done"
            kept.reach = reach
            changes: dict[str, list[Any]] = {
                "export_number": [None, export_id],
                "filter": [None, query],
                "rows": [None, count],
                "columns": [None, ", ".join(columns)],
                "masked": [None, ", ".join(masked)],
                "format": [None, kind],
                "reason": [None, reason],
            }
            record_acts(current, [Act("export", entity.slug, "", str(entity.label)[:200], changes)])
    except BaseException:
        storage.remove("exports", stored)
        raise
    return count


def _write_rows(
    state: ListState, fields: Sequence[Field], writer: Writer, step: Callable[[int], None], most: int
) -> int:
    columns = [getattr(state.entity.model, field.name) for field in fields]
    statement = every_row(state, *columns).limit(most)
    links = [(place, field.target or "") for place, field in enumerate(fields) if field.kind is Kind.LINK]
    names: Names = {}
    count = 0
    options: dict[str, Any] = {"stream_results": True, "max_row_buffer": _CHUNK, "yield_per": _CHUNK}
    with reading(), db.engine.connect() as connection:
        rows = connection.execution_options(**options).execute(statement)
        for chunk in in_chunks(rows, _CHUNK):
            _name_links(links, chunk, names)
            writer.write(chunk, names)
            count += len(chunk)
            step(count)
        session.rollback()
    return count


def _name_links(links: Sequence[tuple[int, str]], rows: Sequence[Any], names: Names) -> None:
    """Add the names of linked records within the scope, in one statement for what is not known yet."""
    wanted = {(slug, row[place]) for place, slug in links for row in rows if row[place] is not None}
    missing = wanted - names.keys()
    if not missing:
        return
    if len(names) > _MOST_NAMES:
        names.clear()
        missing = wanted
    names.update(read_titles(missing))
