"""Asking for background work, cancelling it, trying it again."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from marshmallow import ValidationError
from sqlalchemy import Insert, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.access.actors import current_actor, require_actor
from app.access.audit import Act, record_acts
from app.access.scope import UNSCOPED
from app.db import after_commit, now, session, transaction
from app.host.context import context
from app.jobs.hints import send_hints
from app.jobs.leases import JOBS, LostLease
from app.jobs.models import Job
from app.jobs.rules import OPEN, Status, may_cancel, may_retry
from app.jobs.run import Cancelled, Run, TimedOut, plain_json
from app.types import Actor, JobSpec, Refused

#: The permission name of the screens.
VIEW = "JobView"

__all__ = [
    "VIEW",
    "Cancelled",
    "LostLease",
    "Run",
    "TimedOut",
    "cancel_job",
    "enqueue",
    "find_job",
    "retry_job",
]


def enqueue(
    name: str,
    arguments: dict[str, Any] | None = None,
    *,
    actor: Actor | None = None,
    run_after: datetime | None = None,
    unique_key: str | None = None,
    title: str | None = None,
    priority: int = 0,
) -> int:
    """Ask for a job; returns its id. The row belongs to the caller's transaction, the hint goes out after its
    commit.

    The job acts as `actor`, else as who acts now. With a `unique_key`, a job of this name and key that still
    waits or runs is returned instead of a second one. Raises `LookupError` for a name no module brings,
    `Refused` for arguments its schema does not take.
    """
    spec = context().jobs.get(name)
    if spec is None:
        raise LookupError(f"no job is called '{name}'")
    acting = actor or require_actor()
    asking = current_actor() or acting
    plain = checked_arguments(spec, arguments or {})
    due_at = run_after or now()
    values = {
        "name": name,
        "title": str(title or spec.label)[:200],
        "arguments": plain,
        "queue": spec.queue,
        "priority": priority,
        "run_after": due_at,
        "unique_key": unique_key,
        "max_attempts": spec.retries + 1,
        "created_by": asking.user_id,
        "employee_id": asking.employee_id,
        "actor_id": None if acting.is_system else acting.user_id,
        "locale": asking.locale,
        "timezone": asking.timezone,
    }
    with transaction() as current:
        job_id, is_new = _insert_job(current, values)
        if is_new and due_at <= now():
            hint_after_commit(job_id, spec.queue)
    return job_id


def hint_after_commit(job_id: int, queue: str) -> None:
    """Wake a worker for a job once the running transaction has committed."""
    site = context().site

    def send() -> None:
        send_hints(site, [(job_id, queue)])

    after_commit(send)


def checked_arguments(spec: JobSpec, arguments: dict[str, Any]) -> dict[str, Any]:
    """Arguments as JSON, checked by the job's schema. Raises `Refused` by argument."""
    plain: dict[str, Any] = plain_json(arguments)
    if spec.schema is None:
        if plain:
            raise Refused(_("This job takes no arguments"))
        return {}
    try:
        spec.schema().load(plain)
    except ValidationError as error:
        raise Refused(
            errors={str(field): str(text) for field, text in error.normalized_messages().items()}
        ) from error
    return plain


def insert_ignoring(current: Session, table: Any) -> Insert:
    """An INSERT that does nothing where a unique index already has the row, on either database."""
    kind = current.get_bind().dialect.name
    made: Any = postgresql.insert(table) if kind == "postgresql" else sqlite.insert(table)
    return made.on_conflict_do_nothing()


def _insert_job(current: Session, values: dict[str, Any]) -> tuple[int, bool]:
    """(id, whether it is new)."""
    connection = current.connection()
    if values["unique_key"] is None:
        return int(connection.execute(insert(JOBS).values(**values).returning(JOBS.c.id)).scalar_one()), True
    same = select(JOBS.c.id).where(
        JOBS.c.name == values["name"], JOBS.c.unique_key == values["unique_key"], JOBS.c.status.in_(OPEN)
    )
    while True:
        if (found := connection.scalar(same)) is not None:
            return found, False
        made = connection.scalar(insert_ignoring(current, JOBS).values(**values).returning(JOBS.c.id))
        if made is not None:
            return made, True


def find_job(job_id: int) -> Job | None:
    """The job as it is now if the actor may see it: its own jobs, or all with ``can_list_all``."""
    return session.scalar(select(Job).where(Job.id == job_id).execution_options(populate_existing=True))


def cancel_job(job_id: int) -> Status:
    """Cancel a job the actor may see; returns where it stands then.

    A waiting one is cancelled at once; a running one ends at its next chunk, keeping what it has committed.
    Raises `Refused` for one that is over.
    """
    with transaction() as current:
        job = _of_actor(job_id)
        if not may_cancel(job.status):
            raise Refused(_("This job is over already"))
        connection = current.connection()
        row = connection.execute(
            update(JOBS)
            .where(JOBS.c.id == job_id, JOBS.c.status == Status.QUEUED)
            .values(status=Status.CANCELLED, cancel_requested=True, finished_at=now(), updated_at=now())
        )
        if row.rowcount:
            status = Status.CANCELLED
        else:
            row = connection.execute(
                update(JOBS)
                .where(JOBS.c.id == job_id, JOBS.c.status == Status.RUNNING)
                .values(cancel_requested=True, updated_at=now())
            )
            if not row.rowcount:
                raise Refused(_("This job is over already"))
            status = Status.RUNNING
        record_acts(current, [Act("cancel", "job", str(job_id), job.title)])
        return status


def retry_job(job_id: int) -> None:
    """Put a failed or cancelled job the actor may see back into the queue; it goes on after its last chunk.

    Raises `Refused` in any other state, and while the same work waits or runs already.
    """
    with transaction() as current:
        job = _of_actor(job_id)
        if not may_retry(job.status):
            raise Refused(_("Only a failed or cancelled job can be tried again"))
        if job.name not in context().jobs:
            raise Refused(_("The module this job belongs to is switched off"))
        if job.unique_key is not None:
            same = select(func.count()).where(
                JOBS.c.name == job.name, JOBS.c.unique_key == job.unique_key, JOBS.c.status.in_(OPEN)
            )
            if current.connection().scalar(same):
                raise Refused(_("The same work waits or runs already"))
        row = current.connection().execute(
            update(JOBS)
            .where(JOBS.c.id == job_id, JOBS.c.status == job.status)
            .values(
                status=Status.QUEUED,
                run_after=now(),
                attempts=0,
                cancel_requested=False,
                started_at=None,
                finished_at=None,
                seconds=None,
                error="",
                trace="",
                updated_at=now(),
            )
        )
        if not row.rowcount:
            raise Refused(_("Only a failed or cancelled job can be tried again"))
        record_acts(current, [Act("retry", "job", str(job_id), job.title)])
        hint_after_commit(job_id, job.queue)


def _of_actor(job_id: int) -> Job:
    job = find_job(job_id)
    if job is None:
        raise Refused(_("There is no such job, or you may not see it"))
    actor = require_actor()
    if job.created_by != actor.user_id and not actor.can("can_edit", VIEW):
        raise Refused(_("You may see this job, but not change it"))
    return job


def job_of_system(job_id: int) -> Job | None:
    """The job whoever acts; for the installation's own commands."""
    return session.scalar(
        select(Job).where(Job.id == job_id).execution_options(**{UNSCOPED: True, "populate_existing": True})
    )
