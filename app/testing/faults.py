"""Faults in tests: a worker that dies by SIGKILL at a chosen moment, its job found by the next one, two at once."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from flask import Flask, current_app
from sqlalchemy import select, update

from app.access.actors import acting_as
from app.db import db, reading, session
from app.jobs.leases import JOBS
from app.jobs.runner import run_pending
from app.types import SYSTEM


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


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Do all of these in the same instant, each as another process of the product would: with a session of its own, as
    whom it says (the installation, if it does not). Their answers in order; raises what the first of them ran into."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    together = threading.Barrier(len(acts), timeout=60)
    session.remove()

    def do(act: Callable[[], Any]) -> Any:
        with app.app_context(), acting_as(SYSTEM):
            together.wait()
            try:
                return act()
            finally:
                session.remove()

    with ThreadPoolExecutor(len(acts)) as pool:
        return [future.result() for future in [pool.submit(do, act) for act in acts]]


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


__all__ = ["at_once", "die", "dies", "dying", "find_again", "job_state", "times_begun", "work_until_dead"]
