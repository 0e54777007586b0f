"""POOL-2: applications to keep red customers: how often, who decides, what ends them by themselves."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from app.api import Customer, Employee, Unit, acting_as, approvals, assign_customers, now, session
from app.testing.factories import make_activity, make_setting
from app.testing.flows import ship_flows, waiting_for
from app.testing.people import Person
from app.types import SYSTEM, Refused
from plugins.pools.models import PoolKeep, PoolMovement, PoolStanding
from plugins.pools.services import Outcome, ask_to_keep, decide_keeps, keep_customers, withdraw_keeps
from plugins.pools.services.days import business_today
from plugins.pools.tests.conftest import Bank, aged, redden, rows, standing

FLOW = "pools_keep"


@pytest.fixture
def heads(bank: Bank) -> Bank:
    """The head is the head of the northern sub-branch."""
    with acting_as(SYSTEM):
        units = Unit.__table__
        people = bank.people
        session.execute(update(units).where(units.c.id == people.north.id).values(head_id=people.head.employee_id))
        session.commit()
    ship_flows()
    return bank


def ask(person: Person, *customers: Customer, reason: str = "下周签约") -> Outcome:
    with acting_as(person.actor):
        return ask_to_keep([customer.id for customer in customers], reason)


def keeps() -> list[tuple]:
    return rows(select(PoolKeep.customer_id, PoolKeep.state, PoolKeep.decided_by_id).order_by(PoolKeep.id))


def decide(person: Person, act: str, comment: str = "") -> None:
    """Decide on the oldest case that waits for a person."""
    case_id, seat = waiting_for(person)[0]
    with acting_as(person.actor):
        approvals.decide(case_id, seat, act, comment)


def without_flow() -> None:
    with acting_as(SYSTEM):
        approvals.switch_flow(FLOW, False)


def test_the_head_decides_and_the_customer_stays(heads: Bank) -> None:
    people = heads.people
    one, two = aged(people.manager), aged(people.manager)
    redden(heads, one, two)
    assert ask(people.manager, one, two).done == [one.id, two.id]
    assert standing(one) == ("red", "asked", None)
    decide(people.head, "approve", "可以")
    decide(people.head, "refuse", "不行")
    until = business_today() + timedelta(days=15)
    assert keeps() == [(one.id, "granted", people.head.employee_id), (two.id, "refused", people.head.employee_id)]
    assert (standing(one), standing(two)) == (("red", "", until), ("red", "", None))
    ((pool_on,),) = rows(select(PoolStanding.pool_on).where(PoolStanding.customer_id == one.id))
    assert pool_on == until + timedelta(days=1)
    acts = select(PoolMovement.act, PoolMovement.to_employee_id, PoolMovement.reason)
    assert rows(acts) == [("keep", people.manager.employee_id, "下周签约")]


def test_each_refusal_says_why(heads: Bank) -> None:
    people = heads.people
    first, second, third, green = (aged(people.manager) for _ in range(4))
    foreign = aged(people.colleague)
    redden(heads, first, second, third, foreign)
    make_setting("pools.keeps", 1)
    assert ask(people.manager, first).done == [first.id]
    answer = ask(people.manager, first, green, foreign, second)
    assert answer.done == [second.id]
    said = answer.refused
    assert len({said[number] for number in (first.id, green.id, foreign.id)}) == 3, said
    without_flow()
    decide(people.head, "refuse", "不行")
    assert "1" in ask(people.manager, first).refused[first.id], "used up"
    make_setting("pools.keeps", 2)
    assert ask(people.manager, first).done == [first.id]
    with acting_as(people.manager.actor), pytest.raises(Refused):
        ask_to_keep([third.id], "  ")


def test_the_limit_counts_by_owner_or_by_period(heads: Bank) -> None:
    people = heads.people
    make_setting("pools.keeps", 1)
    without_flow()
    one = aged(people.manager)
    redden(heads, one)
    with acting_as(SYSTEM):
        old = {"state": "refused", "rule_id": heads.rule.id, "days": 15, "reason": "x", "note": ""}
        at = now() - timedelta(days=40)
        session.execute(
            PoolKeep.__table__.insert().values(
                customer_id=one.id, employee_id=people.manager.employee_id, asked_at=at, **old
            )
        )
        session.commit()
    assert ask(people.manager, one).done == [], "within this ownership"
    make_setting("pools.keep_per", "period")
    make_setting("pools.keep_period_days", 30)
    assert ask(people.manager, one).done == [one.id]


def test_without_a_flow_the_head_decides_on_the_list(heads: Bank) -> None:
    people = heads.people
    without_flow()
    one, two = aged(people.manager), aged(people.head)
    redden(heads, one, two)
    ask(people.manager, one)
    ask(people.head, two)
    ids = [number for (number,) in rows(select(PoolKeep.id).order_by(PoolKeep.id))]
    with acting_as(people.manager.actor):
        assert decide_keeps(ids, True).done == [], "no head"
    with acting_as(people.head.actor):
        answer = decide_keeps(ids, True, "同意")
    assert (answer.done, list(answer.refused)) == ([ids[0]], [ids[1]]), "nobody decides on an application of their own"
    assert keeps()[0][1:] == ("granted", people.head.employee_id)
    assert standing(one)[1:] == ("", business_today() + timedelta(days=15))


def test_where_nobody_can_be_asked_the_application_waits(bank: Bank) -> None:
    """No unit has a head, and the only administrator of approvals has left."""
    people = bank.people
    one = aged(people.manager)
    redden(bank, one)
    with acting_as(SYSTEM):
        staff = Employee.__table__
        gone = staff.c.id == people.admin.employee_id
        session.execute(update(staff).where(gone).values(left_on=now().date() - timedelta(days=1)))
        session.commit()
    ship_flows()
    ask(people.manager, one)
    assert keeps() == [(one.id, "asked", None)]
    with acting_as(people.head.actor):
        assert decide_keeps([number for (number,) in rows(select(PoolKeep.id))], True).done


def test_what_happens_meanwhile_ends_an_application(heads: Bank) -> None:
    people = heads.people
    moved, followed, kept = (aged(people.manager) for _ in range(3))
    redden(heads, moved, followed, kept)
    ask(people.manager, moved, followed, kept)
    with acting_as(people.head.actor):
        assign_customers([moved.id], people.colleague.employee_id, cause="handover")
    make_activity(followed, people.manager, kind="call", effective=True)
    assert [state for _customer, state, _by in keeps()] == ["moved", "cleared", "asked"]
    assert len(waiting_for(people.head)) == 1, "their cases are over"
    with acting_as(people.manager.actor):
        number = rows(select(PoolKeep.id).where(PoolKeep.customer_id == kept.id))[0][0]
        assert withdraw_keeps([number]).done == [number]
    assert keeps()[2][1] == "withdrawn"
    assert standing(kept)[1] == ""
    assert waiting_for(people.head) == []


def test_a_head_keeps_directly_and_it_does_not_count(heads: Bank) -> None:
    people = heads.people
    without_flow()
    make_setting("pools.keeps", 1)
    one, green, own, strange = aged(people.manager), aged(people.manager), aged(people.head), aged(people.stranger)
    redden(heads, one, own, strange)
    with acting_as(people.head.actor):
        answer = keep_customers([one.id, green.id, own.id, strange.id], 40, "客户出国")
    assert answer.done == [one.id]
    assert len(set(answer.refused.values())) == 3
    assert standing(one)[2] == business_today() + timedelta(days=40)
    assert ask(people.manager, one).done == [one.id]
    with acting_as(people.manager.actor):
        assert keep_customers([one.id], 5, "自己").done == []
