"""The file of rows that failed: their original columns and a reason each, ready to be mended and imported
again."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any

import xlsxwriter
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import select

from app.db import session
from app.host.context import context
from app.transfer.messages import problems_text
from app.transfer.models import Import, ImportRow
from app.transfer.readers.spool import line_at
from app.transfer.rules.cells import harmless
from app.transfer.services import storage
from app.transfer.services.columns import LOCALES

_BATCH = 2000


def reason_heading() -> str:
    """Heading of the reason column."""
    return _("Why it was not imported")


def make_error_file(made: Import) -> str:
    """Write the failed rows in the kind of the original (CSV as UTF-8 with a mark, XLSX); its stored name."""
    header = list(made.header)
    if header and header[-1] in _reason_headings():
        header.pop()
    heading = [*header, reason_heading()]
    stored = storage.new_name(".xlsx" if made.kind == "xlsx" else ".csv")
    with storage.private_file(storage.path_of("imports", stored)) as out:
        rows = _rows(made, len(header))
        if made.kind == "xlsx":
            book = xlsxwriter.Workbook(
                out, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
            )
            sheet = book.add_worksheet()
            for number, cells in enumerate(_with_heading(heading, rows)):
                for place, cell in enumerate(cells):
                    if isinstance(cell, int | float) and not isinstance(cell, bool):
                        sheet.write_number(number, place, cell)
                    elif cell not in (None, ""):
                        sheet.write_string(number, place, harmless(str(cell)))
            book.close()
        else:
            text = io.TextIOWrapper(out, encoding="utf-8-sig", newline="", write_through=True)
            writer = csv.writer(text, delimiter=made.delimiter or ",")
            for cells in _with_heading(heading, rows):
                writer.writerow([harmless(str(cell)) if isinstance(cell, str) else cell for cell in cells])
            text.flush()
            text.detach()
    return stored


def _with_heading(heading: list[str], rows: Iterator[list[Any]]) -> Iterator[list[Any]]:
    yield heading
    yield from rows


def _rows(made: Import, width: int) -> Iterator[list[Any]]:
    """The failed rows in order of the file, read again from the spool."""
    entity = context().entities[made.entity]
    spool = storage.path_of("imports", made.spool)
    after = (0, 0)
    while True:
        found: Sequence[Any] = session.execute(
            select(ImportRow.number, ImportRow.id, ImportRow.offset, ImportRow.problems)
            .where(
                ImportRow.import_id == made.id,
                ImportRow.outcome == "failed",
                (ImportRow.number > after[0]) | ((ImportRow.number == after[0]) & (ImportRow.id > after[1])),
            )
            .order_by(ImportRow.number, ImportRow.id)
            .limit(_BATCH)
        ).all()
        for row in found:
            cells = line_at(spool, row.offset).cells
            yield [*cells[:width], *([None] * (width - len(cells))), problems_text(entity, row.problems)]
            after = (row.number, row.id)
        if len(found) < _BATCH:
            return


def _reason_headings() -> set[str]:
    headings = set()
    for locale in LOCALES:
        with force_locale(locale):
            headings.add(reason_heading())
    return headings
