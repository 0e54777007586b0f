"""APR-1, APR-7: a worker killed with -9 while cases are moved and ends tried again: each once, none left."""

from __future__ import annotations

from collections import Counter
from functools import partial
from pathlib import Path
from typing import cast

import pytest
from flask import Flask
from sqlalchemy import Table, func, select, update

from app.access.actors import acting_as
from app.access.models import AuditEntry
from app.approvals.models import Case, CaseEvent
from app.approvals.rules.document import Starts
from app.approvals.services import decide, verify_case
from app.approvals.services.finishing import END_JOB
from app.approvals.services.moving import JOB, move_cases
from app.customers.models import Customer
from app.db import db, now, session, transaction
from app.fields.records import find_record, update_record
from app.host.context import entity
from app.host.valkey import embedded_valkey
from app.jobs import hints
from app.jobs.leases import JOBS
from app.testing.factories import make_customer
from app.testing.people import People
from app.types import SYSTEM
from tests.kernel.approvals.flows import publish, seat_of, step, submit
from tests.kernel.transfer.test_killed_worker import Worker, seen, until

MOVED, ENDED = 40, 6
EVENTS, CUSTOMERS = (cast(Table, each.__table__) for each in (CaseEvent, Customer))


def unfinished(people: People) -> list[int]:
    """Approved changes that could not be written: somebody had changed the field, and has changed it back since."""
    publish(step("one", people.head), code="level", starts=Starts(change=("level",)))
    found = []
    for number in range(ENDED):
        customer = make_customer(f"改{number}", people.manager, level="key")
        with acting_as(people.manager.actor):
            held = update_record(entity("customer"), find_record(entity("customer"), customer.id), {"level": "normal"})
        assert held is not None and held.number is not None
        found.append(held.number)
    theirs = update(CUSTOMERS).where(CUSTOMERS.c.name.startswith("改"))
    session.connection().execute(theirs.values(level="important"))
    with acting_as(people.head.actor):
        for case_id in found:
            decide(case_id, seat_of(case_id, people.head), "approve")
    session.connection().execute(theirs.values(level="key"))
    session.commit()
    return found


def told(kind: str) -> int:
    """How many events of a kind are committed."""
    return int(seen(select(func.count()).select_from(EVENTS).where(EVENTS.c.kind == kind)))


def has_told(kind: str, least: int) -> bool:
    return told(kind) >= least


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_moves_and_ends_under_a_killed_worker_are_done_once(
    app: Flask, people: People, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flow = publish(step("one", people.head), step("two", people.city_manager))
    moving = [submit(people.manager, make_customer(f"移{n}", people.manager)).id for n in range(MOVED)]
    publish(step("first", people.head), step("two", people.city_manager))
    ending = unfinished(people)
    with embedded_valkey(tmp_path / "valkey") as url:
        monkeypatch.setattr(hints, "redis_url", lambda _instance: url)
        monkeypatch.setattr(hints, "_silent_until", 0.0)
        with acting_as(people.admin.actor):
            move_cases(flow, 1, 2, {"one": "first", "two": "two"})
        with acting_as(SYSTEM), transaction() as current:
            current.execute(update(JOBS).where(JOBS.c.name == END_JOB).values(run_after=now()))
        worker = Worker(tmp_path / "instance", url, tmp_path / "worker.said")
        try:
            for kind, of in (("moved", MOVED), ("finished", ENDED)):
                least = min(told(kind) + 2, of)
                assert until(partial(has_told, kind, least), 120), worker.said.read_text("utf-8")
                if told(kind) < of:
                    worker.kill()
            left = select(func.count()).where(JOBS.c.name.in_((JOB, END_JOB)), JOBS.c.status != "done")
            assert until(lambda: not seen(left), 120), worker.said.read_text("utf-8")
        finally:
            worker.end()
    session.rollback()
    session.expire_all()
    job = session.connection().execute(select(JOBS).where(JOBS.c.name == JOB)).one()
    assert job.result == {"moved": MOVED, "left": 0}
    assert job.fence >= 2, "the worker was killed in the middle"
    for kind, cases in (("moved", moving), ("finished", ending)):
        said = session.scalars(select(CaseEvent.case_id).where(CaseEvent.kind == kind)).all()
        assert Counter(said) == dict.fromkeys(cases, 1)
    assert set(session.scalars(select(Case.version).where(Case.id.in_(moving)))) == {2}
    levels = session.connection().scalars(select(CUSTOMERS.c.level).where(CUSTOMERS.c.name.startswith("改"))).all()
    written = session.scalars(
        select(AuditEntry.record_id).where(AuditEntry.entity == "customer", AuditEntry.action == "update")
    ).all()
    assert (set(levels), len(written), len(set(written))) == ({"normal"}, ENDED, ENDED)
    assert [problem for case_id in (*moving[::20], *ending[::3]) for problem in verify_case(case_id)] == []
    db.engine.dispose()
