"""LOAN-1: developments move forward stage by stage, under guard rules."""

from __future__ import annotations

from decimal import Decimal
from types import ModuleType

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.api import (
    Customer,
    acting_as,
    assign_customers,
    context,
    entity,
    find_record,
    hookimpl,
    session,
    share_customer,
    update_record,
)
from app.testing.people import People
from app.types import SYSTEM, Refused, Veto
from plugins.loans.models import Development
from plugins.loans.services import move_stage
from plugins.loans.tests.conftest import develop


def test_owner_and_unit_come_from_the_customer(people: People, customer: Customer) -> None:
    made = develop(people.head, customer, expected_amount="50万")
    assert (made.owner_id, made.unit_id, made.stage) == (people.manager.employee_id, people.north.id, "contact")
    assert (made.expected_amount, made.created_by) == (Decimal(500_000), people.head.user_id)


def test_it_moves_forward_one_stage_at_a_time(people: People, customer: Customer) -> None:
    made = develop(people.manager, customer)
    since = made.stage_since_at
    with acting_as(people.manager.actor):
        move_stage(made, "need")
        assert made.stage_since_at > since
        for wrong in ("negotiation", "contact", "need", "won", "made up"):
            with pytest.raises(Refused):
                move_stage(made, wrong)
        with pytest.raises(Refused) as refused:
            move_stage(made, "proposal")
        assert list(refused.value.errors) == ["expected_amount"]
        update_record(entity("loans_development"), made, {"expected_amount": "300000"})
        for stage in ("proposal", "negotiation", "won"):
            move_stage(made, stage)
        with pytest.raises(Refused):
            move_stage(made, "lost", "zu spät")
    assert made.stage == "won"


def test_what_was_lost_says_why_and_stays_as_it_is(people: People, customer: Customer) -> None:
    made = develop(people.manager, customer)
    with acting_as(people.manager.actor):
        with pytest.raises(Refused) as refused:
            move_stage(made, "lost", "  ")
        assert list(refused.value.errors) == ["reason"]
        with pytest.raises(Refused):
            move_stage(made, "lost", "长" * 301)
        move_stage(made, "lost", " 他行利率更低 ")
        assert (made.stage, made.lost_reason) == ("lost", "他行利率更低")
        with pytest.raises(Refused):
            update_record(entity("loans_development"), made, {"name": "再来"})
        with pytest.raises(Refused):
            move_stage(made, "contact")


def test_the_amount_cannot_be_taken_away_again(people: People, customer: Customer) -> None:
    made = develop(people.manager, customer, expected_amount="300000")
    with acting_as(people.manager.actor):
        move_stage(made, "need")
        move_stage(made, "proposal")
        for wrong in ("", "0", "-5"):
            with pytest.raises(Refused):
                update_record(entity("loans_development"), made, {"expected_amount": wrong})
            session.expire_all()
    assert made.expected_amount == 300_000


def test_stage_owner_and_customer_are_not_typed(people: People, customer: Customer) -> None:
    for name, value in {
        "stage": "won",
        "owner_id": people.stranger.employee_id,
        "lost_reason": "x",
        "unit_id": 1,
        "created_by": 1,
    }.items():
        with pytest.raises(Refused) as refused:
            develop(people.manager, customer, **{name: value})
        assert list(refused.value.errors) == [name]
    made = develop(people.manager, customer)
    with acting_as(people.manager.actor):
        for name, value in {"stage": "won", "customer_id": customer.id, "owner_id": 1}.items():
            with pytest.raises(Refused):
                update_record(entity("loans_development"), made, {name: value})
    with acting_as(SYSTEM):
        assert session.scalar(select(func.count(Development.id))) == 1


def test_strangers_neither_begin_nor_move_anything(people: People, customer: Customer) -> None:
    with pytest.raises(Refused):
        develop(people.stranger, customer)
    made = develop(people.manager, customer)
    for person in (people.stranger, people.colleague):
        with acting_as(person.actor):
            assert find_record(entity("loans_development"), made.id) is None
            with pytest.raises(Refused):
                move_stage(made, "need")
    session.expire_all()
    with acting_as(people.head.actor):
        assert made.stage == "contact"
        move_stage(made, "need")


def test_seeing_a_customer_is_not_enough_to_begin_something(people: People, customer: Customer) -> None:
    with acting_as(people.manager.actor):
        share_customer({"customer_id": customer.id, "employee_id": people.stranger.employee_id})
    with pytest.raises(Refused):
        develop(people.stranger, customer)


def test_the_new_owner_of_the_customer_goes_on(people: People, customer: Customer) -> None:
    made = develop(people.manager, customer)
    with acting_as(people.head.actor):
        assign_customers([customer.id], people.colleague.employee_id, cause="handover")
    with acting_as(people.colleague.actor):
        assert find_record(entity("loans_development"), made.id, write=True) is not None
        move_stage(made, "need")
    assert made.owner_id == people.manager.employee_id, "the credit stays with whose it was"


def test_a_module_may_refuse_a_stage_and_is_told_of_it(app: Flask, people: People, customer: Customer) -> None:
    told: list = []
    module = ModuleType("watcher")

    @hookimpl
    def before_transition(entity: str, transition: str) -> Veto | None:
        return Veto("资料不全") if transition == "need>lost" else None

    @hookimpl
    def transitioned(entity: str, record_id: int, transition: str) -> None:
        told.append((entity, record_id, transition))

    module.before_transition, module.transitioned = before_transition, transitioned
    context(app).hooks.register("watcher", module)
    made = develop(people.manager, customer)
    with acting_as(people.manager.actor):
        move_stage(made, "need")
        with pytest.raises(Refused, match="资料不全"):
            move_stage(made, "lost", "无意向")
    session.expire_all()
    with acting_as(SYSTEM):
        assert made.stage == "need"
    assert told == [("loans_development", made.id, "contact>need")]
