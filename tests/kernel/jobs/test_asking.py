"""Asking for jobs: whose they are, as whom they act, their arguments, keys and hints."""

from __future__ import annotations

import threading
from datetime import date, timedelta
from typing import Any

import marshmallow as ma
import pytest
from flask import Flask
from flask_babel import get_locale
from rq.job import Job as Message
from rq.serializers import JSONSerializer
from sqlalchemy import select

from app.access.actors import acting_as, current_actor
from app.db import now, session, transaction
from app.jobs import leases
from app.jobs.rules import Timing
from app.jobs.run import Run
from app.jobs.runner import run_pending
from app.jobs.services import cancel_job, enqueue, find_job
from app.types import SYSTEM, Actor, Refused

QUICK = Timing(lease=5, beat=0.05, backoff=0.0)


def add_login(app: Flask) -> int:
    """The id of a new login without roles."""
    manager = app.appbuilder.sm  # type: ignore[attr-defined]
    user = manager.add_user("zhang", "三", "张", "zhang@example.com", [], "a-Long-password-1")
    session.commit()
    return int(user.id)


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
            job_id = enqueue(jobs.add(lambda run: jobs.write()))
        run_pending(timing=QUICK)
        assert jobs.status(job_id) == {"failed"} and jobs.written() == []

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
