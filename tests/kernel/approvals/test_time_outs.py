"""APR-5: what approvals do by themselves: deadlines, reminders, people who leave, who stands in, whom modules tell."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import select, update

from app.access.actors import acting_as
from app.approvals.models import Case, CaseEvent, Task, Visit
from app.approvals.rules.document import Deadline, Find, Kind, Rule, Step, Then, Within
from app.approvals.services import (
    decide,
    delegate,
    end_delegation,
    read_case,
    urge,
    verify_case,
)
from app.approvals.services.handing import approval_holdings
from app.approvals.services.time_outs import JOB
from app.customers.models import Customer
from app.db import db, session, transaction
from app.hookspecs import hookimpl
from app.host.context import hooks
from app.jobs.leases import JOBS
from app.jobs.services import enqueue
from app.notices.models import Message, Notice
from app.organisation.models import Employee, Post, Unit
from app.testing.factories import make_customer
from app.testing.jobs import run_pending
from app.testing.people import People, Person
from app.types import SYSTEM, Handing, Refused, Veto
from tests.kernel.approvals.flows import publish, refuses, seat_of, state_of, step, submit


def sweep() -> None:
    """Let the job run as the schedule would."""
    with acting_as(SYSTEM):
        enqueue(JOB)
    run_pending()
    session.expire_all()


def told(person: Person, kind: str) -> int:
    """How many notices of a kind somebody has got."""
    rows = session.scalars(
        select(Message.id).join(Notice).where(Notice.user_id == person.user_id, Message.kind == kind)
    )
    return len(rows.all())


def kinds(case_id: int) -> list[str]:
    """The kinds of a case's events in their order."""
    return list(session.scalars(select(CaseEvent.kind).where(CaseEvent.case_id == case_id).order_by(CaseEvent.number)))


def test_a_deadline_counts_over_the_days_off_of_new_year(people: People) -> None:
    publish(step("one", people.head, deadline=Deadline(1, "working_days", Then.REMIND)))
    # Wednesday 31 December 2025, 17:00 in Shanghai; 1 to 3 January are off, 4 January (a Sunday) is worked.
    with time_machine.travel(datetime(2025, 12, 31, 9, 0, tzinfo=UTC), tick=False):
        case = submit(people.manager, make_customer("甲", people.manager))
        due = session.scalar(select(Visit.due_at).where(Visit.case_id == case.id))
    assert due == datetime(2026, 1, 4, 9, 0, tzinfo=UTC)
    assert session.scalar(select(Task.due_at).where(Task.case_id == case.id)) == due


def test_reminders_and_deadlines_come_once_each(people: People) -> None:
    publish(step("one", people.head, deadline=Deadline(2, "days", Then.REMIND, remind_hours=24)))
    begun = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)  # a Monday
    with time_machine.travel(begun, tick=False):
        case = submit(people.manager, make_customer("甲", people.manager))
        sweep()
    assert kinds(case.id) == ["started", "entered"]
    for hours in (25, 26, 49, 50):
        with time_machine.travel(begun + timedelta(hours=hours), tick=False):
            sweep()
    assert kinds(case.id) == ["started", "entered", "reminded", "expired"]
    assert told(people.head, "approvals.due") == 2
    visit = session.scalars(select(Visit).where(Visit.case_id == case.id)).one()
    assert (visit.expired, visit.remind_at, visit.due_at) == (1, None, begun + timedelta(hours=73))
    assert verify_case(case.id) == []


def test_a_deadline_decides(people: People) -> None:
    for then, status in ((Then.APPROVE, "approved"), (Then.REFUSE, "refused")):
        publish(step("one", people.head, deadline=Deadline(1, "hours", then)), code=then.value)
        case = submit(people.manager, make_customer("甲", people.manager), then.value)
        with time_machine.travel(case.started_at + timedelta(hours=2), tick=False):
            sweep()
        assert session.get_one(Case, case.id).status == status
        assert verify_case(case.id) == []


def test_a_deadline_escalates_to_whoever_is_above(people: People) -> None:
    with acting_as(SYSTEM), transaction() as current:
        current.execute(update(Employee).where(Employee.id == people.head.employee_id).values(
            manager_id=people.city_manager.employee_id))  # fmt: skip
    publish(step("one", people.head, deadline=Deadline(1, "hours", Then.ESCALATE)))
    case = submit(people.manager, make_customer("甲", people.manager))
    with time_machine.travel(case.started_at + timedelta(hours=2), tick=False):
        sweep()
    task = session.scalars(select(Task).where(Task.case_id == case.id)).one()
    assert task.employee_id == people.city_manager.employee_id
    assert task.due_at > case.started_at + timedelta(hours=2)
    assert verify_case(case.id) == []


def test_a_case_that_fails_holds_no_other_up(people: People) -> None:
    publish(step("one", people.head, deadline=Deadline(1, "hours", Then.APPROVE)))
    cases = [submit(people.manager, make_customer(name, people.manager)) for name in "甲乙丙"]

    class Module:
        @hookimpl
        def before_transition(self, record: Any, transition: str) -> Veto | None:
            return Veto("not this one") if record.name == "乙" and transition == "approvals.expire" else None

    with with_module(Module()), time_machine.travel(cases[-1].started_at + timedelta(hours=2), tick=False):
        sweep()
    assert [session.get_one(Case, case.id).status for case in cases] == ["approved", "running", "approved"]


class with_module:
    """A module with these hooks while the block runs."""

    def __init__(self, module: Any) -> None:
        self.module = module

    def __enter__(self) -> None:
        hooks().register("fake", self.module)

    def __exit__(self, *_error: Any) -> None:
        hooks().manager.unregister(name="fake")
        hooks().modules.pop("fake", None)


def test_a_veto_saves_nothing_and_shows_its_reason(people: People) -> None:
    class Module:
        @hookimpl
        def before_transition(self, transition: str) -> Veto | None:
            return Veto("the month is closed") if transition == "approvals.approve" else None

    publish(step("one", people.head))
    case = submit(people.manager, make_customer("甲", people.manager))
    with with_module(Module()), acting_as(people.head.actor), pytest.raises(Refused, match="the month is closed"):
        decide(case.id, 1, "approve")
    assert kinds(case.id) == ["started", "entered"]
    assert verify_case(case.id) == []


def test_a_module_that_fails_is_told_again_and_undoes_nothing(people: People) -> None:
    heard: list[tuple[int, str]] = []

    class Module:
        broken = True

        @hookimpl
        def case_ended(self, case_id: int, outcome: str) -> None:
            if self.broken:
                raise ZeroDivisionError
            heard.append((case_id, outcome))

    publish(step("one", people.head))
    case = submit(people.manager, make_customer("甲", people.manager))
    module = Module()
    with with_module(module):
        with acting_as(people.head.actor):
            decide(case.id, 1, "approve")
        run_pending()
        assert (session.get_one(Case, case.id).status, heard) == ("approved", [])
        module.broken = False
        with transaction() as current:
            current.execute(update(JOBS).where(JOBS.c.name == "approvals.tell").values(run_after=case.started_at))
        run_pending()
        run_pending()
    assert heard == [(case.id, "approved")]


def test_whoever_has_left_is_replaced(people: People) -> None:
    with acting_as(SYSTEM), transaction() as current:
        current.execute(update(Unit).where(Unit.id == people.north.id).values(head_id=people.head.employee_id))
    publish(step("one", people.colleague))
    case = submit(people.manager, make_customer("甲", people.manager))
    with acting_as(SYSTEM), transaction() as current:
        current.execute(
            update(Employee).where(Employee.id == people.colleague.employee_id).values(left_on=date(2026, 1, 1))
        )
    sweep()
    assert seat_of(case.id, people.head) == 1
    assert verify_case(case.id) == []


def test_whoever_gets_the_record_does_not_decide_on_it(people: People) -> None:
    publish(step("one", people.colleague))
    customer = make_customer("甲", people.manager)
    case = submit(people.manager, customer)
    with acting_as(SYSTEM), transaction() as current:
        current.execute(
            update(Customer).where(Customer.id == customer.id).values(owner_id=people.colleague.employee_id)
        )
    with acting_as(people.colleague.actor), refuses("own_case"):
        decide(case.id, 1, "approve")
    sweep()
    assert seat_of(case.id, people.admin) == 1, "nobody heads a unit here: an administrator goes on with it"


def test_a_unit_without_head_falls_back(people: People) -> None:
    rule = Rule(Find.UNIT_HEAD)
    publish(Step("one", Kind.APPROVE, assignees=(rule,)))
    case = submit(people.manager, make_customer("甲", people.manager))
    assert kinds(case.id) == ["started", "fell_back", "entered"]
    assert seat_of(case.id, people.admin) == 1
    with acting_as(SYSTEM), transaction() as current:
        current.execute(update(Unit).where(Unit.id == people.branch.id).values(head_id=people.city_manager.employee_id))
    other = submit(people.manager, make_customer("乙", people.manager))
    assert seat_of(other.id, people.city_manager) == 1, "the next head above"


def test_rules_find_people(people: People) -> None:
    with acting_as(SYSTEM), transaction() as current:
        current.execute(update(Unit).where(Unit.id == people.north.id).values(head_id=people.head.employee_id))
        for who, above in ((people.manager, people.head), (people.head, people.city_manager)):
            current.execute(update(Employee).where(Employee.id == who.employee_id).values(manager_id=above.employee_id))
    add_post(people.admin, people.south, people.city_manager.role_id)
    for number, (rule, found) in enumerate(
        (
            (Rule(Find.ROLE, role="department_head", within=Within.UNIT), ["head"]),
            (Rule(Find.ROLE, role="city_manager"), ["city_manager"]),
            (Rule(Find.ROLE, role="city_manager", within=Within.UNIT), ["head"]),
            (Rule(Find.ROLE, role="city_manager", within=Within.ANYWHERE), ["admin", "city_manager"]),
            (Rule(Find.FIELD, field="unit_id"), ["head"]),
            (Rule(Find.EXPRESSION, expression="'E-' + 'wu'"), ["head"]),
            (Rule(Find.UNIT_HEAD, unit_level="sub_branch"), ["head"]),
            (Rule(Find.MANAGERS, level=2), ["city_manager"]),
            (Rule(Find.MANAGERS, level=2, only_last=False), ["head", "city_manager"]),
            (Rule(Find.MODULE, name="test.admin"), ["admin"]),
            (Rule(Find.MODULE, name="nobody.knows"), ["head"]),
        )
    ):
        publish(Step("one", Kind.APPROVE, assignees=(rule,)), code=f"flow{number}")
        with with_module(Assigning(people.admin.employee_id)):
            case = submit(people.manager, make_customer("甲", people.manager), f"flow{number}")
        asked = [seat.employee for seat in state_of(case.id).seats.values()]
        assert asked == [getattr(people, name).employee_id for name in found], rule


class Assigning:
    """A module with an assignee rule of its own."""

    def __init__(self, employee_id: int) -> None:
        self.employee_id = employee_id

    @hookimpl
    def assignees(self, rule: str, record: Any) -> list[int] | None:
        return [self.employee_id] if rule == "test.admin" and record.name == "甲" else None


def add_post(person: Person, unit: Unit, role_id: int) -> None:
    with acting_as(SYSTEM), transaction() as current:
        current.add(Post(employee_id=person.employee_id, unit_id=unit.id, role_id=role_id))


def test_a_published_version_leaves_running_cases_alone(people: People) -> None:
    publish(step("one", people.head))
    case = submit(people.manager, make_customer("甲", people.manager))
    publish(step("one", people.head), step("two", people.city_manager))
    with acting_as(people.head.actor):
        decide(case.id, 1, "approve")
    assert (session.get_one(Case, case.id).status, case.version) == ("approved", 1)


def test_a_substitute_decides_while_it_lasts_and_never_their_own_case(people: People) -> None:
    today = date(2026, 3, 2)
    publish(step("one", people.head))
    with time_machine.travel(datetime(2026, 3, 2, 2, 0, tzinfo=UTC), tick=False):
        with acting_as(people.head.actor):
            made = delegate(people.head.employee_id, people.colleague.employee_id, today, today + timedelta(days=3))
            with refuses("delegation_overlaps"):
                delegate(people.head.employee_id, people.stranger.employee_id, today, today)
            with pytest.raises(Refused):
                delegate(people.manager.employee_id, people.stranger.employee_id, today, today)
        first = submit(people.manager, make_customer("甲", people.manager))
        own = submit(people.colleague, make_customer("乙", people.colleague))
        second = submit(people.manager, make_customer("丙", people.manager))
        with acting_as(people.colleague.actor):
            view = read_case(first.id)
            assert view is not None and "approve" in view.acts[1]
            decide(first.id, 1, "approve")
            with refuses("own_case"):
                decide(own.id, 1, "approve")
    assert told(people.colleague, "approvals.task") == 2, "who stands in is told, but not of their own act"
    task = session.scalars(select(Task).where(Task.case_id == first.id)).one()
    assert (task.employee_id, task.decided_by) == (people.head.employee_id, people.colleague.employee_id)
    with time_machine.travel(datetime(2026, 3, 3, 2, 0, tzinfo=UTC), tick=False):
        with acting_as(people.head.actor):
            end_delegation(made.id)
        with acting_as(people.colleague.actor), refuses("no_case"):
            decide(second.id, 1, "approve")


def test_urging_is_for_the_applicant_once_an_hour(people: People) -> None:
    publish(step("one", people.head))
    case = submit(people.manager, make_customer("甲", people.manager))
    with acting_as(people.manager.actor):
        urge(case.id)
        with refuses("said_today"):
            urge(case.id)
    with acting_as(people.head.actor), refuses("not_yours"):
        urge(case.id)
    assert told(people.head, "approvals.urge") == 1


def test_seats_and_cases_are_handed_over_and_brought_back(people: People) -> None:
    publish(step("one", people.city_manager))
    case = submit(people.manager, make_customer("甲", people.manager))
    other = submit(people.colleague, make_customer("乙", people.colleague))
    seats, cases = (approval_holdings(each.employee_id) for each in (people.city_manager, people.manager))
    with acting_as(SYSTEM):
        moving = Handing({row.id: "" for row in session.execute(seats[0].rows)}, people.city_manager.employee_id,
                         people.admin.employee_id, "handover")  # fmt: skip
        assert len(seats[0].move(moving)) == 2
        assert seat_of(case.id, people.admin) == seat_of(other.id, people.admin) == 1
        assert len(seats[0].back(moving)) == 2
        assert seat_of(case.id, people.city_manager) == 1
        moving = Handing({row.id: "" for row in session.execute(cases[1].rows)}, people.manager.employee_id,
                         people.colleague.employee_id, "leaving")  # fmt: skip
        assert list(cases[1].move(moving)) == [case.id]
    assert state_of(case.id).applicant == people.colleague.employee_id
    assert session.get_one(Case, case.id).applicant_id == people.colleague.employee_id
    assert verify_case(case.id) == verify_case(other.id) == []


def test_what_does_not_follow_from_the_history_is_found(people: People) -> None:
    publish(step("one", people.head))
    case = submit(people.manager, make_customer("甲", people.manager))
    number = case.id
    session.rollback()
    with db.engine.begin() as connection:
        connection.execute(update(Task.__table__).where(Task.__table__.c.case_id == number).values(said="approved"))
    assert verify_case(number) == ["task 1: said is 'approved', not 'open'"]
