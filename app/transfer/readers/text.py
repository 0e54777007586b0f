"""Text tables: the encoding, the delimiter, the rows."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator
from pathlib import Path

from charset_normalizer import from_bytes

from app.transfer.rules.limits import MAX_CELL, BadFile

DELIMITERS = (",", ";", "\t", "|")
_BLOCK = 1 << 20
_SAMPLE = 1 << 18

#: (number of the first line, what is wrong or "", cells)
Row = tuple[int, str, list[str]]


def encoding_of(path: Path) -> str:
    """The encoding of a text file: a byte-order mark, UTF-8, GB18030, UTF-16, what charset-normalizer finds,
    Latin-1.

    UTF-8 and GB18030 are taken only if the whole file can be read so.
    """
    with path.open("rb") as handle:
        sample = handle.read(_SAMPLE)
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if sample.startswith(mark):
            return name
    if b"\x00" in sample:
        return "utf-16-le" if sample[1::2].count(0) >= sample[0::2].count(0) else "utf-16-be"
    if _readable(path, "utf-8"):
        return "utf-8"
    if _looks_chinese(sample) and _readable(path, "gb18030"):
        return "gb18030"
    best = from_bytes(sample).best()
    if best is not None and best.encoding and _readable(path, best.encoding):
        return str(best.encoding)
    return "latin-1"


def _readable(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    with path.open("rb") as handle:
        try:
            while block := handle.read(_BLOCK):
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _looks_chinese(sample: bytes) -> bool:
    """Whether the bytes above ASCII mostly come in pairs of the common Chinese range (GB 2312 rows 16–87)."""
    pairs = common = place = 0
    while place < len(sample) - 1:
        if sample[place] < 0x80:
            place += 1
            continue
        pairs += 1
        if 0xA1 <= sample[place] <= 0xF7 and 0xA1 <= sample[place + 1] <= 0xFE:
            common += 1
        place += 2
    return pairs > 0 and common >= pairs * 0.8


def delimiter_of(path: Path, encoding: str) -> str:
    """The delimiter that cuts the first lines into the most columns, evenly; a comma when none does."""
    lines: list[str] = []
    with path.open(encoding=encoding, errors="replace", newline="") as handle:
        for line in handle:
            lines.append(line[:20_000])
            if len(lines) == 40:
                break
    best, score = ",", (0.0, 0)
    for delimiter in DELIMITERS:
        try:
            widths = [len(row) for row in csv.reader(lines, delimiter=delimiter) if row]
        except csv.Error:
            continue
        if not widths or widths[0] < 2:
            continue
        even = sum(width == widths[0] for width in widths) / len(widths)
        score, best = max((score, best), ((round(even, 1), widths[0]), delimiter))
    return best


def text_rows(path: Path, encoding: str, delimiter: str) -> Iterator[Row]:
    """The rows of a text table with the number of the line each begins on. Raises `BadFile` when it cannot be
    decoded.

    A row whose quotes never close is passed on with its problem, so one cut line does not lose the rest.
    """
    csv.field_size_limit(MAX_CELL * 4)
    try:
        with path.open(encoding=encoding, newline="") as handle:
            reader = csv.reader(handle, delimiter=delimiter, strict=False)
            while True:
                first = reader.line_num + 1
                try:
                    cells = next(reader)
                except StopIteration:
                    return
                except csv.Error:
                    yield first, "broken_row", []
                    continue
                if cells:
                    yield first, "", cells
    except UnicodeDecodeError as wrong:
        raise BadFile("encoding", encoding=encoding) from wrong
