"""Jobs, their logs and chunks, and the schedules that make them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Date,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.access.models import BigId
from app.db import Model, UtcDateTime, now

_OPEN = text("status IN ('queued', 'running')")


class Schedule(Model):
    """When a job runs by itself: one per job name, seeded from the module, edited on screen.

    `reached_at` is the moment up to which every due run has its row; what was due while no scheduler ran
    lies after it and is caught up.
    """

    __tablename__ = "jobs_schedule"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    arguments: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    #: minute hour day month weekday, in the site's time zone
    cron: Mapped[str] = mapped_column(String(100))
    enabled: Mapped[bool] = mapped_column(Boolean, default=True)
    #: What happens to runs missed while nothing ran: all of them, the last one, none.
    catch_up: Mapped[str] = mapped_column(String(8), default="last")
    reached_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    #: The business date of the last run that was made.
    last_date: Mapped[date | None] = mapped_column(Date)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now, onupdate=now)

    def __repr__(self) -> str:
        return self.name


class Job(Model):
    """One piece of background work and all that is known of it; Redis only ever holds its id.

    `fence` counts the claims: what a worker commits for a job holds only while the fence is still the one of
    its claim. `attempts` counts the claims since the last committed progress.
    """

    __tablename__ = "jobs_job"
    __table_args__ = (
        UniqueConstraint("schedule_id", "business_date", "slot"),
        Index("ix_jobs_job_open", "status", "run_after", postgresql_where=_OPEN, sqlite_where=_OPEN),
        Index(
            "uq_jobs_job_open_key",
            "name",
            "unique_key",
            unique=True,
            postgresql_where=_OPEN,
            sqlite_where=_OPEN,
        ),
        Index("ix_jobs_job_created_by", "created_by", "id"),
        Index("ix_jobs_job_name", "name", "id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    #: What the person reads, in the language of whoever asked for it.
    title: Mapped[str] = mapped_column(String(200), default="")
    arguments: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    queue: Mapped[str] = mapped_column(String(40), default="default")
    #: queued · running · done · failed · cancelled
    status: Mapped[str] = mapped_column(String(10), default="queued")
    priority: Mapped[int] = mapped_column(Integer, default=0)
    run_after: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    unique_key: Mapped[str | None] = mapped_column(String(120))

    owner: Mapped[str | None] = mapped_column(String(80))
    fence: Mapped[int] = mapped_column(Integer, default=0)
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    max_attempts: Mapped[int] = mapped_column(Integer, default=3)
    cancel_requested: Mapped[bool] = mapped_column(Boolean, default=False)

    #: The login that asked for it; none for the installation's own work.
    created_by: Mapped[int | None] = mapped_column(Integer)
    #: That person's employee record, for showing the name.
    employee_id: Mapped[int | None] = mapped_column(Integer)
    #: The login it acts as; none for the installation itself.
    actor_id: Mapped[int | None] = mapped_column(Integer)
    locale: Mapped[str] = mapped_column(String(10), default="zh")
    timezone: Mapped[str] = mapped_column(String(40), default="Asia/Shanghai")

    #: What the handler needs to go on where it stopped; committed with each chunk.
    state: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    progress_done: Mapped[int] = mapped_column(BigInteger, default=0)
    progress_total: Mapped[int | None] = mapped_column(BigInteger)
    message: Mapped[str] = mapped_column(String(500), default="")
    result: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    error: Mapped[str] = mapped_column(Text, default="")
    trace: Mapped[str] = mapped_column(Text, default="")

    schedule_id: Mapped[int | None] = mapped_column(ForeignKey("jobs_schedule.id", ondelete="SET NULL"))
    business_date: Mapped[date | None] = mapped_column(Date)
    #: The time of day for a schedule that runs several times a day, else empty.
    slot: Mapped[str] = mapped_column(String(5), default="")

    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: From the first start to the end.
    seconds: Mapped[int | None] = mapped_column(Integer)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)

    def __repr__(self) -> str:
        return self.title or self.name


class JobChunk(Model):
    """A committed part of a job; its key makes sure that no part is ever committed twice."""

    __tablename__ = "jobs_chunk"

    job_id: Mapped[int] = mapped_column(ForeignKey("jobs_job.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(String(120), primary_key=True)


class JobLog(Model):
    """A line a handler or the runner wrote about a run."""

    __tablename__ = "jobs_log"
    __table_args__ = (Index("ix_jobs_log_job", "job_id", "id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    job_id: Mapped[int] = mapped_column(ForeignKey("jobs_job.id", ondelete="CASCADE"))
    #: Which claim of the job wrote it.
    fence: Mapped[int] = mapped_column(Integer, default=0)
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    text: Mapped[str] = mapped_column(Text)
