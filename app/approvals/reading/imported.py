"""The rows of an import that cases stand for: how those stand by now, a page at a time by key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from app.approvals.models import Case, Definition
from app.approvals.services.seeing import heading
from app.db import session
from app.transfer.models import ImportRow
from app.transfer.services.held import HELD, held_number
from app.transfer.services.imports import find_import

PAGE = 50
_CASE: Any = Case.__table__
_FLOW: Any = Definition.__table__
#: How rows without a case stand: those of before their cases were noted.
UNKNOWN = ""


@dataclass(frozen=True, slots=True)
class HeldRow:
    """A row of the file (`number`) and the case that stands for it; `case_id` is None where that was not noted."""

    id: int
    number: int
    case_id: int | None
    title: str
    status: str
    flow: str
    flow_en: str
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class HeldRows:
    """A page of them in the order of the file, how many stand how (by `rules.state.Status`), where it goes on."""

    rows: tuple[HeldRow, ...]
    counts: Mapping[str, int]
    next_after: int


def read_held(import_id: int, status: str | None = None, after: int = 0) -> HeldRows:
    """The rows of an import of the actor's own that cases stand for, all or those standing one way; three statements,
    however many. Raises `LookupError`, the same for absent and foreign imports."""
    find_import(import_id)
    stands = func.coalesce(_CASE.c.status, UNKNOWN)
    joined = (
        select(stands.label("status"), func.count().label("number"))
        .select_from(ImportRow)
        .outerjoin(_CASE, _CASE.c.id == held_number())
        .where(ImportRow.import_id == import_id, ImportRow.outcome == HELD)
    )
    counts = {row.status: row.number for row in session.execute(joined.group_by(stands))}
    wanted = joined.with_only_columns(
        ImportRow.id, ImportRow.number, stands.label("status"), _CASE.c.id.label("case_id"), _CASE.c.title,
        _CASE.c.entity, _CASE.c.record_id, _CASE.c.ended_at, _FLOW.c.name, _FLOW.c.name_en,
    ).outerjoin(_FLOW, _FLOW.c.id == _CASE.c.definition_id)  # fmt: skip
    if status is not None:
        wanted = wanted.where(stands == status)
    found = session.execute(wanted.where(ImportRow.id > after).order_by(ImportRow.id).limit(PAGE + 1)).all()
    rows = tuple(
        HeldRow(
            row.id, row.number, row.case_id, "" if row.case_id is None else heading(row), row.status, row.name or "",
            row.name_en or "", row.ended_at,
        )
        for row in found[:PAGE]
    )  # fmt: skip
    return HeldRows(rows, counts, rows[-1].id if len(found) > PAGE else 0)


__all__ = ["PAGE", "UNKNOWN", "HeldRow", "HeldRows", "read_held"]
