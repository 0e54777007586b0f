"""What import and export bring to every site."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from flask_babel import lazy_gettext as _l

from app.fields.files import keep_files_with
from app.hookspecs import hookimpl
from app.transfer.jobs import (
    ExportArguments,
    ImportArguments,
    check_job,
    clean_job,
    export_job,
    import_job,
    undo_job,
)
from app.transfer.services import control, field_files
from app.transfer.views import AttachmentView, ExportLogView, ExportView, ImportView, attachments_tab
from app.types import JobSpec, MenuGroup, MenuItem, Setting, Tab

#: Entities of the kernel whose records carry files.
WITH_FILES = frozenset({"customer", "activity"})
keep_files_with(field_files)


@hookimpl
def jobs() -> Sequence[JobSpec]:
    hours = timedelta(hours=6)
    return (
        JobSpec("transfer.import", _l("Import"), import_job, ImportArguments, timeout=hours),
        JobSpec("transfer.check", _l("Check of an import"), check_job, ImportArguments, timeout=hours),
        JobSpec("transfer.undo", _l("Undo of an import"), undo_job, ImportArguments, timeout=hours),
        JobSpec("transfer.export", _l("Export"), export_job, ExportArguments, timeout=hours),
        JobSpec("transfer.clean", _l("Clearing of old import and export files"), clean_job, schedule="40 * * * *"),
    )


@hookimpl
def views() -> Sequence[type]:
    return (ImportView, ExportView, ExportLogView, AttachmentView)


@hookimpl
def menu() -> Sequence[MenuGroup]:
    log = MenuItem("exports", _l("Export log"), "ExportLogView.list", "ExportLogView", icon="file-export", order=45)
    return (MenuGroup("system", _l("System"), "settings", (log,), order=900),)


@hookimpl
def settings() -> Sequence[Setting]:
    return control.SETTINGS


@hookimpl
def record_tabs(entity: str) -> Sequence[Tab]:
    return (attachments_tab(),) if entity in WITH_FILES else ()
