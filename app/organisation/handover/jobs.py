"""The two jobs of a handover: there, and back."""

from __future__ import annotations

from datetime import timedelta

from flask_babel import lazy_gettext as _l

from app.organisation.handover.running import run_handover
from app.organisation.handover.schemas import HandoverArguments
from app.organisation.handover.services import JOB, UNDO_JOB
from app.organisation.handover.undoing import run_undo
from app.types import JobSpec

#: A hundred thousand customers take minutes; a slow machine has time.
LONGEST = timedelta(hours=6)

JOBS = (
    JobSpec(JOB, _l("Work handover"), run_handover, schema=HandoverArguments, timeout=LONGEST),
    JobSpec(UNDO_JOB, _l("Undo of a work handover"), run_undo, schema=HandoverArguments, timeout=LONGEST),
)
