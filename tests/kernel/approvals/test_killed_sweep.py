"""APR-5: a worker killed with -9 while deadlines pass: every case goes on once, none twice, none is left."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, select

from app.access.actors import acting_as
from app.approvals.models import Case, CaseEvent
from app.approvals.rules.document import Deadline, Then
from app.approvals.services import verify_case
from app.approvals.services.time_outs import JOB
from app.db import db, now, session
from app.host.valkey import embedded_valkey
from app.jobs import hints
from app.jobs.leases import JOBS
from app.jobs.services import enqueue
from app.testing.factories import make_customer
from app.testing.people import People
from app.types import SYSTEM
from tests.kernel.approvals.flows import publish, step, submit
from tests.kernel.transfer.test_killed_worker import Worker, seen, until

CASES = 60


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_killed_sweep_goes_on_and_does_nothing_twice(
    app: Flask, people: People, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(step("one", people.head, deadline=Deadline(1, "hours", Then.APPROVE)), step("two", people.city_manager))
    with time_machine.travel(now() - timedelta(hours=2)):
        cases = [submit(people.manager, make_customer(f"客户{n}", people.manager)).id for n in range(CASES)]
    passed = select(func.count()).select_from(CaseEvent.__table__).where(CaseEvent.__table__.c.kind == "expired")
    with embedded_valkey(tmp_path / "valkey") as url:
        monkeypatch.setattr(hints, "redis_url", lambda _instance: url)
        monkeypatch.setattr(hints, "_silent_until", 0.0)
        with acting_as(SYSTEM):
            job_id = enqueue(JOB)
        worker = Worker(tmp_path / "instance", url, tmp_path / "worker.said")
        try:
            assert until(lambda: seen(passed) >= 5), worker.said.read_text("utf-8")
            worker.kill()
            status = select(JOBS.c.status).where(JOBS.c.id == job_id)
            assert until(lambda: seen(status) == "done"), worker.said.read_text("utf-8")
        finally:
            worker.end()
    session.rollback()
    fence = session.connection().scalar(select(JOBS.c.fence).where(JOBS.c.id == job_id))
    assert fence >= 2, "the worker was killed in the middle"
    told = session.connection().scalar(select(JOBS.c.result).where(JOBS.c.id == job_id))
    assert told == {"reminded": 0, "expired": CASES, "replaced": 0}, "both runs together count each case once"
    per_case = Counter(session.scalars(select(CaseEvent.case_id).where(CaseEvent.kind == "expired")).all())
    assert per_case == dict.fromkeys(cases, 1)
    assert set(session.scalars(select(Case.steps)).all()) == {"two"}
    assert [problem for case_id in cases[::20] for problem in verify_case(case_id)] == []
    db.engine.dispose()
