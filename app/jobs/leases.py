"""Who may work on a job: claims, fences, renewal, endings. Plain statements on connections of their own.

A worker commits something for a job only together with a statement that says "the fence is still mine", so of
two that believe to own a job only one can write.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, cast
from uuid import uuid4

from sqlalchemy import Connection, Engine, Table, and_, delete, func, insert, or_, select, update
from sqlalchemy.sql import ColumnElement

from app.db import now, reading
from app.jobs.models import Job, JobChunk, JobLog
from app.jobs.rules import TIMING, Status, Timing, lease_end

JOBS, LOGS, CHUNKS = (cast(Table, model.__table__) for model in (Job, JobLog, JobChunk))

#: The longest error text kept.
LONGEST_TEXT = 20_000


class LostLease(Exception):
    """Somebody else owns the job now, or it is over: nothing more may be written for it."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A job as its worker got it; `fence` is what makes its writes count."""

    job_id: int
    fence: int
    name: str
    arguments: dict[str, Any]
    state: dict[str, Any]
    attempts: int
    max_attempts: int
    created_by: int | None
    actor_id: int | None
    locale: str
    timezone: str
    business_date: date | None
    started_at: datetime
    cancel_requested: bool
    progress_done: int
    progress_total: int | None
    message: str


def _is_free(at: datetime) -> ColumnElement[bool]:
    """Waiting and due, or left by a worker whose lease has run out."""
    c = JOBS.c
    return or_(
        and_(c.status == Status.QUEUED, c.run_after <= at),
        and_(c.status == Status.RUNNING, c.lease_until < at, c.attempts < c.max_attempts),
    )


def claim(
    engine: Engine,
    names: Collection[str],
    *,
    owner: str | None = None,
    job_id: int | None = None,
    queues: Collection[str] | None = None,
    timing: Timing = TIMING,
) -> Claim | None:
    """Take one free job, the most urgent first, or that job if it is free; None when there is none.

    `names` are the jobs this worker has handlers for. PostgreSQL passes over rows another worker is taking;
    SQLite holds the write lock from the first statement on (`app.db`), so there one UPDATE decides.
    """
    at = now()
    c = JOBS.c
    wanted = [_is_free(at), c.name.in_(names)]
    if job_id is not None:
        wanted.append(c.id == job_id)
    if queues is not None:
        wanted.append(c.queue.in_(queues))
    chosen = (
        select(c.id)
        .where(*wanted)
        .order_by(c.priority.desc(), c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    taking = (
        update(JOBS)
        .where(c.id == chosen.scalar_subquery())
        .values(
            status=Status.RUNNING,
            owner=owner or uuid4().hex,
            fence=c.fence + 1,
            attempts=c.attempts + 1,
            lease_until=lease_end(at, timing),
            started_at=func.coalesce(c.started_at, at),
            updated_at=at,
        )
        .returning(
            *(c[name] for name in Claim.__dataclass_fields__ if name != "job_id"), c.id.label("job_id")
        )
    )
    if engine.dialect.name == "sqlite" and not _is_any(engine, wanted):
        return None  # an idle worker leaves the write lock alone
    with engine.begin() as connection:
        row = connection.execute(taking).mappings().one_or_none()
    return None if row is None else Claim(**row)


def _is_any(engine: Engine, wanted: list[ColumnElement[bool]]) -> bool:
    """Whether there is something to claim, without the write lock."""
    with reading(), engine.connect() as connection:
        return connection.execute(select(JOBS.c.id).where(*wanted).limit(1)).first() is not None


def still_mine(claimed: Claim) -> ColumnElement[bool]:
    """The condition under which a claim's writes count."""
    c = JOBS.c
    return and_(c.id == claimed.job_id, c.fence == claimed.fence, c.status == Status.RUNNING)


def write_mine(connection: Connection, claimed: Claim, **values: Any) -> bool:
    """Change the job with the running transaction; True when somebody asked to cancel it.

    Raises `LostLease` when the claim no longer holds: the caller rolls back. The row stays locked until the
    commit.
    """
    row = connection.execute(
        update(JOBS)
        .where(still_mine(claimed))
        .values(updated_at=now(), **values)
        .returning(JOBS.c.cancel_requested)
    ).one_or_none()
    if row is None:
        raise LostLease(claimed.job_id)
    return bool(row.cancel_requested)


def renew(
    engine: Engine, claimed: Claim, timing: Timing, values: dict[str, Any], lines: list[dict[str, Any]]
) -> bool:
    """Prolong the lease and write progress and log; True when asked to cancel. Raises `LostLease`."""
    with engine.begin() as connection:
        add_lines(connection, lines)
        return write_mine(connection, claimed, lease_until=lease_end(now(), timing), **values)


def committed_chunks(connection: Connection, job_id: int) -> set[str]:
    """Keys of the parts of a job that are done."""
    return set(connection.scalars(select(CHUNKS.c.key).where(CHUNKS.c.job_id == job_id)))


def add_chunk(connection: Connection, claimed: Claim, key: str) -> None:
    """Note a part as done with the running transaction; a second time is an integrity error."""
    connection.execute(insert(CHUNKS).values(job_id=claimed.job_id, key=key))


def forget_chunks(connection: Connection, job_id: int) -> None:
    """Remove the notes of a job that is over."""
    connection.execute(delete(CHUNKS).where(CHUNKS.c.job_id == job_id))


def add_lines(connection: Connection, lines: list[dict[str, Any]]) -> None:
    """Write log lines."""
    if lines:
        connection.execute(insert(LOGS), lines)


def ending(claimed: Claim) -> dict[str, Any]:
    """What is written of a job when it is over: the moment, and how long it took."""
    at = now()
    return {
        "finished_at": at,
        "seconds": round((at - claimed.started_at).total_seconds()),
        "owner": None,
        "lease_until": None,
    }


def end(engine: Engine, claimed: Claim, status: Status, **values: Any) -> bool:
    """Take a job out of work without its effect (failed, cancelled, queued again); False when it was lost."""
    if status is not Status.QUEUED:
        values |= ending(claimed)
    for name in ("error", "trace"):
        if name in values:
            values[name] = values[name][-LONGEST_TEXT:]
    try:
        with engine.begin() as connection:
            write_mine(
                connection, claimed, **{"owner": None, "lease_until": None, "status": status, **values}
            )
    except LostLease:
        return False
    return True
