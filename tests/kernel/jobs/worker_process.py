"""Workers of the product with the handlers of these tests; whenever one dies, the next is forked.

Usage: worker_process.py INSTANCE REDIS_URL LEASE_SECONDS. Each worker says its process number.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import marshmallow as ma
from flask import Flask
from sqlalchemy import Column, Integer, MetaData, String, Table, insert

from app.db import db, session
from app.host.context import context
from app.jobs.rules import Timing
from app.jobs.services import Run
from app.jobs.sites import SiteApps
from app.jobs.worker import Worker
from app.types import JobSpec

#: What the handlers do; nothing in it forbids doing it twice.
EFFECTS = Table("test_effect", MetaData(), Column("job_id", Integer), Column("part", String(20)))


def effect(run: Run, part: object) -> None:
    session.connection().execute(insert(EFFECTS).values(job_id=run.job_id, part=str(part)))


class Parts(ma.Schema):
    parts = ma.fields.Integer(required=True)
    pause = ma.fields.Float(load_default=0.0)


def in_parts(run: Run, parts: int, pause: float) -> dict[str, int]:
    for part in range(parts):
        if run.is_done(part):
            continue
        with run.chunk(part):
            effect(run, part)
            run.state["count"] = run.state.get("count", 0) + 1
            run.progress(part + 1, parts)
        time.sleep(pause)
    return {"count": run.state["count"]}


def at_once(run: Run, parts: int, pause: float) -> None:
    effect(run, "all")
    time.sleep(pause)


def hangs(run: Run) -> None:
    effect(run, "never")
    time.sleep(60)


def deaf(run: Run) -> None:
    """Takes no interruption, as a call into C would."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with suppress(BaseException):
            time.sleep(0.1)


SPECS = (
    JobSpec("test.parts", "In parts", in_parts, schema=Parts, retries=50),
    JobSpec("test.once", "At once", at_once, schema=Parts, retries=50),
    JobSpec("test.hangs", "Hangs", hangs, timeout=timedelta(seconds=0.5), retries=0),
    JobSpec("test.deaf", "Deaf", deaf, timeout=timedelta(seconds=0.5), retries=0),
)


def add_handlers(app: Flask) -> None:
    context(app).jobs.update({spec.name: spec for spec in SPECS})


class Sites(SiteApps):
    """The sites' apps with the tests' handlers."""

    def get(self, slug: str) -> Flask | None:
        app = super().get(slug)
        if app is not None:
            add_handlers(app)
        return app


def work(sites: Sites, url: str, lease: float) -> None:
    timing = Timing(lease=lease, beat=0.3, poll=0.5, backoff=0.2, grace=0.5)
    Worker(sites, (), timing, lambda: url).work()


def main(instance: str, url: str, lease: str) -> None:
    logging.basicConfig(level=logging.INFO, format="%(process)d %(message)s")
    sites = Sites(Path(instance))
    for _slug, app in sites:
        with app.app_context():
            db.engine.dispose()
    while True:
        child = os.fork()
        if child == 0:
            print(f"worker {os.getpid()}", flush=True)
            code = 1
            try:
                work(sites, url, float(lease))
                code = 0
            except BaseException:
                logging.exception("worker")
            finally:
                os._exit(code)
        _pid, status = os.waitpid(child, 0)
        if os.waitstatus_to_exitcode(status) == 0:
            return


if __name__ == "__main__":
    main(*sys.argv[1:])
