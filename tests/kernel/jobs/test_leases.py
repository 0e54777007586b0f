"""Leases and fences: of many that claim one gets the job, whoever lost it commits nothing."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from app.db import db, now, session
from app.jobs import leases
from app.jobs.rules import Timing
from app.jobs.run import Run
from app.jobs.runner import run_claimed, run_one, run_pending
from app.jobs.services import LostLease, cancel_job, enqueue
from app.jobs.sweeping import sweep

QUICK = Timing(lease=5, beat=0.05, backoff=0.0)


@pytest.mark.usefixtures("as_system")
class TestLeases:
    def test_of_many_that_claim_each_job_has_one(self, jobs: Any, app: Flask) -> None:
        name = jobs.add(lambda run: None)
        ids = {enqueue(name) for _number in range(40)}
        claimed: list[int] = []
        start = threading.Barrier(6)

        def claim_all() -> None:
            start.wait()
            with app.app_context():
                while (got := leases.claim(db.engine, [name])) is not None:
                    claimed.append(got.job_id)

        threads = [threading.Thread(target=claim_all) for _number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(claimed) == sorted(ids)

    def test_what_lost_its_lease_commits_nothing(self, jobs: Any, app: Flask) -> None:
        def handler(run: Run) -> None:
            jobs.write("before")
            steal(run.job_id)
            jobs.write("after")

        def steal(job_id: int) -> None:
            """The lease runs out and another worker takes the job."""
            if db.engine.dialect.name == "sqlite":
                session.rollback()  # one writer at a time: the first worker lost its lease before it wrote
            with db.engine.begin() as connection:
                connection.execute(update(leases.JOBS).values(lease_until=now() - timedelta(seconds=1)))
            assert leases.claim(db.engine, [name], job_id=job_id) is not None

        name = jobs.add(handler)
        job_id = enqueue(name)
        run_one(app, timing=Timing(lease=5, beat=60))
        row = jobs.row(job_id)
        assert (row.status, row.fence) == ("running", 2)
        assert jobs.written() == []

    def test_a_lost_chunk_rolls_back_and_says_so(self, jobs: Any, app: Flask) -> None:
        told: list[str] = []

        def handler(run: Run) -> None:
            with db.engine.begin() as connection:
                connection.execute(update(leases.JOBS).values(fence=leases.JOBS.c.fence + 1))
            try:
                with run.chunk(1):
                    jobs.write()
            except LostLease:
                told.append("lost")
                raise

        enqueue(jobs.add(handler))
        run_one(app, timing=Timing(lease=5, beat=60))
        assert told == ["lost"] and jobs.written() == []

    def test_a_living_worker_keeps_its_job(self, jobs: Any, app: Flask) -> None:
        def handler(run: Run) -> None:
            time.sleep(0.8)
            assert leases.claim(db.engine, [name]) is None

        name = jobs.add(handler)
        job_id = enqueue(name)
        run_one(app, timing=Timing(lease=0.5, beat=0.1))
        assert jobs.status(job_id) == {"done"}

    def test_a_worker_stuck_behind_its_lease_finds_out(self, jobs: Any, app: Flask) -> None:
        job_id = enqueue(jobs.add(lambda run: jobs.write()))
        old = leases.claim(db.engine, ["test.job"], timing=Timing(lease=-1))
        new = leases.claim(db.engine, ["test.job"])
        assert old is not None and new is not None and new.fence == old.fence + 1
        with app.app_context():
            run_claimed(old, timing=QUICK)
        assert jobs.written() == [] and jobs.status(job_id) == {"running"}
        with app.app_context():
            run_claimed(new, timing=QUICK)
        assert jobs.written() == ["x"] and jobs.status(job_id) == {"done"}

    def test_the_sweeper_gives_up_what_kills_its_workers(self, jobs: Any) -> None:
        name = jobs.add(lambda run: None, retries=1)
        job_id = enqueue(name)
        for _number in range(2):
            assert leases.claim(db.engine, [name], timing=Timing(lease=-1)) is not None
        assert leases.claim(db.engine, [name]) is None
        assert sweep()[0] == 1
        row = jobs.row(job_id)
        assert row.status == "failed" and row.error

    def test_a_job_cancelled_under_a_worker_that_died_is_not_run_again(self, jobs: Any) -> None:
        job_id = enqueue(jobs.add(lambda run: jobs.write()))
        assert leases.claim(db.engine, ["test.job"], timing=Timing(lease=-1)) is not None
        assert cancel_job(job_id) == "running"
        assert run_pending(timing=QUICK) == 1
        assert jobs.status(job_id) == {"cancelled"} and jobs.written() == []
