"""What approvals bring to every site."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import lazy_gettext as _l

from app.approvals import models
from app.approvals.services.telling import KINDS, TELL_JOB, Tell, tell_module
from app.hookspecs import hookimpl
from app.types import JobSpec, NoticeKind


@hookimpl
def jobs() -> Sequence[JobSpec]:
    return (JobSpec(TELL_JOB, _l("The end of an approval for a module"), tell_module, schema=Tell, retries=10),)


@hookimpl
def notice_kinds() -> Sequence[NoticeKind]:
    return KINDS


__all__ = ["models"]
