"""Runs in one process: effect and end commit together, errors are tried again, refusals are not."""

from __future__ import annotations

import threading
import time
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import marshmallow as ma
import pytest
from flask import Flask
from flask_babel import get_locale
from flask_babel import gettext as _
from rq.job import Job as Message
from rq.serializers import JSONSerializer
from sqlalchemy import insert, select, update

from app.access.actors import acting_as, current_actor
from app.access.models import Preference
from app.db import db, now, session, transaction
from app.host.context import context
from app.jobs import leases
from app.jobs.models import JobLog
from app.jobs.rules import Timing
from app.jobs.run import Run
from app.jobs.runner import run_claimed, run_one, run_pending
from app.jobs.services import LostLease, cancel_job, enqueue, find_job, retry_job
from app.jobs.sweeping import sweep
from app.types import SYSTEM, Actor, Refused

QUICK = Timing(lease=5, beat=0.05, backoff=0.0)


def effect(part: str = "x") -> None:
    session.execute(insert(Preference.__table__).values(user_id=1, key=part, value="job"))


def effects() -> list[str]:
    with db.engine.connect() as connection:
        return list(
            connection.scalars(select(Preference.__table__.c.key).order_by(Preference.__table__.c.id))
        )


def add_login(app: Flask) -> int:
    """The id of a new login without roles."""
    manager = app.appbuilder.sm  # type: ignore[attr-defined]
    user = manager.add_user("zhang", "三", "张", "zhang@example.com", [], "a-Long-password-1")
    session.commit()
    return int(user.id)


def lines(job_id: int) -> list[str]:
    with db.engine.connect() as connection:
        return list(
            connection.scalars(select(JobLog.text).where(JobLog.job_id == job_id).order_by(JobLog.id))
        )


@pytest.mark.usefixtures("as_system")
class TestRuns:
    def test_effect_and_end_are_one_transaction(self, jobs: Any) -> None:
        def handler(run: Run) -> dict[str, Any]:
            with transaction():
                effect()
            assert effects() == [] if db.engine.dialect.name == "postgresql" else True
            return {"sum": Decimal("1.50"), "on": date(2026, 1, 2)}

        job_id = enqueue(jobs.add(handler))
        assert run_pending(timing=QUICK) == 1
        row = jobs.row(job_id)
        assert (row.status, row.result, row.owner) == ("done", {"sum": "1.50", "on": "2026-01-02"}, None)
        assert row.started_at <= row.finished_at <= now()
        assert effects() == ["x"]

    def test_an_error_rolls_back_and_is_tried_again(self, jobs: Any) -> None:
        tries = []

        def handler(run: Run) -> None:
            tries.append(run.attempts)
            effect()
            run.log("before the error")
            if len(tries) < 3:
                raise ZeroDivisionError("secret figures")

        job_id = enqueue(jobs.add(handler, retries=2))
        run_pending(timing=QUICK)
        assert tries == [1, 2, 3]
        assert jobs.status(job_id) == {"done"} and effects() == ["x"]
        assert lines(job_id).count("before the error") == 3
        assert not any("secret figures" in line for line in lines(job_id))

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
                        effect(str(part))
                    raise ValueError("after each chunk")

        job_id = enqueue(jobs.add(handler, retries=1))
        assert run_pending(timing=QUICK) == 6
        assert jobs.status(job_id) == {"done"} and effects() == ["0", "1", "2", "3", "4"]

    def test_a_refusal_is_final(self, jobs: Any) -> None:
        def handler(run: Run) -> None:
            effect()
            raise Refused(_("There is no such schedule"))

        job_id = enqueue(jobs.add(handler, retries=5))
        assert run_pending(timing=QUICK) == 1
        row = jobs.row(job_id)
        assert row.status == "failed" and row.error and effects() == []

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
                effect("b")
                raise KeyError
            assert run.state == {"n": 1}
            raise Refused("stop")

        job_id = enqueue(jobs.add(handler))
        run_pending(timing=QUICK)
        row = jobs.row(job_id)
        assert (row.state, row.progress_done, row.message) == ({"n": 1}, 1, "first")
        assert seen == [{}] and effects() == []

    def test_a_chunk_is_done_once(self, jobs: Any) -> None:
        def handler(run: Run) -> None:
            with run.chunk(1):
                effect()
            with pytest.raises(ValueError, match="done already"), run.chunk(1):
                effect()
            with pytest.raises(ValueError, match="inside"), run.chunk(2), run.chunk(3):
                pass

        enqueue(jobs.add(handler))
        run_pending(timing=QUICK)
        assert effects() == ["x"]

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
        job_id = enqueue(jobs.add(lambda run: effect()))
        assert cancel_job(job_id) == "cancelled"
        assert run_pending(timing=QUICK) == 0
        with pytest.raises(Refused):
            cancel_job(job_id)
        retry_job(job_id)
        assert run_pending(timing=QUICK) == 1 and effects() == ["x"]
        with pytest.raises(Refused):
            retry_job(job_id)

    def test_a_failed_job_goes_on_after_its_chunks(self, jobs: Any) -> None:
        broken = [True]

        def handler(run: Run) -> None:
            for part in ("a", "b"):
                if run.is_done(part):
                    continue
                with run.chunk(part):
                    effect(part)
                if broken:
                    raise Refused("broken")

        job_id = enqueue(jobs.add(handler))
        run_pending(timing=QUICK)
        assert jobs.status(job_id) == {"failed"} and effects() == ["a"]
        broken.clear()
        retry_job(job_id)
        run_pending(timing=QUICK)
        assert jobs.status(job_id) == {"done"} and effects() == ["a", "b"]

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
            effect("before")
            steal(run.job_id)
            effect("after")

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
        assert effects() == []

    def test_a_lost_chunk_rolls_back_and_says_so(self, jobs: Any, app: Flask) -> None:
        told: list[str] = []

        def handler(run: Run) -> None:
            with db.engine.begin() as connection:
                connection.execute(update(leases.JOBS).values(fence=leases.JOBS.c.fence + 1))
            try:
                with run.chunk(1):
                    effect()
            except LostLease:
                told.append("lost")
                raise

        enqueue(jobs.add(handler))
        run_one(app, timing=Timing(lease=5, beat=60))
        assert told == ["lost"] and effects() == []

    def test_a_living_worker_keeps_its_job(self, jobs: Any, app: Flask) -> None:
        def handler(run: Run) -> None:
            time.sleep(0.8)
            assert leases.claim(db.engine, [name]) is None

        name = jobs.add(handler)
        job_id = enqueue(name)
        run_one(app, timing=Timing(lease=0.5, beat=0.1))
        assert jobs.status(job_id) == {"done"}

    def test_a_worker_stuck_behind_its_lease_finds_out(self, jobs: Any, app: Flask) -> None:
        job_id = enqueue(jobs.add(lambda run: effect()))
        old = leases.claim(db.engine, ["test.job"], timing=Timing(lease=-1))
        new = leases.claim(db.engine, ["test.job"])
        assert old is not None and new is not None and new.fence == old.fence + 1
        with app.app_context():
            run_claimed(old, timing=QUICK)
        assert effects() == [] and jobs.status(job_id) == {"running"}
        with app.app_context():
            run_claimed(new, timing=QUICK)
        assert effects() == ["x"] and jobs.status(job_id) == {"done"}

    def test_the_sweeper_gives_up_what_kills_its_workers(self, jobs: Any) -> None:
        name = jobs.add(lambda run: None, retries=1)
        job_id = enqueue(name)
        for _number in range(2):
            assert leases.claim(db.engine, [name], timing=Timing(lease=-1)) is not None
        assert leases.claim(db.engine, [name]) is None
        assert sweep()[0] == 1
        row = jobs.row(job_id)
        assert row.status == "failed" and row.error


class TestPeople:
    def test_a_job_acts_as_who_asked_in_their_language(self, jobs: Any, app: Flask) -> None:
        seen: list[Any] = []

        def handler(run: Run) -> None:
            seen.append((current_actor().user_id, str(get_locale()), current_actor().timezone))

        user_id = add_login(app)
        with acting_as(Actor(user_id, "z", locale="en", timezone="Europe/Berlin")):
            job_id = enqueue(jobs.add(handler))
        run_pending(timing=QUICK)
        assert seen == [(user_id, "en", "Europe/Berlin")]
        assert jobs.row(job_id).created_by == user_id

    def test_a_login_that_is_gone_acts_no_more(self, jobs: Any) -> None:
        with acting_as(Actor(4711, "z")):
            job_id = enqueue(jobs.add(lambda run: effect()))
        run_pending(timing=QUICK)
        assert jobs.status(job_id) == {"failed"} and effects() == []

    def test_jobs_are_seen_by_who_asked_and_by_those_who_may_list_all(self, jobs: Any) -> None:
        me, other = Actor(1, "me"), Actor(2, "other")
        chief = Actor(3, "chief", permissions=frozenset({("can_list_all", "JobView")}))
        admin = Actor(
            4, "admin", permissions=frozenset({("can_list_all", "JobView"), ("can_edit", "JobView")})
        )
        with acting_as(me):
            job_id = enqueue(jobs.add(lambda run: None))
            assert find_job(job_id) is not None
        for stranger in (other, None):
            with acting_as(stranger):
                assert find_job(job_id) is None
        with acting_as(other), pytest.raises(Refused):
            cancel_job(job_id)
        with acting_as(chief):
            assert find_job(job_id) is not None
            with pytest.raises(Refused):
                cancel_job(job_id)
        with acting_as(admin):
            assert cancel_job(job_id) == "cancelled"

    def test_nobody_asks_for_nothing(self, jobs: Any) -> None:
        name = jobs.add(lambda run: None)
        with pytest.raises(PermissionError):
            enqueue(name)
        with acting_as(SYSTEM), pytest.raises(LookupError):
            enqueue("no.such")


@pytest.mark.usefixtures("as_system")
class TestAsking:
    class Arguments(ma.Schema):
        on = ma.fields.Date(required=True)
        limit = ma.fields.Integer(validate=ma.validate.Range(min=1))

    def test_arguments_are_checked_and_typed(self, jobs: Any) -> None:
        seen: list[Any] = []
        name = jobs.add(lambda run, on, limit: seen.append((on, limit)), schema=self.Arguments)
        for wrong in ({}, {"on": "tomorrow"}, {"on": "2026-01-01", "limit": 0}, {"on": "2026-01-01", "x": 1}):
            with pytest.raises(Refused):
                enqueue(name, wrong)
        enqueue(name, {"on": date(2026, 1, 1), "limit": "3"})
        run_pending(timing=QUICK)
        assert seen == [(date(2026, 1, 1), 3)]

    def test_a_job_belongs_to_the_transaction_that_asks(self, jobs: Any) -> None:
        name = jobs.add(lambda run: None)
        with pytest.raises(ZeroDivisionError), transaction():
            job_id = enqueue(name)
            raise ZeroDivisionError
        assert jobs.query(select(leases.JOBS).where(leases.JOBS.c.id == job_id)) == []

    def test_hints_go_out_after_the_commit_only(self, jobs: Any, valkey: Any) -> None:
        name = jobs.add(lambda run: None)
        with transaction():
            enqueue(name)
            assert valkey.keys("rq:queue:*") == []
        assert valkey.llen("rq:queue:qiao-default") == 1
        with pytest.raises(ZeroDivisionError), transaction():
            enqueue(name)
            raise ZeroDivisionError
        enqueue(name, run_after=now() + timedelta(hours=1))
        assert valkey.llen("rq:queue:qiao-default") == 1

    def test_a_hint_names_the_site_and_the_job_and_nothing_else(self, jobs: Any, valkey: Any) -> None:
        job_id = enqueue(jobs.add(lambda run, **_a: None, schema=self.Arguments), {"on": "2031-07-09"})
        texts = b"".join(part for key in valkey.keys("rq:job:*") for part in valkey.hgetall(key).values())
        assert b"2031" not in texts and b"Test job" not in texts
        assert b"rq:job" not in texts
        message_id = valkey.lindex("rq:queue:qiao-default", 0).decode()
        message = Message.fetch(message_id, connection=valkey, serializer=JSONSerializer)
        assert (message.func_name, list(message.args)) == ("app.jobs.runner.run_hint", [f"test:{job_id}"])

    def test_a_key_is_there_once_while_it_waits(self, jobs: Any, app: Flask) -> None:
        name = jobs.add(lambda run: None)
        first = enqueue(name, unique_key="a")
        assert enqueue(name, unique_key="a") == first
        assert enqueue(name, unique_key="b") != first
        run_pending(timing=QUICK)
        assert enqueue(name, unique_key="a") != first

    def test_a_key_is_there_once_for_many_at_the_same_time(self, jobs: Any, app: Flask) -> None:
        name = jobs.add(lambda run: None)
        ids: list[int] = []
        start = threading.Barrier(5)

        def ask() -> None:
            start.wait()
            with app.app_context(), acting_as(SYSTEM):
                ids.append(enqueue(name, unique_key="a"))

        threads = [threading.Thread(target=ask) for _number in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(ids) == 5 and len(set(ids)) == 1
