"""Background work in tests: run what was asked for, here and now; let schedulers look at their schedules."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import update

from app.db import session
from app.jobs import schedules
from app.jobs.models import Schedule
from app.jobs.rules import Due
from app.jobs.runner import run_pending
from app.jobs.scheduler import one_round
from app.types import JobSpec


def reach_schedule(name: str, at: datetime) -> None:
    """Let the schedule of a job have been looked after until then, and not since."""
    schedules.sync_schedules()
    session.execute(update(Schedule).where(Schedule.name == name).values(reached_at=at))
    session.commit()


@contextmanager
def schedulers_meet(name: str, count: int = 2) -> Iterator[None]:
    """So many schedulers wait for each other when each knows that this job is due and none has made it yet."""
    meeting, make = threading.Barrier(count, timeout=60), schedules._make_jobs

    def make_together(spec: JobSpec, schedule: Schedule, runs: list[Due], at: datetime) -> list[int]:
        if spec.name == name:
            meeting.wait()
        return make(spec, schedule, runs, at)

    schedules._make_jobs = make_together
    try:
        yield
    finally:
        schedules._make_jobs = make


__all__ = ["one_round", "reach_schedule", "run_pending", "schedulers_meet"]
