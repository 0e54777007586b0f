"""Background handlers of import and export."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields

from app.jobs.services import Run
from app.transfer.services.cleaning import remove_old_files
from app.transfer.services.exports import write_export
from app.transfer.services.imports import check
from app.transfer.services.running import run_import
from app.transfer.services.undo import run_undo


class ImportArguments(Schema):
    """Which import."""

    import_id = fields.Integer(required=True, strict=True)


class ExportArguments(Schema):
    """Which export."""

    export_id = fields.Integer(required=True, strict=True)


def import_job(run: Run, import_id: int) -> dict[str, Any]:
    """Import a file, or what is left of it."""
    return run_import(run, import_id)


def undo_job(run: Run, import_id: int) -> dict[str, Any]:
    """Undo an import as a whole."""
    return run_undo(run, import_id)


def check_job(run: Run, import_id: int) -> dict[str, Any]:
    """Check a whole file without writing."""
    return check(import_id, run=run)["counts"]


def export_job(run: Run, export_id: int) -> dict[str, int]:
    """Write the file of an export; killed, it is written anew."""

    def step(done: int, total: int) -> None:
        run.check_cancelled()
        run.progress(done, total)

    return {"rows": write_export(export_id, step)}


def clean_job(run: Run) -> dict[str, int]:
    """Remove files whose time is over."""
    return {"removed": remove_old_files()}
