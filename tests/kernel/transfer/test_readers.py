"""Files of every usual kind are read; what is no table is refused with a clear reason."""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path

import pytest

from app.transfer.readers.spool import Table, headings, make_spool, read_lines
from app.transfer.rules.limits import BadFile
from tests.kernel.transfer.tables import csv_bytes, xlsx_bytes

ROWS = (("姓名", "金额", "备注"), ("张三", "1,000.50", "他说“好”"), ("李四", "", "两\n行"))


def read(folder: Path, content: bytes, name: str, member: str = "") -> tuple[Table, list[list[object]]]:
    source, target = folder / "source", folder / "spool"
    source.write_bytes(content)
    table = make_spool(source, name, target, member=member)
    return table, [line.cells for line in read_lines(target, table.start)]


def refused(folder: Path, content: bytes, name: str) -> str:
    with pytest.raises(BadFile) as caught:
        read(folder, content, name)
    assert not (folder / "spool").exists()
    return caught.value.code


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_encodings_and_delimiters(tmp_path: Path, encoding: str, delimiter: str) -> None:
    table, rows = read(tmp_path, csv_bytes(*ROWS, encoding=encoding, delimiter=delimiter), "a.csv")
    assert table.header == ROWS[0]
    assert table.delimiter == delimiter
    assert [tuple(row) for row in rows] == list(ROWS[1:])


@pytest.mark.parametrize("encoding", ["latin-1", "cp1250"])
def test_western_letters(tmp_path: Path, encoding: str) -> None:
    names = (
        ["Müller", "Grün", "José", "Peña", "Zürich", "Özil", "Ärzte"] if encoding == "latin-1" else ["Dvořák", "Čapek"]
    )
    content = csv_bytes(("name", "town"), *((name, "Brno") for name in names), encoding=encoding)
    _table, rows = read(tmp_path, content, "a.csv")
    assert rows[0][0] == names[0]


def test_a_workbook(tmp_path: Path) -> None:
    table, rows = read(tmp_path, xlsx_bytes(("姓名", "", "金额"), ("张三", None, 12.5), ("李四", "x", 3)), "a.xlsx")
    assert (table.kind, table.header, table.rows) == ("xlsx", ("姓名", "#2", "金额"), 2)
    assert rows == [["张三", None, 12.5], ["李四", "x", 3]]


def test_packed_tables(tmp_path: Path) -> None:
    plain = csv_bytes(*ROWS)
    assert read(tmp_path, gzip.compress(plain), "a.csv.gz")[0].rows == 2
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("in/a.csv", plain)
        archive.writestr("__MACOSX/in/._a.csv", b"\x00\x05")
        archive.writestr("in/.DS_Store", b"x")
    assert read(tmp_path, packed.getvalue(), "a.zip")[0].rows == 2
    with zipfile.ZipFile(packed, "a") as archive:
        archive.writestr("in/b.csv", csv_bytes(("x", "y"), (1, 2)))
    assert refused(tmp_path, packed.getvalue(), "a.zip") == "many_tables"
    assert read(tmp_path, packed.getvalue(), "a.zip", member="*b.csv")[0].header == ("x", "y")


def test_a_cut_row_is_a_problem_of_that_row_only(tmp_path: Path) -> None:
    table, _rows = read(tmp_path, b'a;b;c\n1;2;3\n4;5;6;7\n8;"9', "a.asc")
    lines = list(read_lines(tmp_path / "spool", table.start))
    assert [(line.number, line.problem) for line in lines] == [(2, ""), (3, "long_row"), (4, "short_row")]


def test_what_a_file_is_decides_its_content(tmp_path: Path) -> None:
    table, packed = csv_bytes(*ROWS), xlsx_bytes(*ROWS)
    assert refused(tmp_path, table, "a.xlsx") == "not_its_name"
    assert refused(tmp_path, packed, "a.csv") == "not_its_name"
    assert refused(tmp_path, gzip.compress(table), "a.csv") == "not_its_name"
    assert refused(tmp_path, table, "a.exe") == "suffix"
    assert refused(tmp_path, b"%PDF-1.7 x", "a.csv") == "not_a_table"
    assert refused(tmp_path, b"<html><table><tr><td>1", "a.xls") == "not_a_table"
    assert refused(tmp_path, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "a.xls") == "old_excel"
    assert refused(tmp_path, b"MZ\x90\x00\x03", "a.csv") == "not_a_table"
    assert refused(tmp_path, b"a,b\x00\x01\x02c\n", "a.csv") == "binary"
    assert refused(tmp_path, b"", "a.csv") == "empty"
    assert refused(tmp_path, b"\n\n , \n", "a.csv") == "empty"
    assert refused(tmp_path, packed[: len(packed) // 2], "a.xlsx") == "broken"
    assert refused(tmp_path, gzip.compress(table)[:-9], "a.csv.gz") == "broken"
    assert refused(tmp_path, gzip.compress(gzip.compress(table)), "a.csv.gz.gz") == "nested"


def test_bombs_are_refused_before_they_go_off(tmp_path: Path) -> None:
    zeros = b"0" * (60 * 1024 * 1024)
    assert refused(tmp_path, gzip.compress(zeros), "a.csv.gz") == "bomb"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", zeros)
    assert refused(tmp_path, packed.getvalue(), "a.zip") == "bomb"
    sheet = io.BytesIO(xlsx_bytes(("a",), ("1",)))
    with zipfile.ZipFile(sheet, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/x.bin", zeros)
    assert refused(tmp_path, sheet.getvalue(), "a.xlsx") == "bomb"


def test_a_sheet_with_a_far_corner_is_refused(tmp_path: Path) -> None:
    """One cell at XFD1048576 makes a sheet of 17 thousand million cells."""
    sheet = xlsx_bytes(("a", "b"), ("1", "2"))
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(sheet)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            data = old.read(entry)
            if entry.filename == "xl/worksheets/sheet1.xml":
                far = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
                data = data.replace(b"</sheetData>", far)
            new.writestr(entry.filename, data)
    assert refused(tmp_path, out.getvalue(), "a.xlsx") in ("bomb", "too_many_columns")


def test_too_many_columns(tmp_path: Path) -> None:
    assert refused(tmp_path, csv_bytes([f"c{n}" for n in range(400)], range(400)), "a.csv") == "too_many_columns"
    wide = xlsx_bytes([f"c{n}" for n in range(400)], list(range(400)))
    assert refused(tmp_path, wide, "a.xlsx") == "too_many_columns"


def test_headings_are_made_unique() -> None:
    assert headings(["a", "", "a", "a (2)", None]) == ("a", "#2", "a (2)", "a (2) (2)")
