"""Looking after jobs nobody looks after: hints that got lost, workers that died, rows that are old."""

from __future__ import annotations

from datetime import timedelta

from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import and_, or_, select, update

from app.db import now, reading, session, transaction
from app.host.context import context
from app.host.settings import setting
from app.jobs.hints import is_quiet, send_hints
from app.jobs.leases import JOBS
from app.jobs.removing import remove_rows
from app.jobs.rules import Status
from app.jobs.services import Run

#: The most jobs woken in one sweep.
MOST_HINTS = 200
#: Rows removed in one transaction.
BATCH = 2000
KEEP_DAYS = "jobs.keep_days"


def sweep() -> tuple[int, int]:
    """(jobs failed for good, hints sent again) for this site; the scheduler does this every few seconds."""
    failed = fail_exhausted()
    return failed, wake_waiting()


def fail_exhausted() -> int:
    """Fail the running jobs whose last allowed worker is gone; returns how many."""
    at = now()
    left = and_(JOBS.c.status == Status.RUNNING, JOBS.c.lease_until < at, JOBS.c.attempts >= JOBS.c.max_attempts)
    with reading():
        found = session.connection().scalar(select(JOBS.c.id).where(left).limit(1))
        session.rollback()
    if found is None:
        return 0
    with force_locale(context().site.locale), transaction() as current:
        row = current.connection().execute(
            update(JOBS)
            .where(left)
            .values(
                status=Status.FAILED,
                owner=None,
                lease_until=None,
                finished_at=at,
                updated_at=at,
                error=_("The worker ended in the middle of this job, each time it was tried"),
            )
        )
        return int(row.rowcount)


def wake_waiting() -> int:
    """Send hints for the jobs that wait, unless hints wait already; returns how many."""
    at = now()
    free = or_(
        and_(JOBS.c.status == Status.QUEUED, JOBS.c.run_after <= at),
        and_(JOBS.c.status == Status.RUNNING, JOBS.c.lease_until < at),
    )
    with reading():
        waiting = (
            session.connection()
            .execute(select(JOBS.c.id, JOBS.c.queue).where(free, JOBS.c.name.in_(context().jobs)).limit(MOST_HINTS))
            .all()
        )
        session.rollback()
    quiet = {queue for queue in {queue for _id, queue in waiting} if is_quiet(context().site, queue)}
    return send_hints(context().site, [(job_id, queue) for job_id, queue in waiting if queue in quiet])


def remove_old_jobs(run: Run) -> dict[str, int]:
    """The job ``jobs.tidy``: remove jobs that ended more than ``jobs.keep_days`` ago, with their logs."""
    before = now() - timedelta(days=setting(KEEP_DAYS))
    ended = (Status.DONE, Status.FAILED, Status.CANCELLED)
    return remove_rows(run, JOBS, select(JOBS.c.id).where(JOBS.c.status.in_(ended), JOBS.c.finished_at < before), BATCH)
