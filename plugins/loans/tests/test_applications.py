"""LOAN-2, LOAN-11: applications with gapless numbers, their schedule, their states and two pairs of eyes."""

from __future__ import annotations

import threading
from decimal import Decimal

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.api import (
    UNSCOPED,
    Customer,
    acting_as,
    assign_customers,
    context,
    create_record,
    entity,
    find_record,
    session,
    update_record,
)
from app.testing.factories import make_customer, make_setting
from app.testing.people import People
from app.types import SYSTEM, Refused
from plugins.loans.models import Application, Instalment
from plugins.loans.services import change_state, move_stage, prefill, read_schedule
from plugins.loans.tests.conftest import apply_for, develop

ENTITY = "loans_application"


def schedule(application: Application) -> list[tuple]:
    with acting_as(SYSTEM):
        found = session.execute(
            select(Instalment.number, Instalment.principal, Instalment.interest, Instalment.balance)
            .where(Instalment.application_id == application.id)
            .order_by(Instalment.number)
        )
        return [tuple(row) for row in found]


def test_an_application_has_a_number_an_owner_and_its_schedule(people: People, customer: Customer) -> None:
    made = apply_for(people.manager, customer, method="equal_principal", annual_rate="6")
    assert made.number.endswith("-000001")
    assert (made.state, made.owner_id, made.unit_id) == ("draft", people.manager.employee_id, people.north.id)
    lines = schedule(made)
    assert lines[0] == (1, Decimal(10_000), Decimal(600), Decimal(110_000))
    assert lines[-1] == (12, Decimal(10_000), Decimal(50), Decimal(0))
    with acting_as(people.manager.actor):
        assert [line.total for line in read_schedule(made)][:2] == [Decimal(10_600), Decimal(10_550)]
    with acting_as(people.stranger.actor):
        assert read_schedule(made) == ()


def test_changing_a_draft_computes_the_schedule_anew(people: People, customer: Customer) -> None:
    made = apply_for(people.manager, customer)
    with acting_as(people.manager.actor):
        update_record(entity(ENTITY), made, {"months": "6", "annual_rate": "0"})
    assert [principal for _n, principal, *_rest in schedule(made)] == [Decimal(20_000)] * 6


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("amount", "0"), ("amount", "-1"), ("amount", "1.005"), ("amount", "abc"), ("annual_rate", "101"),
        ("annual_rate", "4.35001"), ("months", "0"), ("months", "601"), ("months", "1.5"), ("method", "balloon"),
        ("start_on", "9999-12-31"), ("start_on", "2026-02-30"), ("customer_id", "987654"), ("development_id", "987654"),
    ],
)  # fmt: skip
def test_wrong_terms_name_their_field_and_keep_nothing(
    people: People, customer: Customer, name: str, value: str
) -> None:
    with pytest.raises(Refused) as refused:
        apply_for(people.manager, customer, **{name: value})
    assert list(refused.value.errors) == [name]
    made = apply_for(people.manager, customer)
    assert made.number.endswith("-000001"), "a refused application takes no number"
    if name == "customer_id":
        return
    before = schedule(made)
    with acting_as(people.manager.actor), pytest.raises(Refused):
        update_record(entity(ENTITY), made, {name: value})
    session.expire_all()
    assert schedule(made) == before


def test_what_the_system_says_is_not_typed(people: People, customer: Customer) -> None:
    given = {
        "number": "A1",
        "state": "granted",
        "owner_id": 1,
        "unit_id": 1,
        "granted_at": "2026-01-01",
        "decided_by_id": 1,
        "created_by": 1,
    }
    for name, value in given.items():
        with pytest.raises(Refused) as refused:
            apply_for(people.manager, customer, **{name: value})
        assert list(refused.value.errors) == [name]
    made = apply_for(people.manager, customer)
    with acting_as(people.manager.actor):
        for name, value in {**given, "customer_id": customer.id}.items():
            with pytest.raises(Refused):
                update_record(entity(ENTITY), made, {name: value})


def test_a_development_of_another_customer_or_a_lost_one_is_refused(people: People, customer: Customer) -> None:
    other = make_customer("别家", owner=people.manager)
    theirs, lost = develop(people.manager, other), develop(people.manager, customer)
    with acting_as(people.manager.actor):
        move_stage(lost, "lost", "无意向")
    for wrong in (theirs, lost):
        with pytest.raises(Refused) as refused:
            apply_for(people.manager, customer, development_id=wrong.id)
        assert list(refused.value.errors) == ["development_id"]


def test_it_starts_with_what_is_known(people: People, customer: Customer) -> None:
    make_setting("loans.method", "equal_principal")
    make_setting("loans.months", 24)
    make_setting("loans.rate_basis_points", 395)
    development = develop(people.manager, customer, expected_amount="300000", name="设备贷款")
    with acting_as(people.manager.actor):
        values = prefill(development)
        made = create_record(entity(ENTITY), values)
    assert (made.customer_id, made.development_id, made.amount) == (customer.id, development.id, 300_000)
    assert (made.method, made.months, made.annual_rate, made.purpose) == (
        "equal_principal",
        24,
        Decimal("3.95"),
        "设备贷款",
    )
    with acting_as(people.manager.actor):
        assert set(prefill(None)) == {"start_on", "method", "months", "annual_rate"}


# --- states -------------------------------------------------------------------------------------------------


def test_from_draft_to_granted(people: People, customer: Customer) -> None:
    made = apply_for(people.manager, customer)
    with acting_as(people.manager.actor):
        change_state(made, "submitted")
        with pytest.raises(Refused):
            update_record(entity(ENTITY), made, {"amount": "1"})
        session.expire_all()
        change_state(made, "draft")
        assert made.submitted_at is None
        update_record(entity(ENTITY), made, {"amount": "100000"})
        change_state(made, "submitted")
    with acting_as(people.head.actor):
        change_state(made, "granted", "同意")
    assert (made.state, made.decided_by_id, made.decision_note) == ("granted", people.head.employee_id, "同意")
    assert made.granted_at is not None
    for to in ("draft", "submitted", "refused", "withdrawn", "granted"):
        with acting_as(people.head.actor), pytest.raises(Refused):
            change_state(made, to, "x")


def test_every_other_move_is_refused(people: People, customer: Customer) -> None:
    made = apply_for(people.manager, customer)
    with acting_as(people.head.actor):
        for to in ("granted", "refused", "draft", "made up"):
            with pytest.raises(Refused):
                change_state(made, to, "x")
    with acting_as(people.manager.actor):
        change_state(made, "withdrawn")
        for to in ("draft", "submitted"):
            with pytest.raises(Refused):
                change_state(made, to)


def test_a_refusal_says_why(people: People, customer: Customer) -> None:
    made = apply_for(people.manager, customer)
    with acting_as(people.manager.actor):
        change_state(made, "submitted")
    with acting_as(people.head.actor):
        with pytest.raises(Refused) as refused:
            change_state(made, "refused", " ")
        assert list(refused.value.errors) == ["note"]
        change_state(made, "refused", "负债率过高")
    assert (made.state, made.decision_note, made.granted_at) == ("refused", "负债率过高", None)


def test_nobody_decides_their_own(people: People, customer: Customer) -> None:
    """Neither the owner, nor who wrote it, nor who owns the customer by now, nor the installation."""
    mine, written = apply_for(people.manager, customer), apply_for(people.head, customer)
    with acting_as(people.manager.actor):
        change_state(mine, "submitted")
        change_state(written, "submitted")
    for actor, one in ((people.manager.actor, mine), (people.head.actor, written), (SYSTEM, mine)):
        with acting_as(actor), pytest.raises(Refused):
            change_state(one, "granted")
    with acting_as(people.city_manager.actor):
        assign_customers([customer.id], people.head.employee_id, cause="handover")
    with acting_as(people.head.actor), pytest.raises(Refused):
        change_state(mine, "granted")
    with acting_as(people.city_manager.actor):
        change_state(mine, "granted")
        change_state(written, "granted")
    assert mine.owner_id == people.manager.employee_id


def test_a_stranger_cannot_even_see_it(people: People, customer: Customer) -> None:
    made = apply_for(people.manager, customer)
    for person in (people.stranger, people.colleague):
        with acting_as(person.actor):
            assert find_record(entity(ENTITY), made.id) is None
            with pytest.raises(Refused):
                change_state(made, "submitted")
    with pytest.raises(Refused):
        apply_for(people.stranger, customer)


def test_two_decisions_at_once_are_one(app: Flask, people: People, customer: Customer) -> None:
    made = apply_for(people.manager, customer)
    with acting_as(people.manager.actor):
        change_state(made, "submitted")
    number, actors = made.id, (people.head.actor, people.city_manager.actor)

    def decide(actor, to):
        def run():
            with acting_as(actor):
                change_state(session.get(Application, number), to, "x")
                return to

        return run

    answers = at_once(app, [decide(actors[0], "granted"), decide(actors[1], "refused")])
    assert sorted(type(answer).__name__ for answer in answers) == ["Refused", "str"], answers
    with acting_as(SYSTEM):
        assert session.get(Application, number).state == next(a for a in answers if isinstance(a, str))


# --- numbers ------------------------------------------------------------------------------------------------


def at_once(app: Flask, jobs: list) -> list:
    """Run the calls together, each in a thread with a session of its own; their answers in any order."""
    answers: list = []
    start = threading.Barrier(len(jobs))

    def run(job) -> None:
        with app.app_context():
            try:
                start.wait(timeout=30)
                answers.append(job())
            except Exception as error:
                answers.append(error)
            finally:
                session.remove()

    session.commit()
    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    session.expire_all()
    return answers


def test_ten_at_once_have_numbers_without_gaps(app: Flask, people: People, customer: Customer) -> None:
    number, actor = customer.id, people.manager.actor

    def write(place: int):
        def run():
            amount = "0" if place % 5 == 4 else "1000"  # two of the ten are refused and take no number
            raw = {"customer_id": number, "amount": amount, "annual_rate": "4.35", "months": 3}
            with acting_as(actor):
                return create_record(entity(ENTITY), raw).number

        return run

    answers = at_once(app, [write(place) for place in range(10)])
    numbers = sorted(int(answer[-6:]) for answer in answers if isinstance(answer, str))
    assert numbers == list(range(1, 9)), answers
    assert sum(isinstance(answer, Refused) for answer in answers) == 2


# --- what others read of it ---------------------------------------------------------------------------------


def test_granted_applications_can_be_ranked(app: Flask, people: People, customer: Customer) -> None:
    granted, waiting = apply_for(people.manager, customer), apply_for(people.manager, customer)
    for one in (granted, waiting):
        with acting_as(people.manager.actor):
            change_state(one, "submitted")
    with acting_as(people.head.actor):
        change_state(granted, "granted")
    session.expire_all()
    for name, value in {"loans_granted": 1, "loans_amount": 120_000}.items():
        facts = context(app).metrics[name].facts().execution_options(**{UNSCOPED: True})
        assert [tuple(row)[:2] for row in session.execute(facts)] == [(people.manager.employee_id, customer.id)]
        assert [(row.value, row.at) for row in session.execute(facts)] == [(value, granted.granted_at)]


def test_an_application_is_never_deleted(people: People, customer: Customer) -> None:
    assert "delete" not in entity(ENTITY).actions
    made = apply_for(people.manager, customer)
    with acting_as(SYSTEM):
        assert session.scalar(select(func.count(Application.id)).where(Application.id == made.id)) == 1
