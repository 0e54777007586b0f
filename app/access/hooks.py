"""What the room brings to every site."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import lazy_gettext as _l

from app.access import unmasking
from app.access.exporting import limits
from app.access.jobs import seal_job
from app.access.role_templates import KERNEL_TEMPLATES
from app.access.signin.settings import SETTINGS
from app.hookspecs import hookimpl
from app.types import JobSpec, RoleTemplate, Setting


@hookimpl
def role_templates() -> Sequence[RoleTemplate]:
    return KERNEL_TEMPLATES


@hookimpl
def settings() -> Sequence[Setting]:
    return (*SETTINGS, *unmasking.SETTINGS, *limits.SETTINGS)


@hookimpl
def jobs() -> Sequence[JobSpec]:
    return (JobSpec("access.seal", _l("Sealing of the audit log"), seal_job, schedule="17 * * * *"),)
