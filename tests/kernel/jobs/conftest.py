"""Jobs, a real Valkey and real worker processes to kill."""

from __future__ import annotations

import importlib.util
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
from flask import Flask
from sqlalchemy import insert, select

from app.access.models import Preference
from app.db import db, reading, session
from app.host.context import context
from app.host.valkey import embedded_valkey
from app.jobs import hints, leases
from app.jobs.leases import JOBS
from app.testing.processes import Process, start
from app.types import JobSpec

HERE = Path(__file__).resolve().parent


def load(name: str) -> Any:
    """A script of this folder as a module."""
    spec = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


worker_process = load("worker_process")


def until(answer: Callable[[], Any], seconds: float = 45.0) -> Any:
    """Ask until the answer is true; the last answer."""
    deadline = time.monotonic() + seconds
    while not (found := answer()) and time.monotonic() < deadline:
        time.sleep(0.03)
    return found


class Jobs:
    """The jobs of the test's site, seen from outside any session."""

    def __init__(self, app: Flask) -> None:
        self.app = app

    def add(self, handler: Callable[..., Any], name: str = "test.job", **options: Any) -> str:
        """Register a handler in the test's own process."""
        options.setdefault("timeout", timedelta(seconds=30))
        context(self.app).jobs[name] = JobSpec(name, "Test job", handler, **options)
        return name

    def row(self, job_id: int) -> Any:
        """The job as it is committed."""
        return self.query(select(JOBS).where(JOBS.c.id == job_id))[0]

    def status(self, *job_ids: int) -> set[str]:
        """The states these jobs are in."""
        return {row.status for row in self.query(select(JOBS.c.status).where(JOBS.c.id.in_(job_ids)))}

    def effects(self, job_id: int | None = None) -> Counter[tuple[int, str]]:
        """How often each (job, part) took effect."""
        table = worker_process.EFFECTS
        rows = self.query(select(table.c.job_id, table.c.part))
        return Counter((row.job_id, row.part) for row in rows if job_id in (None, row.job_id))

    def write(self, part: str = "x") -> None:
        """What a test's handler does to the database; nothing forbids doing it twice."""
        session.execute(insert(Preference.__table__).values(user_id=1, key=part, value="job"))

    def written(self) -> list[str]:
        """What handlers have written and committed, in order."""
        table = Preference.__table__
        return [row.key for row in self.query(select(table.c.key).order_by(table.c.id))]

    def lines(self, job_id: int) -> list[str]:
        """The job's log."""
        logs = leases.LOGS
        return [
            row.text
            for row in self.query(select(logs.c.text).where(logs.c.job_id == job_id).order_by(logs.c.id))
        ]

    def query(self, statement: Any) -> list[Any]:
        with reading(), db.engine.connect() as connection:
            return list(connection.execute(statement).all())


@pytest.fixture
def jobs(app: Flask) -> Jobs:
    """The site's jobs, and the handlers of `worker_process` by name."""
    worker_process.add_handlers(app)
    session.commit()  # SQLite has one writer at a time
    with db.engine.begin() as connection:
        worker_process.EFFECTS.create(connection)
    return Jobs(app)


@pytest.fixture(scope="session")
def valkey_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real Valkey for all tests of this process."""
    with embedded_valkey(tmp_path_factory.mktemp("valkey")) as url:
        yield url


@pytest.fixture
def valkey(valkey_server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[redis.Redis]:
    """That Valkey, empty, and where this process sends its hints."""
    monkeypatch.setattr(hints, "redis_url", lambda _instance: valkey_server)
    monkeypatch.setattr(hints, "_silent_until", 0.0)
    with redis.Redis.from_url(valkey_server) as client:
        client.flushall()
        yield client


class Workers:
    """A worker process that is started anew when it dies, and the means to kill it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.said_path = folder / "workers.said"
        self.process: Process | None = None

    def start(self, url: str, lease: float = 1.0) -> None:
        script = HERE / "worker_process.py"
        self.process = start(script, self.folder / "instance", url, lease, said=self.said_path)

    def said(self) -> str:
        return self.said_path.read_text("utf-8")

    def pids(self) -> list[int]:
        """The process numbers of all workers so far."""
        return [int(line.split()[1]) for line in self.said().splitlines() if line.startswith("worker ")]

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Kill the worker that runs now."""
        pids = until(self.pids, 30)
        assert pids, self.said()
        os.kill(pids[-1], number)

    def end(self) -> None:
        """Leave nothing running."""
        if self.process is not None:
            self.process.end()
            self.process = None


@pytest.fixture
def workers(app: Flask, tmp_path: Path) -> Iterator[Workers]:
    made = Workers(tmp_path)
    yield made
    made.end()
