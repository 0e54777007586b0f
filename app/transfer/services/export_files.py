"""Rows into CSV and XLSX, streamed: typed cells, labels instead of codes, nothing a spreadsheet would run."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import IO, Any, Protocol
from zoneinfo import ZoneInfo

import xlsxwriter
from flask_babel import gettext as _

from app.access.policy import masked_value
from app.base.views.cells import heading
from app.fields.regions import path_of
from app.fields.several import in_a_cell
from app.transfer.rules.cells import harmless
from app.transfer.rules.exported import footer
from app.types import Field, Kind, Level

#: Rows a worksheet holds below its heading; what is more goes on in the next one.
SHEET_ROWS = 1_048_575
_NUMBERS = frozenset({Kind.INTEGER, Kind.DECIMAL, Kind.MONEY, Kind.PERCENT})
_FORMATS = {
    Kind.MONEY: "#,##0.00",
    Kind.DATE: "yyyy-mm-dd",
    Kind.DATETIME: "yyyy-mm-dd hh:mm:ss",
}
_WIDTHS = {Kind.DATETIME: 19, Kind.DATE: 11, Kind.MONEY: 15, Kind.LONG_TEXT: 40, Kind.ID_NUMBER: 20}
#: Excel keeps 15 digits of a number; a longer one stays text.
_LARGEST = 10**15
_EPOCH = date(1899, 12, 30).toordinal()

Names = dict[tuple[str, int], str]
#: The watermark: (name, value) of what the file says about itself.
Facts = Sequence[tuple[str, str]]


class Writer(Protocol):
    """Takes rows of raw values, a chunk at a time."""

    def write(self, rows: Iterable[Sequence[Any]], names: Names) -> None: ...

    def close(self, facts: Facts = ()) -> None: ...


class CsvWriter:
    """CSV as UTF-8 with a byte-order mark, as spreadsheets want it."""

    def __init__(self, out: IO[bytes], fields: Sequence[Field], zone: ZoneInfo):
        self._text = io.TextIOWrapper(out, encoding="utf-8-sig", newline="", write_through=False)
        self._rows = csv.writer(self._text)
        self._cells = [text_cell(field, zone) for field in fields]
        self._rows.writerow([harmless(heading(field)) for field in fields])

    def write(self, rows: Iterable[Sequence[Any]], names: Names) -> None:
        cells = self._cells
        self._rows.writerows(
            ["" if value is None else make(value, names) for make, value in zip(cells, row, strict=False)]
            for row in rows
        )

    def close(self, facts: Facts = ()) -> None:
        """A line more would be read as a record: of the facts, the file's name carries two."""
        self._text.flush()
        self._text.detach()


class XlsxWriter:
    """XLSX row by row in constant memory; numbers are numbers, dates are dates, all else is text."""

    def __init__(self, out: IO[bytes], fields: Sequence[Field], zone: ZoneInfo, title: str = ""):
        options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        self._book = xlsxwriter.Workbook(out, options)
        self._zone = zone
        self._bold = self._book.add_format({"bold": True})
        self._formats = {kind: self._book.add_format({"num_format": text}) for kind, text in _FORMATS.items()}
        self.begin_sheet(fields, title)

    def begin_sheet(self, fields: Sequence[Field], title: str = "") -> None:
        """Go on in a sheet of its own with other columns."""
        self._fields = fields
        self._new_sheet(title)

    def _new_sheet(self, title: str = "") -> None:
        sheet = self._book.add_worksheet(title[:31] or None)
        sheet.freeze_panes(1, 0)
        for place, field in enumerate(self._fields):
            sheet.set_column(place, place, _WIDTHS.get(field.kind, 14))
            sheet.write_string(0, place, harmless(heading(field)), self._bold)
        self._row = 0
        self._cells = [self._writer(sheet, place, field) for place, field in enumerate(self._fields)]

    def _writer(self, sheet: Any, place: int, field: Field) -> Callable[[int, Any, Names], None]:
        write_number, write_string = sheet.write_number, sheet.write_string
        form = self._formats.get(field.kind)
        text = text_cell(field, self._zone)
        zone = self._zone

        def number(row: int, value: Any, names: Names) -> None:
            if -_LARGEST < value < _LARGEST:
                write_number(row, place, value if type(value) is int else float(value), form)
            else:
                write_string(row, place, str(value))

        def moment(row: int, value: Any, names: Names) -> None:
            write_number(row, place, serial(local(value, zone)), form)

        def day(row: int, value: Any, names: Names) -> None:
            write_number(row, place, value.toordinal() - _EPOCH, form)

        def words(row: int, value: Any, names: Names) -> None:
            write_string(row, place, text(value, names)[:32_767])

        if field.level < Level.READ:
            return words
        if field.kind in _NUMBERS:
            return number
        return {Kind.DATETIME: moment, Kind.DATE: day}.get(field.kind, words)

    def write(self, rows: Iterable[Sequence[Any]], names: Names) -> None:
        for values in rows:
            if self._row == SHEET_ROWS:
                self._new_sheet()
            self._row += 1
            row = self._row
            for put, value in zip(self._cells, values, strict=False):
                if value is not None and value != "":
                    put(row, value, names)

    def close(self, facts: Facts = ()) -> None:
        """Puts the watermark where no import reads it: below each printed page, in the properties, on a last sheet."""
        if facts:
            for sheet in self._book.worksheets():
                sheet.set_footer(footer([value for _name, value in facts]))
            told = "\n".join(f"{name}: {value}" for name, value in facts)
            self._book.set_properties({"comments": told[:32_000]})
            about = self._book.add_worksheet(_("About this file")[:31])
            about.set_column(0, 0, 16)
            about.set_column(1, 1, 60)
            for row, (name, value) in enumerate(facts):
                about.write_string(row, 0, name, self._bold)
                about.write_string(row, 1, harmless(value))
        self._book.close()


def local(value: datetime, zone: ZoneInfo) -> datetime:
    """A moment on the clock of `zone`."""
    return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(zone)


def serial(value: datetime) -> float:
    """A moment as a spreadsheet counts: days since 1899-12-30.

    >>> serial(datetime(2019, 12, 8, 12))
    43807.5
    """
    seconds = value.hour * 3600 + value.minute * 60 + value.second
    return value.toordinal() - _EPOCH + seconds / 86_400


def text_cell(field: Field, zone: ZoneInfo) -> Callable[[Any, Names], str]:
    """How a value of this field is written as text; made once per file, so labels are translated once."""
    if field.level < Level.READ:
        return lambda value, names: "" if value == "" else harmless(masked_value(field, value))
    if field.kind is Kind.CHOICE:
        labels = {choice.value: harmless(str(choice.label)) for choice in field.choices}
        return lambda value, names: labels.get(value) or harmless(str(value))
    if field.kind is Kind.CHOICES:
        labels = {choice.value: str(choice.label) for choice in field.choices}
        return lambda value, names: harmless(in_a_cell(labels.get(one, one) for one in value))
    if field.kind is Kind.FILES:
        return lambda value, names: harmless(in_a_cell(name for _number, name in value))
    if field.kind is Kind.REGION:
        return lambda value, names: harmless(path_of(value))
    if field.kind is Kind.BOOLEAN:
        yes, no = _("Yes"), _("No")
        return lambda value, names: yes if value else no
    if field.kind is Kind.LINK:
        target, unseen = field.target or "", _("not visible to you")
        return lambda value, names: harmless(names.get((target, value), unseen))
    if field.kind is Kind.DATETIME:
        return lambda value, names: local(value, zone).strftime("%Y-%m-%d %H:%M:%S")
    if field.kind is Kind.DATE:
        return lambda value, names: str(value.isoformat())
    if field.kind in _NUMBERS:
        return lambda value, names: format(value, "f") if isinstance(value, Decimal) else str(value)
    return lambda value, names: harmless(value if type(value) is str else str(value))


def in_chunks(rows: Iterable[Any], size: int) -> Iterator[list[Any]]:
    """Rows in lists of at most `size`."""
    chunk: list[Any] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
