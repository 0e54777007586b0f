"""APR-4: acts on cases through the services, on both databases: what is kept is what the history says."""

from __future__ import annotations

from sqlalchemy import func, select

from app.access.actors import acting_as
from app.approvals.models import Case, CaseEvent, Task
from app.approvals.rules.document import Sign, Starts
from app.approvals.services import (
    add_signers,
    decide,
    give_back,
    read_case,
    resubmit,
    start_case,
    verify_case,
    withdraw,
)
from app.db import session
from app.notices.models import Message, Notice
from app.testing.factories import make_customer
from app.testing.people import People
from app.types import SYSTEM
from tests.kernel.approvals.flows import publish, refuses, seat_of, state_of, step, submit


def test_a_record_goes_through_two_steps(people: People) -> None:
    publish(step("one", people.head, people.colleague, sign=Sign.ALL), step("two", people.city_manager))
    customer = make_customer("鸿运贸易", people.manager)
    case = submit(people.manager, customer)
    assert (case.status, case.steps, case.title, case.unit_id) == ("running", "one", "鸿运贸易", people.north.id)

    for person in (people.head, people.colleague):
        with acting_as(person.actor):
            decide(case.id, seat_of(case.id, person), "approve")
            assert verify_case(case.id) == []
    assert session.get_one(Case, case.id).steps == "two"
    with acting_as(people.city_manager.actor):
        decide(case.id, seat_of(case.id, people.city_manager), "approve", "fine")
    assert (case.status, case.steps, case.ended_at is not None) == ("approved", "", True)
    assert verify_case(case.id) == []
    told = session.scalars(select(Message.kind).join(Notice).where(Notice.user_id == people.manager.user_id)).all()
    assert told == ["approvals.result"]


def test_a_returned_case_is_submitted_again(people: People) -> None:
    publish(step("one", people.head), step("two", people.city_manager))
    case = submit(people.manager, make_customer("甲", people.manager))
    with acting_as(people.head.actor):
        decide(case.id, 1, "approve")
    with acting_as(people.city_manager.actor):
        view = read_case(case.id)
        assert view is not None and view.targets == {2: ("applicant", "one")}
        give_back(case.id, 2, "applicant", "no balance sheet", straight=True)
    assert (case.status, case.steps, case.round) == ("returned", "applicant", 2)
    with acting_as(people.manager.actor):
        view = read_case(case.id)
        assert view is not None and view.case_acts == {"comment", "copy", "resubmit", "withdraw"}
        resubmit(case.id, "here")
    assert state_of(case.id).places.keys() == {"two"} and verify_case(case.id) == []


def test_what_may_not_be_changes_nothing_and_says_why(people: People) -> None:
    publish(step("one", people.head))
    case = submit(people.manager, make_customer("甲", people.manager))
    count = select(func.count(CaseEvent.id))
    before = session.scalar(count)
    with acting_as(people.head.actor), refuses("comment_needed"):
        decide(case.id, 1, "refuse")
    with acting_as(people.stranger.actor):
        assert read_case(case.id) is None
        with refuses("no_case"):
            decide(case.id, 1, "approve")
    with acting_as(people.manager.actor), refuses("not_yours"):
        add_signers(case.id, 1, [people.colleague.employee_id], "before")
    assert session.scalar(count) == before


def test_a_record_is_in_one_flow_at_a_time(people: People) -> None:
    publish(step("one", people.head))
    customer = make_customer("甲", people.manager)
    case = submit(people.manager, customer)
    with refuses("in_a_flow"):
        submit(people.manager, customer)
    with acting_as(people.manager.actor):
        withdraw(case.id)
    assert submit(people.manager, customer).id != case.id


def test_what_cannot_be_begun_leaves_nothing(people: People) -> None:
    publish(step("one", people.head))
    publish(step("one", people.head), code="other", entity="contact")
    publish(step("one", people.head), code="never", starts=Starts(when="name == '乙'"))
    publish(step("one", people.head), code="made", starts=Starts(button=False, create=True))
    customer = make_customer("甲", people.manager)
    foreign = make_customer("丙", people.stranger)
    with acting_as(people.manager.actor):
        for code, record_id, why in (
            ("other", customer.id, "no_flow"), ("none", customer.id, "no_flow"), ("flow", 99_999, "no_record"),
            ("flow", foreign.id, "no_record"), ("never", customer.id, "not_for_it"),
            ("made", customer.id, "not_button"),
        ):  # fmt: skip
            with refuses(why):
                start_case(code, "customer", record_id)
    with acting_as(SYSTEM), refuses("no_employee"):
        start_case("flow", "customer", customer.id)
    assert session.scalar(select(func.count(Case.id))) == 0
    assert session.scalar(select(func.count(Task.id))) == 0
