"""What background work brings to every site."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import lazy_gettext as _l
from sqlalchemy import true

from app.hookspecs import hookimpl
from app.jobs.models import Job
from app.jobs.schemas import JOB
from app.jobs.services import VIEW
from app.jobs.sweeping import KEEP_DAYS, remove_old_jobs
from app.jobs.views import JobView, ScheduleView
from app.types import (
    Actor,
    Entity,
    JobSpec,
    Kind,
    MenuGroup,
    MenuItem,
    RoleTemplate,
    ScopeFilter,
    Setting,
)

_READ = {VIEW: ("can_list", "can_show")}


@hookimpl
def entities() -> Sequence[Entity]:
    return (JOB,)


@hookimpl
def views() -> Sequence[type]:
    return (JobView, ScheduleView)


@hookimpl
def menu() -> Sequence[MenuGroup]:
    return (
        MenuGroup(
            "background",
            _l("Background work"),
            "clock",
            (
                MenuItem("jobs", _l("Background tasks"), "JobView.list", VIEW, icon="progress", order=10),
                MenuItem(
                    "schedules", _l("Schedules"), "ScheduleView.list", "ScheduleView", icon="alarm", order=20
                ),
            ),
            order=850,
        ),
    )


@hookimpl
def role_templates() -> Sequence[RoleTemplate]:
    slugs = ("account_manager", "department_head", "city_manager")
    return tuple(RoleTemplate(slug, "", _READ) for slug in slugs)


@hookimpl
def jobs() -> Sequence[JobSpec]:
    return (
        JobSpec("jobs.tidy", _l("Removal of old background tasks"), remove_old_jobs, schedule="30 3 * * *"),
    )


@hookimpl
def settings() -> Sequence[Setting]:
    return (
        Setting(
            KEEP_DAYS,
            _l("Days ended background tasks are kept"),
            Kind.INTEGER,
            180,
            minimum=7,
            maximum=3650,
        ),
    )


@hookimpl
def scope_filters(entity: str, actor: Actor) -> Sequence[ScopeFilter]:
    """A job is seen by whoever asked for it, and by those who may list all."""
    if entity != JOB.slug:
        return ()
    if actor.can("can_list_all", VIEW):
        return (ScopeFilter(also=true()),)
    return (ScopeFilter(also=Job.created_by == actor.user_id),) if actor.user_id is not None else ()
