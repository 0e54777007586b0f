"""Duplicates a person decides about: what the file says beside what is there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import func, select, update

from app.access.actors import require_actor
from app.access.scope import UNSCOPED, scope_condition
from app.db import session, transaction
from app.fields.bulk import among
from app.jobs.services import enqueue
from app.transfer.models import ImportRow
from app.transfer.readers.spool import line_at
from app.transfer.services.imports import engine_for, find_import, importable_entity, spool_path
from app.types import Refused

DECISIONS = ("skip", "update", "create")


@dataclass(frozen=True, slots=True)
class Doubt:
    """One row and the record it seems to mean (None: an earlier row of the file, or out of sight by now)."""

    row_id: int
    number: int
    decision: str
    record: Any
    #: {field: (value in the file, value there)}, the fields that differ.
    differences: dict[str, tuple[Any, Any]]


def count_doubts(import_id: int) -> tuple[int, int]:
    """(rows asked about, those still without a decision)."""
    mine = (ImportRow.import_id == import_id, ImportRow.outcome == "ask")
    rows = session.execute(
        select(func.count(), func.count().filter(ImportRow.decision == "")).select_from(ImportRow).where(*mine)
    ).one()
    return int(rows[0]), int(rows[1])


def read_doubts(import_id: int, after: int = 0, size: int = 20) -> list[Doubt]:
    """The next rows asked about, after the row id `after`."""
    made = find_import(import_id)
    entity, engine, spool = importable_entity(made.entity), engine_for(made), spool_path(made)
    asked = session.execute(
        select(ImportRow.id, ImportRow.number, ImportRow.offset, ImportRow.record_id, ImportRow.decision)
        .where(ImportRow.import_id == import_id, ImportRow.outcome == "ask", ImportRow.id > after)
        .order_by(ImportRow.id)
        .limit(size)
    ).all()
    rows = [engine.prepare([line_at(spool, one.offset)], one.offset)[0] for one in asked]
    engine.lookups.resolve(session(), rows)
    model = entity.model
    statement = select(model).where(
        among(session(), model.id, [one.record_id for one in asked if one.record_id]),
        scope_condition(entity, require_actor()),
    )
    records = {record.id: record for record in session.scalars(statement.execution_options(**{UNSCOPED: True}))}
    doubts = []
    for one, row in zip(asked, rows, strict=True):
        record = records.get(one.record_id)
        differences = {
            name: (value, getattr(record, name, None))
            for name, value in row.values.items()
            if record is None or getattr(record, name, None) != value
        }
        doubts.append(Doubt(one.id, one.number, one.decision, record, differences))
    return doubts


def decide(import_id: int, decisions: Mapping[int, str], rest: str = "") -> int:
    """Keep decisions by row id, and `rest` for all without one; then the import goes on as a job. Its id.

    Raises `Refused` for an import that asks nothing, and for decisions there are not.
    """
    if any(choice not in DECISIONS for choice in decisions.values()) or (rest and rest not in DECISIONS):
        raise Refused(_("Choose what happens to duplicates"))
    with transaction() as current:
        made = find_import(import_id)
        importable_entity(made.entity)
        if made.status != "review":
            raise Refused(_("This import asks nothing"))
        mine = (ImportRow.import_id == import_id, ImportRow.outcome == "ask")
        for choice in DECISIONS:
            chosen = [row_id for row_id, wanted in decisions.items() if wanted == choice]
            if chosen:
                current.execute(
                    update(ImportRow).where(*mine, among(current, ImportRow.id, chosen)).values(decision=choice)
                )
        if rest:
            current.execute(update(ImportRow).where(*mine, ImportRow.decision == "").values(decision=rest))
        made.phase, made.position, made.status, made.error_file = "decided", 0, "queued", ""
        made.job_id = enqueue(
            "transfer.import",
            {"import_id": import_id},
            unique_key=f"import-{import_id}",
            title=_("Import of %(file)s", file=made.file_name),
        )
        return made.job_id
