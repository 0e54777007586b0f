"""CUS-5: who owns a customer, the ledger of it, and two people at once."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from itertools import pairwise

import pytest
from flask import Flask
from sqlalchemy import delete, select, update

from app.access.actors import acting_as
from app.access.scope import UNSCOPED
from app.customers.models import Customer, CustomerOwnership, CustomerShare
from app.customers.services import assign_customers, share_customer, unshare_customer
from app.db import session
from app.fields.records import create_record, find_record, update_record
from app.hookspecs import hookimpl
from app.host.context import context, entity
from app.testing.factories import make_customer
from app.testing.people import People
from app.types import SYSTEM, Refused, Veto


def ledger(customer_id: int) -> list[tuple[int | None, int | None, str]]:
    rows = session.execute(
        select(CustomerOwnership.from_employee_id, CustomerOwnership.to_employee_id, CustomerOwnership.cause)
        .where(CustomerOwnership.customer_id == customer_id)
        .order_by(CustomerOwnership.id)
        .execution_options(**{UNSCOPED: True})
    )
    return [tuple(row) for row in rows]


def listen(app: Flask, **hooks) -> None:
    """Register hooks of a module made for the test."""
    module = type("Listener", (), {name: staticmethod(hookimpl(act)) for name, act in hooks.items()})
    context(app).hooks.register("listener", module)


def test_handing_over_writes_row_ledger_audit_and_event(app: Flask, people: People) -> None:
    told = []
    listen(app, assigned=lambda customer_ids, employee_id, cause: told.append((customer_ids, employee_id, cause)))
    one, two = make_customer("甲", owner=people.manager), make_customer("乙", owner=people.manager)
    with acting_as(people.head.actor):
        moved = assign_customers([two.id, one.id], people.colleague.employee_id, cause="handover", reason="换人")
    assert moved == [one.id, two.id]
    assert told[-1] == ([one.id, two.id], people.colleague.employee_id, "handover")
    assert one.owner_id == people.colleague.employee_id
    assert one.version == 2
    assert ledger(one.id)[-1] == (people.manager.employee_id, people.colleague.employee_id, "handover")
    row = session.scalars(
        select(CustomerOwnership).order_by(CustomerOwnership.id.desc()).execution_options(**{UNSCOPED: True})
    ).first()
    assert (row.reason, row.by_user_id, row.from_unit_id) == ("换人", people.head.user_id, people.north.id)


def test_the_unit_follows_the_owner_and_stays_without_one(people: People) -> None:
    one = make_customer("甲", owner=people.manager)
    with acting_as(people.city_manager.actor):
        assign_customers([one.id], people.stranger.employee_id, cause="handover")
        assert (one.owner_id, one.unit_id) == (people.stranger.employee_id, people.south.id)
        assign_customers([one.id], None, cause="released")
        assert (one.owner_id, one.unit_id, one.owned_since_at) == (None, people.south.id, None)
        assign_customers([one.id], None, cause="parked", unit_id=people.branch.id)
        assert (one.owner_id, one.unit_id) == (None, people.branch.id)
        assert assign_customers([one.id], None, cause="parked") == []
    assert len(ledger(one.id)) == 4


def test_a_condition_takes_what_it_finds_within_the_scope(people: People) -> None:
    mine = [make_customer(owner=people.manager).id for _ in range(3)]
    far = make_customer(owner=people.stranger)
    with acting_as(people.head.actor):
        moved = assign_customers(Customer.name.like("客户%"), people.colleague.employee_id, cause="handover")
    assert moved == mine
    assert far.owner_id == people.stranger.employee_id


def test_out_of_reach_is_all_or_nothing(people: People) -> None:
    near, far = make_customer(owner=people.manager), make_customer(owner=people.stranger)
    with acting_as(people.head.actor), pytest.raises(Refused):
        assign_customers([near.id, far.id], people.colleague.employee_id, cause="handover")
    session.expire_all()
    assert near.owner_id == people.manager.employee_id
    assert len(ledger(near.id)) == 1
    with acting_as(people.manager.actor):
        module_rule = assign_customers([far.id], people.manager.employee_id, cause="claim", scoped=False)
    assert module_rule == [far.id]


def test_a_share_does_not_let_one_take_or_pass_on_the_customer(people: People) -> None:
    one = make_customer(owner=people.stranger)
    with acting_as(people.stranger.actor):
        share_customer({"customer_id": one.id, "employee_id": people.manager.employee_id, "can_write": True})
    with acting_as(people.manager.actor):
        assert find_record(entity("customer"), one.id, write=True) is not None
        with pytest.raises(Refused):
            assign_customers([one.id], people.manager.employee_id, cause="handover")
        with pytest.raises(Refused):
            share_customer({"customer_id": one.id, "employee_id": people.colleague.employee_id})
    assert len(ledger(one.id)) == 1


def test_a_veto_or_a_failing_gate_refuses_the_whole_act(app: Flask, people: People) -> None:
    one = make_customer(owner=people.manager)
    listen(app, before_assign=lambda customer_ids, cause: Veto("full") if cause == "handover" else None)
    with acting_as(people.head.actor), pytest.raises(Refused, match="full"):
        assign_customers([one.id], people.colleague.employee_id, cause="handover")
    assert ledger(one.id) == [(None, people.manager.employee_id, "create")]


def test_limits_hold_on_creation_too(app: Flask, people: People) -> None:
    listen(app, before_assign=lambda customer_ids, employee_id, cause: Veto("full"))
    with acting_as(people.manager.actor), pytest.raises(Refused, match="full"):
        create_record(entity("customer"), {"name": "超额"})
    statement = select(Customer.id).execution_options(**{UNSCOPED: True})
    assert session.scalars(statement).all() == []


def test_nobody_who_has_left_gets_customers(people: People) -> None:
    one = make_customer(owner=people.manager)
    with acting_as(SYSTEM):
        colleague = find_record(entity("employee"), people.colleague.employee_id)
        update_record(entity("employee"), colleague, {"left_on": "2020-01-31"})
    with acting_as(people.head.actor), pytest.raises(Refused) as refused:
        assign_customers([one.id], people.colleague.employee_id, cause="handover")
    assert "employee_id" in refused.value.errors


def test_the_ledger_is_append_only(people: People) -> None:
    one = make_customer(owner=people.manager)
    with acting_as(SYSTEM):
        row = session.scalar(select(CustomerOwnership).where(CustomerOwnership.customer_id == one.id))
        row.cause = "never"
        with pytest.raises(PermissionError):
            session.flush()
        session.rollback()
        session.delete(row)
        with pytest.raises(PermissionError):
            session.flush()
        session.rollback()
        for statement in (update(CustomerOwnership).values(cause="x"), delete(CustomerOwnership)):
            with pytest.raises(PermissionError):
                session.execute(statement)
        session.rollback()
    assert ledger(one.id) == [(None, people.manager.employee_id, "create")]


def test_sharing_shows_and_unsharing_hides(people: People) -> None:
    one = make_customer(owner=people.stranger)
    seen = lambda: find_record(entity("customer"), one.id)  # noqa: E731
    with acting_as(people.manager.actor):
        assert seen() is None
    with acting_as(people.stranger.actor):
        share_customer({"customer_id": one.id, "employee_id": people.manager.employee_id})
    with acting_as(people.manager.actor):
        assert seen() is not None
        assert find_record(entity("customer"), one.id, write=True) is None
    with acting_as(people.stranger.actor):
        share_customer({"customer_id": one.id, "employee_id": people.manager.employee_id, "can_write": True})
        rows = session.scalars(select(CustomerShare)).all()
        assert [(row.employee_id, row.can_write) for row in rows] == [(people.manager.employee_id, True)]
        assert unshare_customer(one.id, people.manager.employee_id)
        assert not unshare_customer(one.id, people.manager.employee_id)
    with acting_as(people.manager.actor):
        assert seen() is None
    with acting_as(people.stranger.actor), pytest.raises(Refused):
        share_customer({"customer_id": one.id, "employee_id": people.stranger.employee_id})


def test_two_claim_one_customer_and_one_wins(app: Flask, people: People) -> None:
    one = make_customer("抢手客户", unit=people.north.id)
    session.commit()
    claimants = (people.manager, people.colleague)
    actors = {person.employee_id: person.actor for person in claimants}
    session.remove()
    start, won, lost = threading.Barrier(2, timeout=20), [], []

    def claim(employee_id: int) -> None:
        with app.app_context(), acting_as(actors[employee_id]), ExitStack() as ending:
            ending.callback(session.remove)
            start.wait()
            try:
                assign_customers([one.id], employee_id, cause="claim", from_employee_id=None, scoped=False)
                won.append(employee_id)
            except Refused:
                lost.append(employee_id)

    threads = [threading.Thread(target=claim, args=(person.employee_id,)) for person in claimants]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(won) == 1 and len(lost) == 1
    assert ledger(one.id) == [(None, won[0], "claim")]


def test_two_hand_overs_at_once_leave_an_unbroken_ledger(app: Flask, people: People) -> None:
    ids = [make_customer(owner=people.manager).id for _ in range(20)]
    session.commit()
    head, targets = people.head.actor, (people.colleague.employee_id, people.head.employee_id)
    session.remove()
    start = threading.Barrier(2, timeout=20)
    failed = []

    def hand_over(employee_id: int, order: list[int]) -> None:
        with app.app_context(), acting_as(head), ExitStack() as ending:
            ending.callback(session.remove)
            start.wait()
            try:
                assign_customers(order, employee_id, cause="handover")
            except Exception as error:
                failed.append(error)

    threads = [
        threading.Thread(target=hand_over, args=(targets[0], ids)),
        threading.Thread(target=hand_over, args=(targets[1], ids[::-1])),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert failed == []
    for number in ids:
        story = ledger(number)
        assert len(story) == 3
        assert all(after[0] == before[1] for before, after in pairwise(story))
        statement = select(Customer.owner_id).where(Customer.id == number)
        assert session.scalar(statement.execution_options(**{UNSCOPED: True})) == story[-1][1]
