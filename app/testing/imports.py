"""Imports in tests: a file as somebody uploads it, and its undo, both as jobs that wait to be run."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

from app.db import session
from app.transfer.models import Import
from app.transfer.services import imports
from app.transfer.services.undo import start_undo


def start_file(slug: str, *rows: Sequence[Any]) -> tuple[int, int]:
    """Begin the import of rows, the first of which names the fields; the ids of the import and of its job."""
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    made = imports.upload(io.BytesIO(text.getvalue().encode()), f"{slug}.csv", slug)
    return made.id, imports.start_import(made.id)


def import_state(import_id: int) -> Import:
    """An import as the database has it now."""
    return session.get_one(Import, import_id, populate_existing=True)


__all__ = ["import_state", "start_file", "start_undo"]
