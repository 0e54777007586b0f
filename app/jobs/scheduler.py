"""The scheduler process: makes the jobs that are due and sweeps, for every site."""

from __future__ import annotations

import logging
import signal
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from flask import Flask

from app.access.actors import acting_as
from app.db import session
from app.jobs.schedules import make_due_jobs, sync_schedules
from app.jobs.sites import SiteApps
from app.jobs.sweeping import sweep
from app.types import SYSTEM

log = logging.getLogger(__name__)

#: Seconds between two rounds.
ROUND_SECONDS = 5.0


def run_scheduler(instance: Path, *, round_seconds: float = ROUND_SECONDS) -> None:
    """Schedule and sweep until SIGTERM or Ctrl-C. Call it from the main thread.

    Several may run at the same time, on several machines: no run is made twice.
    """
    ended = False

    def stop(_number: int, _frame: FrameType | None) -> None:
        nonlocal ended
        ended = True

    def pause() -> None:
        over = time.monotonic() + round_seconds
        while not ended and time.monotonic() < over:
            time.sleep(0.1)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    schedule_until(lambda: ended, SiteApps(instance), pause)
    log.info("scheduler ended")


def schedule_until(is_over: Callable[[], bool], sites: SiteApps, pause: Callable[[], object]) -> None:
    """Do rounds over all sites until it is over."""
    while not is_over():
        for slug, app in sites:
            try:
                one_round(app)
            except Exception:
                log.exception("site %s: its schedules cannot be looked after", slug)
        pause()


def one_round(app: Flask) -> None:
    """Take over new schedules of the modules, make what is due, sweep."""
    with app.app_context(), acting_as(SYSTEM):
        try:
            for name in sync_schedules():
                log.info("schedule %s is new", name)
            for job_id in make_due_jobs():
                log.info("job %s is due", job_id)
            sweep()
        finally:
            session.remove()
