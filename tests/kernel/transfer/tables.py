"""Tables for the tests of import and export, and short ways through an import."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from contextlib import contextmanager
from typing import Any

import xlsxwriter

from app.db import session, transaction
from app.fields.records import create_record
from app.host.context import entity
from app.organisation.models import Employee, Unit
from app.transfer.models import Import
from app.transfer.rules.mapping import Mapping, read_mapping
from app.transfer.services import imports
from app.transfer.services.running import run_import


class Here:
    """A run without a worker: each chunk is a transaction of its own."""

    def __init__(self) -> None:
        self.chunks = 0

    @contextmanager
    def chunk(self, key: object) -> Any:
        with transaction():
            yield
        self.chunks += 1

    def progress(self, done: int, total: int | None = None, message: object = None) -> None:
        pass

    def check_cancelled(self) -> None:
        pass


def csv_bytes(*rows: Sequence[Any], encoding: str = "utf-8", delimiter: str = ",") -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(rows)
    return text.getvalue().encode(encoding)


def xlsx_bytes(*rows: Sequence[Any]) -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"default_date_format": "yyyy-mm-dd", "strings_to_formulas": False})
    sheet = book.add_worksheet()
    for number, cells in enumerate(rows):
        sheet.write_row(number, 0, cells)
    book.close()
    return out.getvalue()


def uploaded(content: bytes, name: str = "客户.csv", slug: str = "customer", mapping: Mapping | None = None) -> Import:
    return imports.upload(io.BytesIO(content), name, slug, mapping=mapping)


def imported(
    content: bytes,
    name: str = "客户.csv",
    slug: str = "customer",
    *,
    duplicates: str = "skip",
    fields: dict[str, Any] | None = None,
) -> Import:
    mapping = read_mapping({"fields": fields, "duplicates": duplicates}) if fields else None
    made = uploaded(content, name, slug, mapping)
    with transaction():
        made.duplicates = duplicates
    imports.begin(made.id)
    run_import(Here(), made.id)
    return again(made)


def again(made: Import) -> Import:
    """The import as the database has it now."""
    return session.get_one(Import, made.id, populate_existing=True)


def place() -> tuple[Unit, Employee]:
    """A unit with one employee."""
    unit = create_record(entity("unit"), {"code": "B1", "name": "城东支行"})
    return unit, create_record(entity("employee"), {"code": "E1", "name": "王经理", "unit_id": unit.id})
