"""The spool: an uploaded table as lines of JSON, ``[number, problem, cells]``, heading first.

Every later step (preview, check, import, error file) reads it from a byte offset, in constant memory,
whatever the
file was; a killed import goes on where its last chunk ended.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from app.transfer.readers.content import table_in
from app.transfer.readers.text import delimiter_of, encoding_of, text_rows
from app.transfer.rules.limits import (
    MAX_CELL,
    MAX_COLUMNS,
    MAX_HEADING,
    MAX_ROWS,
    MAX_SHEET_MEMORY,
    MAX_SHEET_SECONDS,
    BadFile,
)

_SHEET_PROCESS = Path(__file__).with_name("sheet.py")
_BLOCK = 500
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Table:
    """What was found in a file. `rows` counts the rows after the heading, `start` is where they begin in the
    spool."""

    kind: str
    header: tuple[str, ...]
    rows: int
    start: int
    encoding: str = ""
    delimiter: str = ""


class Line(NamedTuple):
    """One row of a spool: its number in the original file, where its line ends, what is wrong with it, its
    cells."""

    number: int
    end: int
    problem: str
    cells: list[Any]


def make_spool(
    source: Path, name: str, target: Path, *, member: str = "", encoding: str = "", delimiter: str = ""
) -> Table:
    """Turn an uploaded file into a spool at `target`. Raises `BadFile`; no spool is then left behind.

    Text is streamed. A workbook's first sheet is read by a process of its own, as Calamine loads it as a
    whole.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="qiao-read-") as folder:
            kind, path = table_in(source, name, Path(folder), member)
            if kind == "xlsx":
                return _spool_sheet(path, target)
            chosen = encoding or encoding_of(path)
            cut = delimiter or delimiter_of(path, chosen)
            return _spool_text(path, target, chosen, cut)
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def _spool_text(path: Path, target: Path, encoding: str, delimiter: str) -> Table:
    rows = text_rows(path, encoding, delimiter)
    header: tuple[str, ...] = ()
    for _number, _problem, cells in rows:
        if any(cell.strip() for cell in cells):
            header = headings(cells)
            break
    if not header:
        raise BadFile("empty")
    width, count = len(header), 0
    with target.open("w", encoding="utf-8", newline="") as out:
        start = len(_write(out, 1, "", list(header)).encode())
        for number, problem, cells in rows:
            if not problem and len(cells) != width:
                if not any(cells):
                    continue
                problem = _fit(cells, width)
            count += 1
            if count > MAX_ROWS:
                raise BadFile("too_many_rows", limit=MAX_ROWS)
            _write(out, number, problem, cells)
    return Table("csv", header, count, start, encoding, delimiter)


def _fit(cells: list[str], width: int) -> str:
    """Cut empty cells beyond the heading off; anything else of another width is a problem of the row."""
    if len(cells) < width:
        return "short_row"
    if any(cells[width:]):
        return "long_row"
    del cells[width:]
    return ""


def _write(out: Any, number: int, problem: str, cells: list[Any]) -> str:
    line = _encode([number, problem, cells]) + "\n"
    out.write(line)
    return line


def _spool_sheet(path: Path, target: Path) -> Table:
    command = [
        sys.executable,
        "-I",
        str(_SHEET_PROCESS),
        str(path),
        str(target),
        str(MAX_ROWS),
        str(MAX_COLUMNS),
        str(MAX_SHEET_MEMORY),
    ]
    try:
        done = subprocess.run(command, capture_output=True, timeout=MAX_SHEET_SECONDS, check=False)
    except subprocess.TimeoutExpired as slow:
        raise BadFile("bomb") from slow
    if done.returncode < 0:
        raise BadFile("bomb")
    try:
        answer = json.loads(done.stdout)
    except ValueError as wrong:
        raise BadFile("broken") from wrong
    if code := answer.pop("code", ""):
        raise BadFile(code, **answer)
    with target.open("rb") as handle:
        first = handle.readline()
    if not first:
        raise BadFile("empty")
    header = headings(json.loads(first)[2])
    return Table("xlsx", header, answer["rows"] - 1, len(first))


def headings(cells: Sequence[Any]) -> tuple[str, ...]:
    """Names of the columns: blanks are numbered, repeated ones get a number behind. Raises `BadFile` for too
    many.

    >>> headings(["name", "", "name"])
    ('name', '#2', 'name (2)')
    """
    texts = ["" if cell is None else str(cell).strip()[:MAX_HEADING] for cell in cells]
    while texts and not texts[-1]:
        texts.pop()
    if len(texts) > MAX_COLUMNS:
        raise BadFile("too_many_columns", limit=MAX_COLUMNS)
    found: dict[str, None] = {}
    for place, text in enumerate(texts, 1):
        name, again = text or f"#{place}", 1
        while name in found:
            again += 1
            name = f"{text or f'#{place}'} ({again})"
        found[name] = None
    return tuple(found)


def read_lines(spool: Path, offset: int, count: int | None = None) -> Iterator[Line]:
    """Rows of a spool from a byte offset on, `count` of them or all."""
    with spool.open("rb") as handle:
        handle.seek(offset)
        end = offset
        lines = islice(handle, count)
        while block := list(islice(lines, _BLOCK)):  # one document is read quicker than its lines
            for line, (number, problem, cells) in zip(block, json.loads(b"[" + b",".join(block) + b"]"), strict=True):
                end += len(line)
                yield Line(number, end, problem, cells)


def line_at(spool: Path, offset: int) -> Line:
    """The row whose line begins at this offset."""
    return next(read_lines(spool, offset, 1))


__all__ = ["MAX_CELL", "Line", "Table", "headings", "line_at", "make_spool", "read_lines"]
