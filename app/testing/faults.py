"""Faults in tests: a worker that dies by SIGKILL at a chosen moment, and its job found by the next one."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

from sqlalchemy import select, update

from app.db import db, reading, session
from app.jobs.leases import JOBS
from app.jobs.runner import run_pending


def dies(act: Callable[[], object]) -> None:
    """Do `act` in a process of its own, which has to end by SIGKILL."""
    session.remove()
    child = os.fork()
    if child == 0:
        try:
            db.engine.dispose(close=False)
            act()
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


def die() -> None:
    """SIGKILL to this process: nothing is tidied up, nothing committed."""
    os.kill(os.getpid(), signal.SIGKILL)


def dying(act: Callable[..., Any], time: int = 1, *, late: bool = False) -> Callable[..., Any]:
    """`act` that kills its process when it is called for that time: before it has done anything, or (`late`) when all
    it does is written and nothing of it committed."""
    calls: list[int] = []

    def call(*given: Any, **named: Any) -> Any:
        calls.append(1)
        if len(calls) == time and not late:
            die()
        found = act(*given, **named)
        if len(calls) == time:
            session.flush()
            die()
        return found

    return call


def work_until_dead(holder: Any, name: str, time: int = 1, *, late: bool = False) -> None:
    """Let a worker take what is due and die in what `holder` has under that name (an attribute, a key of a dict)."""

    def work() -> None:
        if isinstance(holder, dict):
            holder[name] = dying(holder[name], time, late=late)
        else:
            setattr(holder, name, dying(getattr(holder, name), time, late=late))
        run_pending()

    dies(work)


def find_again(job_id: int) -> None:
    """Let a job be found at once: its worker is gone, or it waits for its next try."""
    free = {"lease_until": JOBS.c.created_at, "run_after": JOBS.c.created_at}
    session.connection().execute(update(JOBS).where(JOBS.c.id == job_id).values(free))
    session.commit()


def job_state(job_id: int) -> tuple[str, Any]:
    """Status and result of a job, as they are committed."""
    row = _committed(job_id)
    return row.status, row.result


def times_begun(job_id: int) -> int:
    """How many workers have taken a job up so far."""
    return int(_committed(job_id).fence)


def _committed(job_id: int) -> Any:
    """Read past the test's session, so that asking again and again keeps no writer from SQLite."""
    with reading(), db.engine.connect() as connection:
        return connection.execute(select(JOBS).where(JOBS.c.id == job_id)).one()


__all__ = ["die", "dies", "dying", "find_again", "job_state", "times_begun", "work_until_dead"]
