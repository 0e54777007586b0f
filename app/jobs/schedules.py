"""Schedules: seeded from the modules, made into jobs when due, changed on screen."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

from flask_babel import force_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import Table, select, update

from app.access.actors import require_actor
from app.access.audit import Act, record_acts
from app.access.scope import UNSCOPED
from app.db import now, reading, session, transaction
from app.host.context import context
from app.jobs.leases import JOBS
from app.jobs.models import Schedule
from app.jobs.rules import CatchUp, Due, due_runs
from app.jobs.rules.cron import Cron, CronError, read_cron
from app.jobs.services import enqueue, hint_after_commit, insert_ignoring
from app.types import SYSTEM, JobSpec, Refused

log = logging.getLogger(__name__)

SCHEDULES = cast(Table, Schedule.__table__)
_unscoped = {UNSCOPED: True}

CRON_ERRORS = {
    "form": _l("Write five parts: minute, hour, day, month, weekday; for example 30 2 * * *"),
    "never": _l("This never happens"),
    "minute": _l("The minute must be from 0 to 59"),
    "hour": _l("The hour must be from 0 to 23"),
    "day": _l("The day must be from 1 to 31"),
    "month": _l("The month must be from 1 to 12"),
    "weekday": _l("The weekday must be from 0 (Sunday) to 7 (Sunday)"),
}


def site_zone() -> ZoneInfo:
    """The time zone schedules are written in."""
    return ZoneInfo(context().site.timezone)


def sync_schedules() -> list[str]:
    """Create the schedules that modules bring and this site does not have yet; returns their job names.

    What an admin has changed stays; a schedule of a module that is switched off waits for its return.
    """
    specs = {name: spec for name, spec in context().jobs.items() if spec.schedule}
    with reading():
        known = set(session.scalars(select(Schedule.name).execution_options(**_unscoped)))
        session.rollback()
    made = sorted(set(specs) - known)
    if not made:
        return []
    with transaction() as current:
        for name in made:
            spec = specs[name]
            values = {"name": name, "cron": read_cron(spec.schedule or "").text, "arguments": {}}
            current.connection().execute(insert_ignoring(current, SCHEDULES).values(**values))
    return made


def make_due_jobs(at: datetime | None = None) -> list[int]:
    """Make the jobs whose time has come, and those that were missed; returns their ids.

    Any number of schedulers may do this at the same time: (schedule, business date, slot) is unique.
    """
    at = at or now()
    zone = site_zone()
    with reading():
        schedules = session.scalars(
            select(Schedule).where(Schedule.enabled).execution_options(**_unscoped, populate_existing=True)
        ).all()
        for schedule in schedules:
            session.expunge(schedule)  # read again out here, it would keep every writer from SQLite
        session.rollback()
    made: list[int] = []
    for schedule in schedules:
        spec = context().jobs.get(schedule.name)
        if spec is None:
            continue
        try:
            cron = read_cron(schedule.cron)
            runs = due_runs(cron, schedule.reached_at, at, zone, schedule.catch_up)
            if cron.next_after(schedule.reached_at, zone) <= at:
                made += _make_jobs(spec, schedule, runs, at)
        except Exception:
            log.exception("schedule %s", schedule.name)
            session.rollback()
    return made


def _make_jobs(spec: JobSpec, schedule: Schedule, runs: list[Due], at: datetime) -> list[int]:
    """One row per run that has none yet, and the mark moved on, in one transaction."""
    made: list[int] = []
    site = context().site
    with force_locale(site.locale), transaction() as current:
        connection = current.connection()
        for run in runs:
            job_id = connection.scalar(
                insert_ignoring(current, JOBS)
                .values(
                    name=spec.name,
                    title=str(spec.label)[:200],
                    arguments=schedule.arguments,
                    queue=spec.queue,
                    max_attempts=spec.retries + 1,
                    schedule_id=schedule.id,
                    business_date=run.date,
                    slot=run.slot,
                    locale=site.locale,
                    timezone=site.timezone,
                )
                .returning(JOBS.c.id)
            )
            if job_id is not None:
                made.append(job_id)
                hint_after_commit(job_id, spec.queue)
        moved: dict[str, Any] = {"reached_at": at}
        if runs:
            moved["last_date"] = runs[-1].date
        connection.execute(
            update(SCHEDULES)
            .where(SCHEDULES.c.id == schedule.id, SCHEDULES.c.reached_at < at)
            .values(**moved)
        )
    return made


def change_schedule(schedule_id: int, *, cron: str, enabled: bool, catch_up: str) -> Schedule:
    """Change when a job runs by itself; it counts from now on. Raises `Refused` by field; nothing is kept."""
    errors: dict[str, str] = {}
    try:
        cron = checked_cron(cron).text
    except Refused as refused:
        errors |= {"cron": str(refused.reason)}
    if catch_up not in tuple(CatchUp):
        errors["catch_up"] = _("This is not one of the choices")
    if errors:
        raise Refused(errors=errors)
    with transaction() as current:
        schedule = current.scalar(select(Schedule).where(Schedule.id == schedule_id).with_for_update())
        if schedule is None:
            raise Refused(_("There is no such schedule"))
        if cron != schedule.cron or (enabled and not schedule.enabled):
            # What the new times would have been before now is not made up for.
            schedule.reached_at = now()
        before = (schedule.cron, schedule.enabled, schedule.catch_up)
        schedule.cron, schedule.enabled, schedule.catch_up = cron, enabled, catch_up
        changes = {
            field: [old, new]
            for field, old, new in zip(
                ("cron", "enabled", "catch_up"), before, (cron, enabled, catch_up), strict=True
            )
            if old != new
        }
        if changes:
            record_acts(current, [Act("update", "job_schedule", str(schedule.id), schedule.name, changes)])
        return schedule


def find_schedule(schedule_id: int) -> Schedule | None:
    """The schedule of that number."""
    return session.scalar(select(Schedule).where(Schedule.id == schedule_id))


def run_schedule_now(schedule_id: int) -> int:
    """Run a scheduled job once, now, beside its schedule; returns the job's id. Raises `Refused`."""
    require_actor()
    schedule = find_schedule(schedule_id)
    if schedule is None:
        raise Refused(_("There is no such schedule"))
    if schedule.name not in context().jobs:
        raise Refused(_("The module this job belongs to is switched off"))
    return enqueue(schedule.name, schedule.arguments, actor=SYSTEM, unique_key="now")


def checked_cron(text: str) -> Cron:
    """A cron expression a person typed. Raises `Refused` saying which part is wrong."""
    try:
        return read_cron(text)
    except CronError as error:
        raise Refused(str(CRON_ERRORS[error.field])) from error
