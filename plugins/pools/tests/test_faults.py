"""The nightly run under faults: killed at every point, cut off, twice at once; none moved twice, none skipped."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select, text

from app.api import Customer, context, enqueue, session
from app.testing.faults import at_once, die, find_again, job_state, times_begun, work_until_dead
from app.testing.jobs import one_round, reach_schedule, run_pending, schedulers_meet
from app.testing.queues import Queue, RealWorker, a_queue, sweep, until
from plugins.pools.jobs import nights as jobs
from plugins.pools.models import PoolEntry, PoolMovement, PoolRule, PoolRun
from plugins.pools.services import reckoning, running
from plugins.pools.tests.conftest import NIGHT, Bank, aged, entries, local, put, rows
from plugins.pools.tests.test_running import ago, ladder

__all__ = ["ladder"]
pytestmark = pytest.mark.usefixtures("as_system")
#: Where a worker dies: at the beginning of a phase's second chunk, and at its end, everything written and not kept.
PHASES = ("begin_night", "reckon_span", "recycle", "red", "amber", "escalate", "end_night")


@pytest.fixture
def crowd(bank: Bank, ladder: PoolRule, monkeypatch: pytest.MonkeyPatch) -> dict[str, list[int]]:
    """Five customers for every step, whom small chunks take two by two; {step: ids}, and those nothing happens to."""
    monkeypatch.setattr(running, "CHUNK", 2)
    monkeypatch.setattr(running, "AHEAD", 2)
    monkeypatch.setattr(reckoning, "CHUNK", 8)
    late = {"": 3, "amber": 8, "red": 11, "recycle": 20}
    made = {act: [aged(bank.people.manager, followed=ago(days), owned=ago(90)).id for _ in range(5)]
            for act, days in late.items()}  # fmt: skip
    lying = [put(aged(bank.people.manager), bank.north_pool, bank.people.manager) for _ in range(5)]
    for entry in session.scalars(select(PoolEntry)):
        entry.rule_id, entry.next_on = ladder.id, NIGHT
    session.commit()
    return made | {"escalate": [one.id for one in lying]}


def moved_as_they_should(crowd: dict[str, list[int]]) -> None:
    """Every customer made its one step: ledger, owners and entries agree, and the run is over."""
    session.expire_all()
    m = PoolMovement
    wanted = Counter((number, act) for act, ids in crowd.items() if act for number in ids)
    assert Counter(rows(select(m.customer_id, m.act))) == wanted
    owners = dict(rows(select(Customer.id, Customer.owner_id)))
    gone = {*crowd["recycle"], *crowd["escalate"]}
    assert {number for number, owner in owners.items() if owner is None} == gone == set(entries())
    changed = "SELECT customer_id FROM customer_ownership WHERE cause IN ('pools.recycle', 'pools.escalate')"
    assert sorted(session.scalars(text(changed))) == sorted(gone)
    audited = "SELECT record_id FROM access_audit WHERE action = 'assign' AND entity = 'customer'"
    assert sorted(map(int, session.scalars(text(audited)))) == sorted(gone)
    assert rows(select(PoolRun.business_date, PoolRun.state)) == [(NIGHT, "done")]


def test_killed_in_every_phase_it_goes_on(crowd: dict[str, list[int]]) -> None:
    number = enqueue(jobs.NIGHTLY_JOB, {"business_date": NIGHT})
    session.commit()
    for phase in PHASES:
        for late in (False, True):
            holder: Any = jobs.STEPS if phase in jobs.STEPS else jobs
            work_until_dead(holder, phase, 1 if phase in ("begin_night", "end_night") else 2, late=late)
            find_again(number)
    run_pending()
    assert job_state(number)[0] == "done"
    moved_as_they_should(crowd)


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
@pytest.mark.parametrize("phase", ["recycle", "amber", "escalate"])
def test_a_cut_connection_undoes_the_chunk_and_no_more(
    crowd: dict[str, list[int]], phase: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[int] = []
    act = jobs.STEPS[phase]

    def cut(*given: Any) -> Any:
        found = act(*given)
        done.append(1)
        if len(done) == 2:
            pid = session.scalar(text("SELECT pg_backend_pid()"))
            with session.get_bind().connect() as other:
                other.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
        return found

    monkeypatch.setitem(jobs.STEPS, phase, cut)
    number = enqueue(jobs.NIGHTLY_JOB, {"business_date": NIGHT})
    run_pending()
    find_again(number)
    run_pending()
    moved_as_they_should(crowd)


def test_two_at_once_are_one(crowd: dict[str, list[int]]) -> None:
    """The scheduled run and one somebody asked for, by two workers; jobs of the same night are as good as one."""
    for _ in range(2):
        enqueue(jobs.NIGHTLY_JOB, {"business_date": NIGHT})
    session.commit()
    at_once(run_pending, run_pending)
    assert set(session.scalars(text("SELECT status FROM jobs_job"))) == {"done"}
    moved_as_they_should(crowd)


def test_two_schedulers_in_the_same_instant_make_one_night(
    app: Flask, crowd: dict[str, list[int]], caplog: pytest.LogCaptureFixture
) -> None:
    """Both know that the night is due before either has made its job; then two workers are at it."""
    reach_schedule(jobs.NIGHTLY_JOB, ago(0))
    with time_machine.travel(local(NIGHT, 1, 16)):
        with schedulers_meet(jobs.NIGHTLY_JOB):
            at_once(lambda: one_round(app), lambda: one_round(app))
        made = session.execute(text("SELECT business_date FROM jobs_job WHERE name = 'pools.recycle'")).scalars()
        assert list(map(str, made)) == [str(NIGHT)]
        session.commit()
        at_once(run_pending, run_pending)
    assert not [one.getMessage() for one in caplog.records if one.levelname == "ERROR"]
    moved_as_they_should(crowd)


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[Queue]:
    with a_queue(tmp_path / "valkey") as made:
        yield made


def in_between(step: str, act: Callable[[], object]) -> None:
    """Do `act` between the first and the second chunk of a step of the night, in this process."""
    done: list[int] = []
    whole = jobs.STEPS[step]

    def stepped(*given: Any) -> Any:
        done.append(1)
        if len(done) == 2:
            act()
        return whole(*given)

    jobs.STEPS[step] = stepped


def test_valkey_emptied_and_gone_the_night_goes_on(crowd: dict[str, list[int]], queue: Queue) -> None:
    """Its worker needs nothing of the queue: it takes no harm, and nobody else begins the night."""
    number = enqueue(jobs.NIGHTLY_JOB, {"business_date": NIGHT})
    session.commit()
    assert queue.waiting() == 1

    def harm() -> None:
        in_between("recycle", lambda: queue.client().flushall())
        in_between("amber", lambda: queue.client().shutdown(nosave=True))

    worker = RealWorker(queue, harm)
    assert until(lambda: job_state(number)[0] == "done")
    assert not queue.answers(), "it was gone when the night ended"
    assert worker.end() == 0
    assert times_begun(number) == 1
    moved_as_they_should(crowd)


def test_emptied_restarted_and_the_worker_dead_the_sweeper_brings_it_to_another(
    crowd: dict[str, list[int]], queue: Queue
) -> None:
    number = enqueue(jobs.NIGHTLY_JOB, {"business_date": NIGHT})
    session.commit()

    def harm() -> None:
        in_between("recycle", lambda: queue.client().flushall())
        in_between("red", die)

    assert RealWorker(queue, harm).wait() == -signal.SIGKILL
    queue.stop()
    queue.start()
    assert queue.waiting() == 0, "nothing there tells of it"
    other = RealWorker(queue)
    assert until(lambda: queue.listeners() == 1)
    assert job_state(number)[0] == "running"
    find_again(number)
    sweep()
    assert until(lambda: job_state(number)[0] == "done")
    assert other.end() == 0
    assert times_begun(number) == 2
    moved_as_they_should(crowd)


def test_it_is_scheduled_for_the_night(app: Flask) -> None:
    assert context().jobs[jobs.NIGHTLY_JOB].schedule == "15 1 * * *"
