"""Runs in one process: effect and end commit together, errors are tried again, refusals are not."""

from __future__ import annotations

import time
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import marshmallow as ma
import pytest
from flask import Flask
from flask_babel import gettext as _
from sqlalchemy import update

from app.db import db, now, transaction
from app.host.context import context
from app.jobs import leases
from app.jobs.rules import Timing
from app.jobs.run import Run
from app.jobs.runner import run_pending
from app.jobs.services import cancel_job, enqueue, retry_job
from app.types import Refused

QUICK = Timing(lease=5, beat=0.05, backoff=0.0)


@pytest.mark.usefixtures("as_system")
class TestRuns:
    def test_effect_and_end_are_one_transaction(self, jobs: Any) -> None:
        def handler(run: Run) -> dict[str, Any]:
            with transaction():
                jobs.write()
            assert jobs.written() == []
            return {"sum": Decimal("1.50"), "on": date(2026, 1, 2)}

        job_id = enqueue(jobs.add(handler))
        assert run_pending(timing=QUICK) == 1
        row = jobs.row(job_id)
        assert (row.status, row.result, row.owner) == ("done", {"sum": "1.50", "on": "2026-01-02"}, None)
        assert row.started_at <= row.finished_at <= now()
        assert jobs.written() == ["x"]

    def test_an_error_rolls_back_and_is_tried_again(self, jobs: Any) -> None:
        tries = []

        def handler(run: Run) -> None:
            tries.append(run.attempts)
            jobs.write()
            run.log("before the error")
            if len(tries) < 3:
                raise ZeroDivisionError("secret figures")

        job_id = enqueue(jobs.add(handler, retries=2))
        run_pending(timing=QUICK)
        assert tries == [1, 2, 3]
        assert jobs.status(job_id) == {"done"} and jobs.written() == ["x"]
        assert jobs.lines(job_id).count("before the error") == 3
        assert not any("secret figures" in line for line in jobs.lines(job_id))

    def test_attempts_end_and_wait_longer_each_time(self, jobs: Any) -> None:
        def handler(run: Run) -> None:
            raise ValueError("no")

        job_id = enqueue(jobs.add(handler, retries=1))
        assert run_pending(timing=Timing(backoff=60)) == 1
        row = jobs.row(job_id)
        assert row.status == "queued" and 55 < (row.run_after - now()).total_seconds() < 61
        assert "ValueError" in row.error and "ValueError: no" in row.trace
        with db.engine.begin() as connection:
            connection.execute(update(leases.JOBS).values(run_after=now()))
        assert run_pending(timing=QUICK) == 1
        assert jobs.row(job_id).status == "failed" and jobs.row(job_id).finished_at is not None
        assert run_pending(timing=QUICK) == 0

    def test_whoever_gets_on_is_not_given_up(self, jobs: Any) -> None:
        def handler(run: Run) -> None:
            for part in range(5):
                if not run.is_done(part):
                    with run.chunk(part):
                        jobs.write(str(part))
                    raise ValueError("after each chunk")

        job_id = enqueue(jobs.add(handler, retries=1))
        assert run_pending(timing=QUICK) == 6
        assert jobs.status(job_id) == {"done"} and jobs.written() == ["0", "1", "2", "3", "4"]

    def test_a_refusal_is_final(self, jobs: Any) -> None:
        def handler(run: Run) -> None:
            jobs.write()
            raise Refused(_("There is no such schedule"))

        job_id = enqueue(jobs.add(handler, retries=5))
        assert run_pending(timing=QUICK) == 1
        row = jobs.row(job_id)
        assert row.status == "failed" and row.error and jobs.written() == []

    def test_a_failed_chunk_takes_back_its_state_and_progress(self, jobs: Any) -> None:
        seen: list[dict[str, Any]] = []

        def handler(run: Run) -> None:
            seen.append(dict(run.state))
            with run.chunk("a"):
                run.state["n"] = 1
                run.progress(1, 2, "first")
            with pytest.raises(KeyError), run.chunk("b"):
                run.state["n"] = 2
                run.progress(2, 2, "second")
                jobs.write("b")
                raise KeyError
            assert run.state == {"n": 1}
            raise Refused("stop")

        job_id = enqueue(jobs.add(handler))
        run_pending(timing=QUICK)
        row = jobs.row(job_id)
        assert (row.state, row.progress_done, row.message) == ({"n": 1}, 1, "first")
        assert seen == [{}] and jobs.written() == []

    def test_a_chunk_is_done_once(self, jobs: Any) -> None:
        def handler(run: Run) -> None:
            with run.chunk(1):
                jobs.write()
            with pytest.raises(ValueError, match="done already"), run.chunk(1):
                jobs.write()
            with pytest.raises(ValueError, match="inside"), run.chunk(2), run.chunk(3):
                pass

        enqueue(jobs.add(handler))
        run_pending(timing=QUICK)
        assert jobs.written() == ["x"]

    def test_progress_outside_chunks_shows_while_it_runs(self, jobs: Any, app: Flask) -> None:
        if_seen: list[int] = []

        def handler(run: Run) -> None:
            run.progress(7, 10, "counting")
            deadline = time.monotonic() + 5
            while not if_seen and time.monotonic() < deadline:
                if jobs.row(run.job_id).progress_done == 7:
                    if_seen.append(7)

        enqueue(jobs.add(handler))
        run_pending(timing=QUICK)
        assert if_seen == [7]

    def test_a_waiting_job_is_cancelled_at_once_and_can_be_tried_again(self, jobs: Any) -> None:
        job_id = enqueue(jobs.add(lambda run: jobs.write()))
        assert cancel_job(job_id) == "cancelled"
        assert run_pending(timing=QUICK) == 0
        with pytest.raises(Refused):
            cancel_job(job_id)
        retry_job(job_id)
        assert run_pending(timing=QUICK) == 1 and jobs.written() == ["x"]
        with pytest.raises(Refused):
            retry_job(job_id)

    def test_a_failed_job_goes_on_after_its_chunks(self, jobs: Any) -> None:
        broken = [True]

        def handler(run: Run) -> None:
            for part in ("a", "b"):
                if run.is_done(part):
                    continue
                with run.chunk(part):
                    jobs.write(part)
                if broken:
                    raise Refused("broken")

        job_id = enqueue(jobs.add(handler))
        run_pending(timing=QUICK)
        assert jobs.status(job_id) == {"failed"} and jobs.written() == ["a"]
        broken.clear()
        retry_job(job_id)
        run_pending(timing=QUICK)
        assert jobs.status(job_id) == {"done"} and jobs.written() == ["a", "b"]

    def test_urgent_first_and_nothing_before_its_time(self, jobs: Any) -> None:
        order: list[str] = []

        class Name(ma.Schema):
            who = ma.fields.String(required=True)

        name = jobs.add(lambda run, who: order.append(who), schema=Name)
        enqueue(name, {"who": "plain"})
        enqueue(name, {"who": "later"}, run_after=now() + timedelta(hours=1))
        enqueue(name, {"who": "urgent"}, priority=5)
        assert run_pending(timing=QUICK) == 2
        assert order == ["urgent", "plain"]

    def test_jobs_of_absent_modules_wait(self, jobs: Any, app: Flask) -> None:
        job_id = enqueue(jobs.add(lambda run: None, "gone.job"))
        del context(app).jobs["gone.job"]
        assert run_pending(timing=QUICK) == 0
        assert jobs.status(job_id) == {"queued"}
