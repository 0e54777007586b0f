"""A loan through its approval flow: the case decides what becomes of the application."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import select

from app.api import Customer, acting_as, session
from app.approvals.services import cancel_case, give_back, resubmit
from app.jobs.leases import JOBS
from app.testing.factories import make_customer
from app.testing.jobs import run_pending
from app.testing.people import Browser, People, Person, login
from app.types import SYSTEM, Refused
from plugins.loans.approvals import LIMIT
from plugins.loans.models import Application
from plugins.loans.services import change_application, change_state
from plugins.loans.tests.conftest import apply_for
from plugins.loans.views import acts
from tests.journeys.loan_bank import Deciders, appoint, case_of, say, switch_on, waits_for


@pytest.fixture
def customer(people: People) -> Customer:
    """A company of the manager's."""
    return make_customer("桥江商贸有限公司", owner=people.manager, kind="corporate")


@pytest.fixture
def deciders(people: People) -> Deciders:
    """Everybody is there and the flow is in force."""
    switch_on()
    return appoint(people)


def now_of(record_id: int) -> Application:
    session.expire_all()
    with acting_as(SYSTEM):
        return session.get_one(Application, record_id)


def submitted(people: People, customer: Customer, amount: int) -> Application:
    made = apply_for(people.manager, customer, amount=Decimal(amount))
    with acting_as(people.manager.actor):
        change_state(made, "submitted")
    return made


@pytest.mark.parametrize("amount", [LIMIT, LIMIT + 1])
def test_above_the_limit_two_of_three_decide(
    people: People, customer: Customer, deciders: Deciders, amount: int
) -> None:
    number = submitted(people, customer, amount).id
    say(deciders.risk, "approve")
    say(deciders.head, "approve", "同意")
    if amount > LIMIT:
        assert not waits_for(deciders.finance)
        first, second, third = deciders.committee
        say(first, "refuse", "行业风险")
        say(second, "approve")
        assert now_of(number).state == "submitted"
        say(third, "approve")
    assert not any(waits_for(member) for member in deciders.committee)
    say(deciders.finance, "approve", "资金已安排")
    after = now_of(number)
    assert (after.state, after.decided_by_id, after.decision_note) == (
        "granted", deciders.finance.employee_id, "资金已安排",
    )  # fmt: skip
    assert after.granted_at is not None


def test_refused_by_the_committee_with_the_reason(people: People, customer: Customer, deciders: Deciders) -> None:
    number = submitted(people, customer, LIMIT * 2).id
    say(deciders.risk, "approve")
    say(deciders.head, "approve")
    say(deciders.committee[0], "refuse", "行业风险")
    say(deciders.committee[1], "refuse", "担保不足")
    after = now_of(number)
    assert (after.state, after.decision_note, after.granted_at) == ("refused", "担保不足", None)
    assert case_of(number).status == "refused"


def test_one_person_decides_nothing_while_a_flow_does(people: People, customer: Customer, deciders: Deciders) -> None:
    made = submitted(people, customer, 1000)
    for to in ("granted", "refused"):
        with acting_as(people.head.actor), pytest.raises(Refused, match="审批"):
            change_state(made, to, "越权")
    with acting_as(people.head.actor), pytest.raises(Refused):
        change_state(made, "draft")
    assert now_of(made.id).state == "submitted"
    with acting_as(people.manager.actor):
        change_state(made, "draft")
    assert (now_of(made.id).state, case_of(made.id).status) == ("draft", "withdrawn")
    with acting_as(people.manager.actor):
        change_state(made, "submitted")
        change_state(made, "withdrawn", "客户放弃")
    assert (now_of(made.id).state, case_of(made.id).status) == ("withdrawn", "withdrawn")


def test_what_came_back_is_corrected_and_goes_on(people: People, customer: Customer, deciders: Deciders) -> None:
    made = submitted(people, customer, LIMIT * 2)
    with acting_as(people.manager.actor), pytest.raises(Refused):
        change_application(made, {"amount": Decimal(1000)})
    ((case_id, seat),) = waits_for(deciders.risk)
    with acting_as(deciders.risk.actor):
        give_back(case_id, seat, "applicant", "金额过高")
    with acting_as(people.manager.actor):
        change_application(now_of(made.id), {"amount": Decimal(LIMIT)})
        resubmit(case_id)
    for person in (deciders.risk, deciders.head, deciders.finance):
        say(person, "approve")
    assert now_of(made.id).state == "granted"


def test_a_cancelled_case_leaves_a_draft(people: People, customer: Customer, deciders: Deciders) -> None:
    made = submitted(people, customer, 1000)
    administrator = people.add("guan", "管业务", people.head_office, "business_admin").actor
    may = replace(administrator, permissions=administrator.permissions | {("can_administer", "ApprovalView")})
    with acting_as(may):
        cancel_case(case_of(made.id).id, "重复提交")
    assert now_of(made.id).state == "draft"


def test_whose_customer_it_is_decides_nothing(people: People, deciders: Deciders) -> None:
    theirs = make_customer("风控的客户", owner=deciders.risk, kind="corporate")
    made = apply_for(deciders.risk, theirs, amount=Decimal(1000))
    with acting_as(SYSTEM):
        made.owner_id = people.manager.employee_id
        made.created_by = None
        session.commit()
    with acting_as(people.manager.actor):
        change_state(made, "submitted")
    with pytest.raises(Refused):
        say(deciders.risk, "approve")
    assert now_of(made.id).state == "submitted"


@pytest.mark.parametrize("at_once", [100, 1])
def test_many_at_once_each_with_its_answer(
    people: People, customer: Customer, deciders: Deciders, client: Browser, monkeypatch: pytest.MonkeyPatch,
    at_once: int,
) -> None:  # fmt: skip
    monkeypatch.setattr(acts, "AT_ONCE", at_once)
    made = [apply_for(people.manager, customer, amount=Decimal(1000)) for _ in range(3)]
    theirs = apply_for(people.stranger, make_customer("外人的", owner=people.stranger, kind="corporate"))
    ids, withdrawn, foreign = [one.id for one in made], made[1].number, theirs.id
    with acting_as(people.manager.actor):
        change_state(made[1], "withdrawn")
    login(client, people.manager)
    answer = client.post("/loans_application/submit", data={"ids": [*ids, foreign]})
    told = client.get(answer.headers["Location"]).text
    if at_once == 1:
        run_pending()
        job = session.connection().execute(select(JOBS).where(JOBS.c.name == "loans.acts")).one()
        assert (job.status, job.result) == ("done", {"done": 2, "refused": 2})
        told = client.get(f"/job/show/{job.id}").text
    assert f"{withdrawn}: " in told and f"#{foreign}: " in told
    assert [now_of(number).state for number in ids] == ["submitted", "withdrawn", "submitted"]
    assert now_of(foreign).state == "draft"
    assert len(waits_for(deciders.risk)) == 2
    login(client, people.head)
    page = client.get(f"/loans_application/show/{ids[0]}").text
    assert "/loans_application/grant" not in page
    assert "/loans_application/refuse" not in page
    client.post("/loans_application/grant", data={"ids": ids[0], "note": "越权"}, htmx=True)
    assert now_of(ids[0]).state == "submitted"


def test_without_a_flow_the_head_decides(people: People, customer: Customer) -> None:
    made: Application = submitted(people, customer, LIMIT * 2)
    head: Person = people.head
    with acting_as(head.actor):
        change_state(made, "granted")
    assert now_of(made.id).state == "granted"
