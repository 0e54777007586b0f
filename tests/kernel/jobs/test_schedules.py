"""Schedules: one run per date however many schedulers there are, missed runs made up for, edits respected."""

from __future__ import annotations

import signal
import threading
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from app.access.actors import acting_as
from app.access.models import AuditEntry
from app.db import db, now, session
from app.host.context import context
from app.host.settings import change_settings
from app.jobs import leases
from app.jobs.models import Schedule
from app.jobs.rules import Timing
from app.jobs.runner import run_pending
from app.jobs.schedules import change_schedule, make_due_jobs, run_schedule_now, sync_schedules
from app.jobs.services import enqueue
from app.jobs.sweeping import sweep
from app.testing.processes import start
from app.types import SYSTEM, JobSpec, Refused

pytestmark = pytest.mark.usefixtures("as_system")


@pytest.fixture
def nightly(jobs: Any, app: Flask) -> Any:
    """A job that runs at 02:00, and the dates it was about."""
    seen: list[date] = []
    spec = JobSpec(
        "test.nightly", "Nightly", lambda run: seen.append(run.business_date), schedule="0 2 * * *"
    )
    context(app).jobs["test.nightly"] = spec
    sync_schedules()
    return seen


def schedule_of(name: str = "test.nightly") -> Schedule:
    found = session.scalar(
        select(Schedule).where(Schedule.name == name).execution_options(populate_existing=True)
    )
    assert found is not None
    return found


def reached(at: datetime, name: str = "test.nightly", **values: Any) -> None:
    session.execute(
        update(Schedule).where(Schedule.name == name).values(reached_at=at, **values),
        execution_options={"synchronize_session": False},
    )
    session.commit()


def runs_of(jobs: Any) -> list[tuple[date, str]]:
    rows = jobs.query(
        select(leases.JOBS).where(leases.JOBS.c.name == "test.nightly").order_by(leases.JOBS.c.id)
    )
    return [(row.business_date, row.slot) for row in rows]


def shanghai(day: int, hour: int, minute: int = 0) -> datetime:
    return (
        datetime(2026, 3, day, hour - 8, minute, tzinfo=UTC)
        if hour >= 8
        else (datetime(2026, 3, day - 1, hour + 16, minute, tzinfo=UTC))
    )


def test_modules_schedules_are_seeded_once_and_edits_stay(nightly: Any) -> None:
    schedule = schedule_of()
    assert (schedule.cron, schedule.enabled, schedule.catch_up) == ("0 2 * * *", True, "last")
    change_schedule(schedule.id, cron="30  4 * * *", enabled=False, catch_up="all")
    assert sync_schedules() == []
    schedule = schedule_of()
    assert (schedule.cron, schedule.enabled, schedule.catch_up) == ("30 4 * * *", False, "all")
    entries = session.scalars(select(AuditEntry).where(AuditEntry.entity == "job_schedule")).all()
    assert [entry.changes for entry in entries] == [
        {"cron": ["0 2 * * *", "30 4 * * *"], "enabled": [True, False], "catch_up": ["last", "all"]}
    ]


def test_a_new_schedule_makes_up_for_nothing(nightly: Any, jobs: Any) -> None:
    assert make_due_jobs(schedule_of().reached_at) == []


def test_it_runs_on_its_business_date_in_the_sites_time_zone(nightly: Any, jobs: Any) -> None:
    reached(shanghai(1, 12))
    assert make_due_jobs(shanghai(2, 1, 59)) == []
    assert len(make_due_jobs(shanghai(2, 2))) == 1
    assert make_due_jobs(shanghai(2, 2)) == [] and make_due_jobs(shanghai(2, 23)) == []
    assert run_pending(timing=Timing(backoff=0)) == 1
    assert nightly == [date(2026, 3, 2)]
    assert schedule_of().last_date == date(2026, 3, 2)


@pytest.mark.parametrize(("catch_up", "days"), [("all", [2, 3, 4]), ("last", [4]), ("none", [])])
def test_what_was_missed_is_made_up_for_as_chosen(
    nightly: Any, jobs: Any, catch_up: str, days: list[int]
) -> None:
    reached(shanghai(1, 12), catch_up=catch_up)
    make_due_jobs(shanghai(4, 12))
    assert [day.day for day, _slot in runs_of(jobs)] == days
    assert make_due_jobs(shanghai(4, 13)) == []


def test_many_schedulers_make_one_run_per_date(nightly: Any, jobs: Any, app: Flask) -> None:
    reached(shanghai(1, 12), catch_up="all")
    start = threading.Barrier(5)
    made: list[int] = []

    def schedule() -> None:
        start.wait()
        with app.app_context(), acting_as(SYSTEM):
            made.extend(make_due_jobs(shanghai(5, 12)))

    threads = [threading.Thread(target=schedule) for _number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [day.day for day, _slot in runs_of(jobs)] == [2, 3, 4, 5]
    assert len(made) == 4


def test_a_mark_set_back_doubles_nothing(nightly: Any, jobs: Any) -> None:
    reached(shanghai(1, 12), catch_up="all")
    make_due_jobs(shanghai(3, 12))
    reached(shanghai(1, 12), catch_up="all")
    assert make_due_jobs(shanghai(3, 12)) == []
    assert len(runs_of(jobs)) == 2


def test_switched_off_schedules_and_modules_run_nothing(nightly: Any, jobs: Any, app: Flask) -> None:
    reached(shanghai(1, 12), enabled=False)
    assert make_due_jobs(shanghai(4, 12)) == []
    reached(shanghai(1, 12), enabled=True)
    spec = context(app).jobs.pop("test.nightly")
    assert make_due_jobs(shanghai(4, 12)) == []
    context(app).jobs["test.nightly"] = spec
    assert len(make_due_jobs(shanghai(4, 12))) == 1


def test_switching_on_again_counts_from_now(nightly: Any, jobs: Any) -> None:
    schedule = schedule_of()
    reached(now() - timedelta(days=9))
    change_schedule(schedule.id, cron="0 2 * * *", enabled=False, catch_up="all")
    change_schedule(schedule.id, cron="0 2 * * *", enabled=True, catch_up="all")
    assert make_due_jobs() == []


@pytest.mark.parametrize("cron", ["", "0 2 * *", "99 * * * *", "0 0 31 2 *", "0 2 * * * ; drop"])
def test_a_wrong_expression_changes_nothing(nightly: Any, cron: str) -> None:
    with pytest.raises(Refused) as refused:
        change_schedule(schedule_of().id, cron=cron, enabled=False, catch_up="never")
    assert set(refused.value.errors) == {"cron", "catch_up"}
    assert (schedule_of().cron, schedule_of().enabled) == ("0 2 * * *", True)


def test_run_now_is_one_run_beside_the_schedule(nightly: Any, jobs: Any) -> None:
    schedule_id = schedule_of().id
    job_id = run_schedule_now(schedule_id)
    assert run_schedule_now(schedule_id) == job_id
    assert run_pending(timing=Timing(backoff=0)) == 1 and len(nightly) == 1
    assert jobs.row(job_id).schedule_id is None


def test_lost_hints_are_sent_again(jobs: Any, valkey: Any) -> None:
    ids = [enqueue(jobs.add(lambda run: None)) for _number in range(3)]
    later = enqueue("test.job", run_after=now() + timedelta(hours=1))
    valkey.flushall()
    assert sweep() == (0, 3)
    assert valkey.llen("rq:queue:qiao-default") == 3
    assert sweep() == (0, 0), "hints that wait are enough"
    assert jobs.status(*ids, later) == {"queued"}


def test_old_jobs_are_removed_with_their_logs(jobs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.jobs.sweeping.BATCH", 1)
    old, young, failed = (enqueue(jobs.add(lambda run: run.log("line"))) for _number in range(3))
    waiting = enqueue("test.job", run_after=now() + timedelta(days=1))
    run_pending(timing=Timing(backoff=0))
    with db.engine.begin() as connection:
        table = leases.JOBS
        connection.execute(
            update(table).where(table.c.id.in_([old, failed])).values(finished_at=now() - timedelta(days=8))
        )
        connection.execute(update(table).where(table.c.id == failed).values(status="failed"))
    change_settings({"jobs.keep_days": "7"})
    tidy = enqueue("jobs.tidy")
    run_pending(timing=Timing(backoff=0))
    assert jobs.row(tidy).result == {"removed": 2}
    left = {row.id for row in jobs.query(select(leases.JOBS.c.id))}
    assert left == {young, waiting, tidy}
    assert {row.job_id for row in jobs.query(select(leases.LOGS.c.job_id))} == {young}


def test_scheduler_processes_schedule_every_site_and_end_on_request(
    nightly: Any, jobs: Any, tmp_path: Path
) -> None:
    reached(now() - timedelta(days=3), catch_up="all", name="jobs.tidy")
    code = (
        "import sys, pathlib; from app.jobs.scheduler import run_scheduler\n"
        "run_scheduler(pathlib.Path(sys.argv[1]), round_seconds=0.1)"
    )
    tidy = leases.JOBS.c.name == "jobs.tidy"
    running = [start(code, tmp_path / "instance", said=tmp_path / "said") for _number in range(2)]
    try:
        deadline = time.monotonic() + 60
        while len(jobs.query(select(leases.JOBS.c.id).where(tidy))) < 3 and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.5)  # the other one has its chance to do it too
    finally:
        for process in running:
            process.send_signal(signal.SIGTERM)
        codes = [process.wait(timeout=20) for process in running]
    dates = [row.business_date for row in jobs.query(select(leases.JOBS.c.business_date).where(tidy))]
    assert len(dates) == 3 == len(set(dates))
    assert codes == [0, 0]
