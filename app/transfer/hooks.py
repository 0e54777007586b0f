"""What import and export bring to every site."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from flask_babel import lazy_gettext as _l

from app.hookspecs import hookimpl
from app.transfer.jobs import ImportArguments, check_job, import_job, undo_job
from app.types import JobSpec


@hookimpl
def jobs() -> Sequence[JobSpec]:
    hours = timedelta(hours=6)
    return (
        JobSpec("transfer.import", _l("Import"), import_job, ImportArguments, timeout=hours),
        JobSpec("transfer.check", _l("Check of an import"), check_job, ImportArguments, timeout=hours),
        JobSpec("transfer.undo", _l("Undo of an import"), undo_job, ImportArguments, timeout=hours),
    )
