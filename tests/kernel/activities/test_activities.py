"""ACT-1: follow-ups, the customer's last one, and who keeps the credit."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.access.actors import acting_as
from app.access.scope import UNSCOPED
from app.activities.models import Activity
from app.activities.services import record_activities, record_activity
from app.customers.services import assign_customers, share_customer
from app.db import now, session
from app.fields.records import create_record, delete_record, update_record
from app.hookspecs import hookimpl
from app.host.context import context, entity
from app.testing.factories import make_activity, make_customer
from app.testing.people import People
from app.types import Refused

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)


def test_doer_and_moment_are_filled_in(people: People) -> None:
    one = make_customer(owner=people.manager)
    with acting_as(people.manager.actor):
        made = create_record(entity("activity"), {"customer_id": one.id, "kind": "meeting"})
    assert made.employee_id == people.manager.employee_id
    assert now() - made.at < timedelta(minutes=1)
    assert one.last_followed_at == made.at == one.last_effective_at
    assert one.version == 1, "a follow-up makes nobody's open form stale"


def test_last_follow_up_is_the_latest_and_is_corrected(people: People) -> None:
    one = make_customer(owner=people.manager)
    with acting_as(people.manager.actor):
        latest = record_activity({"customer_id": one.id, "kind": "call", "at": NOON, "effective": False})
        earlier = record_activity({"customer_id": one.id, "kind": "call", "at": NOON - timedelta(days=9)})
        assert (one.last_followed_at, one.last_effective_at) == (NOON, NOON - timedelta(days=9))
        update_record(entity("activity"), latest, {"effective": "true"})
        assert one.last_effective_at == NOON
        update_record(entity("activity"), latest, {"at": "2026-02-25 12:00"})
        assert one.last_followed_at == datetime(2026, 2, 25, 4, 0, tzinfo=UTC)
        delete_record(entity("activity"), latest)
        assert one.last_followed_at == earlier.at
        delete_record(entity("activity"), earlier)
        assert (one.last_followed_at, one.last_effective_at) == (None, None)


def test_many_follow_ups_in_one_pass(app: Flask, people: People) -> None:
    told = []

    def hear(customer_ids, at, effective):
        told.append((list(customer_ids), at, effective))

    listener = type("Listener", (), {"activity_recorded": staticmethod(hookimpl(hear))})
    context(app).hooks.register("listener", listener)
    customers = [make_customer(owner=people.manager) for _ in range(3)]
    rows = [
        {
            "customer_id": customers[n % 3].id,
            "kind": "call",
            "at": NOON - timedelta(hours=n),
            "effective": n > 3,
        }
        for n in range(30)
    ]
    with acting_as(people.manager.actor):
        ids = record_activities(rows)
    assert len(set(ids)) == 30
    assert [c.last_followed_at for c in customers] == [NOON - timedelta(hours=n) for n in (0, 1, 2)]
    assert [c.last_effective_at for c in customers] == [NOON - timedelta(hours=n) for n in (6, 4, 5)]
    assert told == [(sorted(c.id for c in customers), NOON, True)]
    counts = select(Activity.employee_id, func.count()).group_by(Activity.employee_id)
    done = session.execute(counts.execution_options(**{UNSCOPED: True})).all()
    assert done == [(people.manager.employee_id, 30)]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"at": now() + timedelta(days=1)}, "at"),
        ({"amount": 5}, "amount"),
        ({"amount": -5, "result": "deal"}, "amount"),
        ({"duration_seconds": -1}, "duration_seconds"),
    ],
)
def test_impossible_follow_ups_are_refused(people: People, values: dict, field: str) -> None:
    one = make_customer(owner=people.manager)
    with acting_as(people.manager.actor):
        for act in (
            lambda: record_activity({"customer_id": one.id, "kind": "call", **values}),
            lambda: record_activities([{"customer_id": one.id}, {"customer_id": one.id, **values}]),
        ):
            with pytest.raises(Refused) as refused:
                act()
            assert list(refused.value.errors) == [field]
    assert one.last_followed_at is None


def test_only_who_may_change_the_customer_records(people: People) -> None:
    one, own = make_customer(owner=people.stranger), make_customer(owner=people.manager)
    with acting_as(people.stranger.actor):
        share_customer({"customer_id": one.id, "employee_id": people.manager.employee_id})
    with acting_as(people.manager.actor):
        with pytest.raises(Refused) as refused:
            create_record(entity("activity"), {"customer_id": one.id, "kind": "call"})
        assert "customer_id" in refused.value.errors
        with pytest.raises(Refused):
            record_activities([{"customer_id": own.id}, {"customer_id": one.id}])
    with acting_as(people.stranger.actor):
        share_customer({"customer_id": one.id, "employee_id": people.manager.employee_id, "can_write": True})
    with acting_as(people.manager.actor):
        assert create_record(entity("activity"), {"customer_id": one.id, "kind": "call"}).id


def test_credit_stays_with_who_did_it(people: People) -> None:
    one = make_customer(owner=people.manager)
    done = make_activity(one, people.manager)
    with acting_as(people.head.actor):
        assign_customers([one.id], people.colleague.employee_id, cause="handover")
        with pytest.raises(Refused):
            update_record(entity("activity"), done, {"employee_id": people.colleague.employee_id})
    session.refresh(done)
    assert done.employee_id == people.manager.employee_id


def test_two_records_at_once_keep_the_later_one(app: Flask, people: People) -> None:
    one = make_customer(owner=people.manager)
    number, actor = one.id, people.manager.actor
    session.commit()
    session.remove()
    start = threading.Barrier(4, timeout=20)

    def record(days: int) -> None:
        with app.app_context(), acting_as(actor), ExitStack() as ending:
            ending.callback(session.remove)
            start.wait()
            record_activity({"customer_id": number, "kind": "call", "at": NOON - timedelta(days=days)})

    threads = [threading.Thread(target=record, args=(days,)) for days in (0, 3, 5, 8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    session.expire_all()
    with acting_as(actor):
        assert session.get(type(one), number).last_followed_at == NOON
        assert session.scalar(select(func.count(Activity.id))) == 4
