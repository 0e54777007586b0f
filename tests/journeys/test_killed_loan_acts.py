"""What follows from a decision on a loan, and acts on many loans, under workers that die: each is done exactly once."""

from __future__ import annotations

from decimal import Decimal

import pytest
from sqlalchemy import select, update

from app.access.models import AuditEntry
from app.api import acting_as, now, session
from app.approvals.models import Case, CaseEvent
from app.approvals.services import verify_case
from app.approvals.services.finishing import END_JOB
from app.jobs.leases import JOBS
from app.jobs.run import Run
from app.testing.factories import make_customer
from app.testing.faults import dies, dying, find_again, job_state, work_until_dead
from app.testing.jobs import run_pending
from app.testing.people import People, Person
from app.types import SYSTEM
from plugins.loans import jobs
from plugins.loans.models import Application
from plugins.loans.services import cases, change_state
from plugins.loans.tests.conftest import apply_for
from tests.journeys.loan_bank import Deciders, appoint, case_of, say, switch_on, waits_for


@pytest.fixture
def deciders(people: People) -> Deciders:
    """Everybody is there and the flow is in force."""
    switch_on()
    return appoint(people)


def applications(people: People, count: int) -> list[int]:
    """Drafts of the manager's below the limit."""
    customer = make_customer("桥江商贸有限公司", owner=people.manager, kind="corporate")
    return [apply_for(people.manager, customer, amount=Decimal(1000)).id for _ in range(count)]


def put_state(record_id: int, state: str) -> None:
    """Write a state past everybody, as nobody of the product does."""
    with acting_as(SYSTEM):
        session.execute(update(Application.__table__).where(Application.id == record_id).values(state=state))
        session.commit()
        session.expire_all()


def decide_and_die(person: Person, act: str, *, late: bool) -> None:
    """Somebody's request decides and its process dies in the act at the end of the case."""

    def request() -> None:
        cases.move = dying(cases.move, late=late)
        say(person, act, "到此为止")

    dies(request)


@pytest.mark.parametrize(("act", "state"), [("approve", "granted"), ("refuse", "refused")])
def test_the_end_of_a_case_is_carried_out_once(people: People, deciders: Deciders, act: str, state: str) -> None:
    """Killed in the request that decides; then in the job that tries again: before it, in it, after its commit."""
    (number,) = applications(people, 1)
    with acting_as(people.manager.actor):
        change_state(session.get_one(Application, number), "submitted")
    last = deciders.finance if act == "approve" else deciders.risk
    if act == "approve":
        say(deciders.risk, "approve")
        say(deciders.head, "approve")
    for late in (False, True):
        decide_and_die(last, act, late=late)
        assert len(waits_for(last)) == 1 and case_of(number).status == "running", "nothing of it is kept"
    put_state(number, "draft")  # the act refuses: a job is to try again
    say(last, act, "到此为止")
    put_state(number, "submitted")
    case_id, decided = case_of(number).id, now()
    job_id = session.connection().execute(select(JOBS.c.id).where(JOBS.c.name == END_JOB)).scalar_one()
    session.commit()
    for holder, name, late in ((cases, "move", False), (cases, "move", True), (Run, "finish", True)):
        find_again(job_id)
        assert job_state(job_id)[0] != "done"
        work_until_dead(holder, name, late=late)
    assert job_state(job_id) == ("done", {"done": True}), "its effect and its end are one commit"
    run_pending()
    with acting_as(SYSTEM):
        after = session.get_one(Application, number, populate_existing=True)
        assert (after.state, after.decided_by_id, after.decision_note) == (state, last.employee_id, "到此为止")
        assert (after.granted_at is not None and after.granted_at >= decided) == (state == "granted")
    told = session.scalars(select(CaseEvent.kind).where(CaseEvent.case_id == case_id)).all()
    assert told.count("finished") == told.count("unfinished") == 1
    changed = select(AuditEntry.changes).where(
        AuditEntry.entity == "loans_application", AuditEntry.record_id == str(number), AuditEntry.action == "update"
    )
    with acting_as(SYSTEM):
        to = [each["state"][1] for each in session.scalars(changed) if "state" in each]
    assert to.count(state) == 1
    assert verify_case(case_id) == []


def test_an_act_on_many_is_done_once_with_each(people: People, deciders: Deciders) -> None:
    """The job ``loans.acts``, killed before, in and after the record it is at; one of them is refused."""
    ids = applications(people, 5)
    put_state(ids[2], "withdrawn")
    with acting_as(people.manager.actor):
        job_id = jobs.ask_many(jobs.SUBMIT, ids)
        session.commit()
    for holder, name, time, late in (
        (jobs, "do_one", 2, False), (jobs, "do_one", 1, True), (jobs, "_count", 2, True), (Run, "finish", 1, False),
    ):  # fmt: skip
        work_until_dead(holder, name, time, late=late)
        assert job_state(job_id)[0] == "running"
        find_again(job_id)
    run_pending()
    assert job_state(job_id) == ("done", {"done": 4, "refused": 1})
    with acting_as(SYSTEM):
        states = session.scalars(select(Application.state).order_by(Application.id)).all()
        assert states == ["submitted", "submitted", "withdrawn", "submitted", "submitted"]
        begun = session.scalars(select(Case.record_id).where(Case.entity == "loans_application")).all()
    assert sorted(begun) == [number for number in ids if number != ids[2]]
    assert len(waits_for(deciders.risk)) == 4
