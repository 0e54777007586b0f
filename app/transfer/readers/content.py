"""What a file is, by its first bytes; and the one table inside a packed file."""

from __future__ import annotations

import gzip
import zipfile
import zlib
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from typing import IO

from app.transfer.rules.limits import (
    MAX_MEMBERS,
    MAX_RATIO,
    MAX_UNPACKED,
    SMALL_UNPACKED,
    BadFile,
    refuse_bomb,
)

#: First bytes of what people send instead of a table, with the word for it.
_OTHER = (
    (b"%PDF", "PDF"),
    (b"\x89PNG", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF8", "GIF"),
    (b"{\\rtf", "RTF"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!", "RAR"),
    (b"\x7fELF", "ELF"),
    (b"MZ", "EXE"),
    (b"SQLite format 3", "SQLite"),
    (b"PAR1", "Parquet"),
)
_TEXT_SUFFIXES = frozenset({".csv", ".txt", ".tsv", ".tab", ".asc", ".dat", ".psv"})
_BLOCK = 1 << 20


def content_of(head: bytes) -> str:
    """``xlsx or zip`` is "zip"; otherwise "gzip", "text". Raises `BadFile` for what is no table at all."""
    if not head.strip(b"\x00"):
        raise BadFile("empty")
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "zip"
    if head.startswith(b"\x1f\x8b"):
        return "gzip"
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise BadFile("old_excel")
    for magic, word in _OTHER:
        if head.startswith(magic):
            raise BadFile("not_a_table", kind=word)
    start = head[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<!doctype html", b"<html", b"<table", b"<?xml", b"<svg")):
        raise BadFile("not_a_table", kind="HTML / XML")
    if b"\x00" in head and not _may_be_utf16(head):
        raise BadFile("binary")
    return "text"


def _may_be_utf16(head: bytes) -> bool:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    pairs = len(head) // 2
    return pairs > 8 and max(head[0::2].count(0), head[1::2].count(0)) > pairs * 0.3


def table_in(path: Path, name: str, folder: Path, member: str = "") -> tuple[str, Path]:
    """("xlsx" or "text", the file to read): unpacks a .gz or a zip with one table into `folder`.

    `name` is what the person calls the file; a suffix that contradicts the content is refused, so nobody
    imports something else than they think. `member` is a pattern choosing among several tables of a zip.
    Raises `BadFile`.
    """
    with path.open("rb") as handle:
        kind = content_of(handle.read(4096))
    suffix = PurePosixPath(name.replace("\\", "/")).suffix.lower()
    if kind == "gzip":
        _agree(suffix, {".gz", ".tgz"}, "gzip")
        inner = folder / "unpacked"
        _gunzip(path, inner)
        return _inside(inner, name[: -len(suffix)] if suffix else "")
    if kind == "zip":
        with _open_zip(path) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            _check_zip(path, entries)
            names = {entry.filename for entry in entries}
            if "xl/workbook.xml" in names:
                _agree(suffix, {".xlsx", ".xlsm"}, "Excel")
                return "xlsx", path
            if "[Content_Types].xml" in names or "xl/workbook.bin" in names:
                raise BadFile("not_a_table", kind="Office")
            _agree(suffix, {".zip"}, "ZIP")
            entry = _the_table(entries, member)
            inner = folder / "unpacked"
            with archive.open(entry) as source:
                _copy(source, inner, entry.compress_size)
            return _inside(inner, entry.filename)
    if suffix and suffix not in _TEXT_SUFFIXES:
        if suffix in (".xlsx", ".xlsm", ".xls", ".gz", ".zip"):
            raise BadFile("not_its_name", suffix=suffix, kind="CSV")
        raise BadFile("suffix", suffix=suffix[:20])
    return "text", path


def _inside(inner: Path, name: str) -> tuple[str, Path]:
    with inner.open("rb") as handle:
        kind = content_of(handle.read(4096))
    if kind == "zip" and zipfile.is_zipfile(inner):
        with _open_zip(inner) as archive:
            entries = archive.infolist()
            _check_zip(inner, entries)
            if "xl/workbook.xml" in {entry.filename for entry in entries}:
                return "xlsx", inner
    if kind != "text":
        raise BadFile("nested")
    if PurePosixPath(name).suffix.lower() in (".xlsx", ".xlsm", ".xls"):
        raise BadFile("not_its_name", suffix=PurePosixPath(name).suffix, kind="CSV")
    return "text", inner


def _agree(suffix: str, allowed: set[str], kind: str) -> None:
    if suffix and suffix not in allowed:
        raise BadFile("not_its_name", suffix=suffix[:20], kind=kind)


def _open_zip(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, ValueError, OSError) as broken:
        raise BadFile("broken") from broken


def _check_zip(path: Path, entries: list[zipfile.ZipInfo]) -> None:
    if len(entries) > MAX_MEMBERS:
        raise BadFile("bomb")
    refuse_bomb(path.stat().st_size, sum(entry.file_size for entry in entries))
    if any(entry.flag_bits & 1 for entry in entries):
        raise BadFile("encrypted")


def _the_table(entries: list[zipfile.ZipInfo], member: str) -> zipfile.ZipInfo:
    tables = [
        entry
        for entry in entries
        if not entry.filename.startswith("__MACOSX/") and not PurePosixPath(entry.filename).name.startswith(".")
    ]
    if member:
        tables = [entry for entry in tables if fnmatch(entry.filename, member)]
    if len(tables) > 1:
        listed = ", ".join(sorted(PurePosixPath(entry.filename).name for entry in tables)[:8])
        raise BadFile("many_tables", names=listed)
    if not tables:
        raise BadFile("no_table")
    return tables[0]


def _gunzip(path: Path, target: Path) -> None:
    with gzip.open(path) as source:
        _copy(source, target, path.stat().st_size)


def _copy(source: IO[bytes] | gzip.GzipFile, target: Path, packed: int) -> None:
    """Unpack in blocks; what grows beyond the limits is stopped on the way, whatever its head claims."""
    done = 0
    try:
        with target.open("wb") as out:
            while block := source.read(_BLOCK):
                done += len(block)
                if done > MAX_UNPACKED or (done > SMALL_UNPACKED and done > MAX_RATIO * max(packed, 1)):
                    raise BadFile("bomb")
                out.write(block)
    except (EOFError, OSError, zlib.error, zipfile.BadZipFile, NotImplementedError, RuntimeError) as broken:
        raise BadFile("broken") from broken
