"""Figures as a workbook, held to what every export is held to: a reason, rows by role and day, watermark, log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from zoneinfo import ZoneInfo

from app.access.actors import require_actor
from app.access.audit import Act, record_acts
from app.access.exporting.limits import limit_of
from app.db import now, transaction
from app.host.context import context
from app.transfer.models import Export
from app.transfer.services import control, storage
from app.transfer.services.export_files import XlsxWriter
from app.types import Field, Text

#: What figures are called in the log of exports, by the slug they are kept under.
FIGURES: dict[str, Text] = {}


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table of figures: its title (at most 31 characters), its columns, values as fields of their kind have them."""

    title: str
    columns: Sequence[Field]
    rows: Sequence[Sequence[Any]]


def export_sheets(
    slug: str, view: str, sheets: Sequence[Sheet], asked: Sequence[tuple[str, str]], reason: str
) -> tuple[BytesIO, str]:
    """(the workbook, its name) of figures the actor may read, written down as an export of theirs.

    `slug` is one of `FIGURES`, `view` the screen whose `can_export` bounds the rows, `asked` (name, value) of what
    the figures are about, for the watermark and the log. The file is handed over at once and not kept. Raises
    `Refused`: no reason where the site asks for one, more rows than the roles or the day allow; nothing is then kept.
    """
    said = control.read_reason(reason)
    rows = sum(len(sheet.rows) for sheet in sheets)
    query = "; ".join(f"{name}: {value}" for name, value in asked)
    actor, label, zone = require_actor(), str(FIGURES[slug]), ZoneInfo(require_actor().timezone)
    control.refuse_more(limit_of(actor, view), rows)
    with transaction() as current:
        control.refuse_beyond_day(current, rows)
        made = Export(
            entity=slug, format="xlsx", query=query, columns=[sheet.title for sheet in sheets], masked=[], reason=said,
            row_count=rows, created_by=actor.user_id, created_by_name=actor.name,
            login=control.login_of(actor.user_id), expires_at=now(), status="expired", download_count=1,
            downloaded_at=now(),
        )  # fmt: skip
        current.add(made)
        current.flush()
        at = made.created_at.astimezone(zone)
        stamp = control.Stamp(made.id, made.created_by_name, made.login, at, context().site.name, label, said)
        out = _written(sheets, zone, [*stamp.facts(rows), *asked])
        changes: dict[str, list[Any]] = {
            "export_number": [None, made.id], "filter": [None, query], "rows": [None, rows],
            "columns": [None, ", ".join(made.columns)], "format": [None, "xlsx"], "reason": [None, said],
        }  # fmt: skip
        record_acts(current, [Act(control.EXPORTED, slug, "", label[:200], changes)])
        parts = (label, f"{at:%Y%m%d-%H%M}", f"no{made.id}", made.login)
    return out, storage.shown_name(f"{'-'.join(part for part in parts if part)}.xlsx")


def _written(sheets: Sequence[Sheet], zone: ZoneInfo, facts: Sequence[tuple[str, str]]) -> BytesIO:
    first, *others = sheets
    out = BytesIO()
    writer = XlsxWriter(out, first.columns, zone, first.title)
    writer.write(first.rows, {})
    for sheet in others:
        writer.begin_sheet(sheet.columns, sheet.title)
        writer.write(sheet.rows, {})
    writer.close(facts)
    out.seek(0)
    return out


__all__ = ["FIGURES", "Sheet", "export_sheets"]
