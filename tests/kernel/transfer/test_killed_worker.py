"""JOB-1: a worker killed with -9 in the middle of an import, Valkey flushed: complete, nothing twice."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from flask import Flask
from sqlalchemy import func, select

from app.access.audit import verify
from app.customers.models import Customer, CustomerOwnership
from app.db import db, reading, session
from app.host.valkey import embedded_valkey
from app.jobs import hints
from app.jobs.leases import JOBS
from app.testing.processes import start
from app.transfer.models import Import
from app.transfer.services import imports
from tests.kernel.transfer.tables import again, csv_bytes, place, uploaded

ROWS = 20_000
ROOT = Path(__file__).resolve().parents[3]
WORKER = ROOT / "tests" / "kernel" / "jobs" / "worker_process.py"

pytestmark = pytest.mark.usefixtures("as_system")


def until(answer: Callable[[], Any], seconds: float = 40.0) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := answer()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return found


@pytest.fixture
def valkey(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A real Valkey, and where this process sends its hints."""
    with embedded_valkey(tmp_path / "valkey") as url:
        monkeypatch.setattr(hints, "redis_url", lambda _instance: url)
        monkeypatch.setattr(hints, "_silent_until", 0.0)
        yield url


class Worker:
    """The product's worker, started anew whenever it dies."""

    def __init__(self, instance: Path, url: str, said: Path) -> None:
        self.said = said
        self.process = start(WORKER, instance, url, 1.0, said=said)

    def kill(self) -> None:
        """SIGKILL to the worker that runs now."""
        lines = [line for line in self.said.read_text("utf-8").splitlines() if line.startswith("worker ")]
        assert lines, self.said.read_text("utf-8")
        os.kill(int(lines[-1].split()[1]), signal.SIGKILL)

    def end(self) -> None:
        self.process.end()


@pytest.fixture
def worker(app: Flask, tmp_path: Path, valkey: str) -> Iterator[Worker]:
    made = Worker(tmp_path / "instance", valkey, tmp_path / "worker.said")
    yield made
    made.end()


def seen(statement: Any) -> Any:
    """What is committed, seen from outside the test's session."""
    with reading(), db.engine.connect() as connection:
        return connection.scalar(statement)


def done_rows(made: Import) -> int:
    return seen(select(Import.__table__.c.done_count).where(Import.__table__.c.id == made.id)) or 0


def test_an_import_survives_killed_workers_and_an_emptied_valkey(worker: Worker, valkey: str) -> None:
    place()
    rows = ((f"客户{n}", f"K{n:06}", "E1") for n in range(ROWS))
    made = uploaded(csv_bytes(("name", "code", "owner_id"), *rows, ("", "X1", ""), ("坏", "X2", "E404")))
    job_id = imports.start_import(made.id)

    kills = 0
    for least in (1, 7_000, 14_000):
        assert until(lambda least=least: done_rows(made) >= least), worker.said.read_text("utf-8")
        if done_rows(made) < ROWS:
            worker.kill()
            kills += 1
        with redis.Redis.from_url(valkey) as client:
            client.flushall()
    status = select(JOBS.c.status).where(JOBS.c.id == job_id)
    assert until(lambda: seen(status) == "done"), worker.said.read_text("utf-8")

    assert kills >= 1
    session.rollback()
    made = again(made)
    assert (made.status, made.created_count, made.failed_count) == ("done", ROWS, 2)
    assert session.scalar(select(func.count()).select_from(Customer)) == ROWS
    assert session.scalar(select(func.count(Customer.code.distinct()))) == ROWS
    assert session.scalar(select(func.count()).select_from(CustomerOwnership)) == ROWS
    assert made.error_file
    assert verify(session)[1] == ""
