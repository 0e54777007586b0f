"""ORG-4: work changes hands as one job: previewed, in chunks, nothing twice, undone as a whole."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import pytest
from sqlalchemy import delete, func, select

from app.access.actors import acting_as
from app.access.audit import verify
from app.access.models import AuditEntry
from app.access.scope import UNSCOPED
from app.activities.models import Activity
from app.customers.models import Customer, CustomerOwnership, CustomerShare
from app.customers.services import assign_customers
from app.db import session, transaction
from app.jobs.models import Job
from app.organisation.handover import running
from app.organisation.handover.models import Handover, HandoverItem
from app.organisation.handover.planning import held_by, today
from app.organisation.handover.rules import How, Route
from app.organisation.handover.services import cancel_handover, plan_handover, start_handover, undo_handover
from app.organisation.models import Employee
from app.testing.factories import make_activity, make_customer, make_employee, make_record
from app.testing.jobs import run_pending
from app.testing.people import People, Person
from app.types import SYSTEM, Refused

OPEN = {UNSCOPED: True}


def owners() -> Counter[int | None]:
    """How many customers each employee owns."""
    rows = session.execute(
        select(Customer.owner_id, func.count()).group_by(Customer.owner_id).execution_options(**OPEN)
    )
    return Counter({row[0]: row[1] for row in rows})


def hand(people: People, *routes: Route, by: Person | None = None, **values: object) -> Handover:
    """Hand the manager's work over and let the job run."""
    with acting_as((by or people.head).actor):
        handover = start_handover("handover", people.manager.employee_id, routes, **values)  # type: ignore[arg-type]
    run_pending()
    session.expire_all()
    return handover


def undo(people: People, handover: Handover) -> None:
    with acting_as(people.head.actor):
        undo_handover(handover.id)
    run_pending()
    session.expire_all()


def states(handover: Handover) -> Counter[tuple[str, str]]:
    rows = session.execute(
        select(HandoverItem.holding, HandoverItem.state, func.count())
        .where(HandoverItem.handover_id == handover.id)
        .group_by(HandoverItem.holding, HandoverItem.state)
    )
    return Counter({(row[0], row[1]): row[2] for row in rows})


def to(*people: Person, holding: str = "customers", how: How = How.PEOPLE, **narrowed: str) -> Route:
    return Route(holding, how, tuple(each.employee_id for each in people), "", narrowed)


def test_rooms_name_what_somebody_holds(people: People) -> None:
    mine = make_customer(owner=people.manager)
    other = make_customer(owner=people.colleague)
    make_record("customer_share", customer_id=other.id, employee_id=people.manager.employee_id)
    make_activity(mine, people.manager, days_ago=2, next_step="回访", next_on=today().isoformat())
    make_activity(other, people.manager, days_ago=5, next_step="已回访", next_on=today().isoformat())
    make_activity(other, people.manager, days_ago=1)
    make_employee(people.north, manager_id=people.manager.employee_id)
    with acting_as(people.head.actor):
        held = {each.holding.name: each.count for each in held_by(people.manager.employee_id)}
    names = ("customers", "customers.shares", "activities.steps", "organisation.team")
    assert {name: held[name] for name in names} == {
        "customers": 1, "customers.shares": 1, "activities.steps": 1, "organisation.team": 1,
    }  # fmt: skip


def test_it_moves_spreads_and_writes_ledger_and_audit(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "CHUNK", 3)
    made = [make_customer(owner=people.manager).id for _each in range(7)]
    route = to(people.colleague, people.head)
    with acting_as(people.head.actor):
        lines = plan_handover("handover", people.manager.employee_id, [route])
    assert [(line.holding.name, [count for _who, count in line.to]) for line in lines] == [("customers", [4, 3])]
    assert owners() == {people.manager.employee_id: 7}
    handover = hand(people, route, reason="转岗")
    assert owners() == {people.colleague.employee_id: 4, people.head.employee_id: 3}
    assert (handover.status, states(handover)) == ("done", {("customers", "moved"): 7})
    ledger = session.execute(
        select(CustomerOwnership.cause, CustomerOwnership.reason, CustomerOwnership.from_employee_id)
        .where(CustomerOwnership.cause != "create")
        .execution_options(**OPEN)
    ).all()
    assert ledger == [("handover", "转岗", people.manager.employee_id)] * 7
    audited = session.scalars(
        select(AuditEntry.record_id).where(AuditEntry.entity == "customer", AuditEntry.action == "assign")
    )
    assert sorted(audited) == sorted(map(str, made))
    assert verify(session())[1] == ""
    job = session.get_one(Job, handover.job_id, execution_options=OPEN)
    assert (job.status, job.progress_done, job.progress_total) == ("done", 7, 7)


def test_undo_brings_back_what_nobody_has_moved_since(people: People) -> None:
    stays, back = make_customer(owner=people.manager), make_customer(owner=people.manager)
    returned = make_customer(owner=people.manager)
    handover = hand(people, to(people.colleague))
    with acting_as(SYSTEM):
        assign_customers([stays.id], people.head.employee_id, cause="handover")
        # away and back again: it has moved since, though its owner is the same
        assign_customers([returned.id], people.head.employee_id, cause="handover")
        assign_customers([returned.id], people.colleague.employee_id, cause="handover")
    undo(people, handover)
    assert session.get_one(Customer, back.id, execution_options=OPEN).owner_id == people.manager.employee_id
    assert states(handover) == {("customers", "back"): 1, ("customers", "kept"): 2}
    kept = session.scalars(select(HandoverItem.reason).where(HandoverItem.state == "kept")).all()
    assert all(kept)
    assert handover.status == "undone"
    with acting_as(people.head.actor), pytest.raises(Refused):
        undo_handover(handover.id)


def test_shares_go_under_and_come_back(people: People) -> None:
    plain, both, owned = (make_customer(owner=people.head) for _each in range(3))
    with acting_as(SYSTEM), transaction():
        assign_customers([owned.id], people.colleague.employee_id, cause="handover")
    for customer in (plain, both, owned):
        write = {"can_write": "yes"}
        make_record("customer_share", customer_id=customer.id, employee_id=people.manager.employee_id, **write)
    make_record("customer_share", customer_id=both.id, employee_id=people.colleague.employee_id)

    def shares() -> set[tuple[int, int, bool]]:
        columns = (CustomerShare.customer_id, CustomerShare.employee_id, CustomerShare.can_write)
        return {tuple(row) for row in session.execute(select(*columns).execution_options(**OPEN))}

    before, colleague = shares(), people.colleague.employee_id
    handover = hand(people, to(people.colleague, holding="customers.shares"))
    assert shares() == {(plain.id, colleague, True), (both.id, colleague, True)}
    undo(people, handover)
    assert shares() == before


def test_steps_go_along_with_their_customers(people: People) -> None:
    first, second = make_customer(owner=people.manager), make_customer(owner=people.manager)
    foreign = make_customer(owner=people.colleague)
    soon = today().isoformat()
    steps = [
        make_activity(each, people.manager, days_ago=1, next_step="回访", next_on=soon).id
        for each in (second, first, foreign)
    ]
    handover = hand(
        people,
        to(people.colleague, people.head),
        to(people.head, holding="activities.steps", how=How.FOLLOW),
    )
    found = dict(session.execute(select(Activity.id, Activity.next_for_id).execution_options(**OPEN)).all())
    who = {c: session.get_one(Customer, c, execution_options=OPEN).owner_id for c in (first.id, second.id, foreign.id)}
    assert [found[step] for step in steps] == [who[second.id], who[first.id], who[foreign.id]]
    credit = session.scalars(select(Activity.employee_id).execution_options(**OPEN)).all()
    assert set(credit) == {people.manager.employee_id}
    undo(people, handover)
    assert session.scalars(select(Activity.next_for_id).execution_options(**OPEN)).all() == [None] * 3


def test_a_team_goes_to_one_of_its_own_without_a_circle(people: People) -> None:
    chief, boss = people.head.employee_id, people.manager.employee_id
    worker = make_employee(people.north, manager_id=boss)
    with acting_as(SYSTEM), transaction() as current:
        current.get_one(Employee, boss).manager_id = chief
        current.get_one(Employee, people.colleague.employee_id).manager_id = boss
    handover = hand(people, to(people.colleague, holding="organisation.team"))
    managers = {e.id: e.manager_id for e in session.scalars(select(Employee).execution_options(**OPEN))}
    assert (managers[worker.id], managers[people.colleague.employee_id]) == (people.colleague.employee_id, chief)
    undo(people, handover)
    managers = {e.id: e.manager_id for e in session.scalars(select(Employee).execution_options(**OPEN))}
    assert (managers[worker.id], managers[people.colleague.employee_id]) == (boss, boss)


def test_it_can_be_narrowed(people: People) -> None:
    for kind in ("personal", "personal", "channel"):
        make_customer(owner=people.manager, kind=kind)
    hand(people, to(people.colleague, kind="channel"))
    assert owners() == {people.manager.employee_id: 2, people.colleague.employee_id: 1}
    with acting_as(people.head.actor), pytest.raises(Refused) as refused:
        plan_handover("handover", people.manager.employee_id, [to(people.colleague, kind="nobody")])
    assert list(refused.value.errors) == ["customers"]


def test_heads_take_what_counts_for_their_units(people: People) -> None:
    north, south = make_customer(owner=people.manager), make_customer(owner=people.manager)
    with acting_as(SYSTEM), transaction() as current:
        people.north.head_id = people.head.employee_id
        people.branch.head_id = people.city_manager.employee_id
        current.get_one(Customer, south.id).unit_id = people.south.id
    hand(people, to(how=How.HEADS), by=people.city_manager)
    assert session.get_one(Customer, north.id, execution_options=OPEN).owner_id == people.head.employee_id
    assert session.get_one(Customer, south.id, execution_options=OPEN).owner_id == people.city_manager.employee_id


def test_receivers_are_looked_at(people: People) -> None:
    make_customer(owner=people.manager)
    without = make_employee(people.north)
    left = make_employee(people.north, left_on="2024-01-31")
    blind = people.add("qian", "钱无权", people.north, "consultant")
    for number in (
        people.manager.employee_id, people.stranger.employee_id, without.id, left.id, blind.employee_id, 999_999,
    ):  # fmt: skip
        with acting_as(people.head.actor), pytest.raises(Refused) as refused:
            start_handover("handover", people.manager.employee_id, [Route("customers", receivers=(number,))])
        assert list(refused.value.errors) == ["customers"], number
    assert session.scalar(select(func.count(Handover.id)).execution_options(**OPEN)) == 0
    hand(people, Route("organisation.team", receivers=(without.id,)))


def test_only_employees_within_ones_reach(people: People) -> None:
    make_customer(owner=people.stranger)
    with acting_as(people.head.actor), pytest.raises(LookupError):
        plan_handover("handover", people.stranger.employee_id, [to(people.colleague)])
    with acting_as(people.colleague.actor), pytest.raises(LookupError):
        plan_handover("handover", people.manager.employee_id, [to(people.head)])


def test_a_later_one_waits_for_its_day_and_can_be_called_off(people: People) -> None:
    make_customer(owner=people.manager)
    handover = hand(people, to(people.colleague), effective_on=today() + timedelta(days=3))
    job = session.get_one(Job, handover.job_id, execution_options=OPEN)
    assert (handover.status, job.status, owners()) == ("planned", "queued", {people.manager.employee_id: 1})
    with acting_as(people.head.actor):
        with pytest.raises(Refused):
            start_handover("handover", people.manager.employee_id, [to(people.colleague)])
        with pytest.raises(Refused) as refused:
            plan_handover("handover", people.manager.employee_id, [to(people.colleague)], effective_on=date(2020, 1, 1))
        assert list(refused.value.errors) == ["effective_on"]
        cancel_handover(handover.id)
    assert handover.status == "cancelled"
    session.refresh(job)
    assert job.status == "cancelled"


def test_what_is_no_longer_allowed_does_not_happen(people: People) -> None:
    make_customer(owner=people.manager)
    with acting_as(people.head.actor):
        handover = start_handover("handover", people.manager.employee_id, [to(people.colleague)])
    with acting_as(SYSTEM), transaction() as current:
        current.get_one(Employee, people.colleague.employee_id).left_on = date(2024, 1, 31)
    run_pending()
    session.expire_all()
    job = session.get_one(Job, handover.job_id, execution_options=OPEN)
    assert (job.status, handover.status, owners()) == ("failed", "planned", {people.manager.employee_id: 1})
    with acting_as(people.head.actor):
        cancel_handover(handover.id)
    assert handover.status == "cancelled"


def test_a_broken_off_run_goes_on_and_moves_nothing_twice(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "CHUNK", 2)
    for _each in range(7):
        make_customer(owner=people.manager)
    noted = running._note
    calls: list[int] = []

    def break_off(*arguments: object) -> None:
        noted(*arguments)  # type: ignore[arg-type]
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt  # as a process that is ended from outside

    monkeypatch.setattr(running, "_note", break_off)
    with acting_as(people.head.actor):
        handover = start_handover("handover", people.manager.employee_id, [to(people.colleague)])
    with pytest.raises(KeyboardInterrupt):
        run_pending()
    session.expire_all()
    assert owners() == {people.manager.employee_id: 3, people.colleague.employee_id: 4}
    run_pending()
    session.expire_all()
    assert (owners(), states(handover)) == ({people.colleague.employee_id: 7}, {("customers", "moved"): 7})
    per_customer = session.execute(
        select(func.count())
        .where(CustomerOwnership.cause == "handover")
        .group_by(CustomerOwnership.customer_id)
        .execution_options(**OPEN)
    )
    assert [row[0] for row in per_customer] == [1] * 7


def test_a_customer_removed_meanwhile_is_no_obstacle(people: People) -> None:
    kept, gone = make_customer(owner=people.manager), make_customer(owner=people.manager)
    handover = hand(people, to(people.colleague))
    with acting_as(SYSTEM), transaction() as current:
        current.execute(delete(Customer).where(Customer.id == gone.id))
    undo(people, handover)
    assert states(handover) == {("customers", "back"): 1, ("customers", "kept"): 1}
    assert session.get_one(Customer, kept.id, execution_options=OPEN).owner_id == people.manager.employee_id
