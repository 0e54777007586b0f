"""POOL-1: standings are true at every moment, in the transaction of whatever changes them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import delete, func, select, update

from app.api import (
    Customer,
    acting_as,
    approvals,
    assign_customers,
    close_customers,
    create_customers,
    create_record,
    entity,
    record_activity,
    reopen_customers,
    session,
    transaction,
    update_record,
)
from app.testing.factories import make_customer
from app.testing.flows import publish_flow, waiting_for
from app.testing.jobs import run_pending
from app.testing.statements import heard
from plugins.pools.models import PoolDay, PoolLock, PoolMovement, PoolRule, PoolRun, PoolStanding
from plugins.pools.services import reckon
from plugins.pools.services.days import keep_days
from plugins.pools.tests.conftest import NIGHT, ZONE, Bank, aged, local

pytestmark = pytest.mark.usefixtures("as_system")
OLD = local(date(2026, 3, 10))


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    """It is noon of 31 March."""
    with time_machine.travel(local(NIGHT, 12), tick=False):
        yield


@pytest.fixture
def ladder(bank: Bank) -> Bank:
    """Amber after seven days, red after three more, into the pool after five more."""
    with transaction():
        rule = session.get_one(PoolRule, bank.rule.id)
        rule.amber_days, rule.red_days, rule.pool_days = 7, 3, 5
    return bank


def standing(customer: Customer) -> tuple[Any, ...] | None:
    s = PoolStanding
    found = session.execute(select(s.stage, s.next_on, s.owner_id).where(s.customer_id == customer.id)).one_or_none()
    return None if found is None else tuple(found)


def warn(customer: Customer, stage: str) -> None:
    """As a nightly run does."""
    table = PoolStanding.__table__
    session.execute(update(table).where(table.c.customer_id == customer.id).values(stage=stage))
    session.commit()


def cleared() -> list[int]:
    return list(session.scalars(select(PoolMovement.customer_id).where(PoolMovement.act == "clear")))


def test_a_follow_up_resets_the_countdown_in_its_transaction(ladder: Bank) -> None:
    manager = ladder.people.manager
    one = aged(manager, followed=OLD, owned=OLD)
    warn(one, "red")
    said = {"customer_id": one.id, "kind": "call", "at": local(NIGHT, 9), "employee_id": manager.employee_id}
    with pytest.raises(LookupError), transaction():
        record_activity(said)
        assert standing(one) == ("green", date(2026, 4, 8), manager.employee_id)
        raise LookupError
    assert standing(one)[0] == "red", "undone together"
    assert cleared() == []
    record_activity(said)
    assert standing(one) == ("green", date(2026, 4, 8), manager.employee_id)
    assert cleared() == [one.id]


def test_a_follow_up_without_effect_resets_nothing(ladder: Bank) -> None:
    one = aged(ladder.people.manager, followed=OLD, owned=OLD)
    before = standing(one)
    record_activity({"customer_id": one.id, "kind": "call", "at": local(NIGHT, 9), "effective": False})
    assert standing(one) == before == ("green", date(2026, 3, 18), ladder.people.manager.employee_id)


def test_owners_fields_and_the_end_of_a_customer(ladder: Bank) -> None:
    people, one = ladder.people, aged(ladder.people.manager, followed=OLD, owned=OLD)
    warn(one, "amber")
    assign_customers([one.id], people.colleague.employee_id, cause="assign")
    assert standing(one) == ("green", date(2026, 4, 8), people.colleague.employee_id)
    assert cleared() == [one.id]
    with transaction():
        session.get_one(PoolRule, ladder.rule.id).condition = "and(level:in:key)"
    update_record(entity("customer"), session.get_one(Customer, one.id), {"remark": "…"})
    assert standing(one) is None
    update_record(entity("customer"), session.get_one(Customer, one.id), {"level": "key"})
    assert standing(one) is not None
    close_customers([one.id])
    assert standing(one) is None
    reopen_customers([one.id])
    assert standing(one) is not None
    assign_customers([one.id], None, cause="assign")
    assert standing(one) is None
    assert cleared() == [one.id]


def test_new_customers_stand_at_once(ladder: Bank) -> None:
    mine = {"owner_id": ladder.people.manager.employee_id}
    ids = create_customers([{"name": "甲", **mine}, {"name": "乙"}])
    assert list(session.scalars(select(PoolStanding.customer_id))) == [ids[0]]
    assert standing(make_customer(owner=ladder.people.manager)) is not None


def test_a_handful_costs_a_few_statements(ladder: Bank) -> None:
    ids = [aged(ladder.people.manager, followed=OLD, owned=OLD).id for _ in range(3)]
    reckon(session(), ids)
    with heard() as seen:
        reckon(session(), ids)
    assert len(seen) <= 6, seen


def test_a_lock_holds_up_to_its_last_day(ladder: Bank) -> None:
    one = aged(ladder.people.manager, followed=OLD, owned=OLD)
    with transaction() as current:
        current.add(PoolLock(customer_id=one.id, until=NIGHT))
        current.flush()
        reckon(current, [one.id])
    assert standing(one)[:2] == ("green", None)
    with transaction() as current:
        reckon(current, None, NIGHT + timedelta(days=1))
    assert standing(one)[:2] == ("green", date(2026, 3, 18))


def test_a_changed_rule_or_day_lets_a_job_work_all_out_anew(ladder: Bank) -> None:
    friday = datetime(2026, 3, 27, 12, tzinfo=ZONE)
    one = aged(ladder.people.manager, followed=friday, owned=friday)
    rule = session.get_one(PoolRule, ladder.rule.id)
    update_record(entity("pools_rule"), rule, {"working_days": True, "pool_days": 4})
    assert run_pending() >= 1
    session.expire_all()
    # seven working days after 27 March, of which 6 April is a day off
    assert standing(one)[:2] == ("green", date(2026, 4, 9))
    with acting_as(ladder.people.admin.actor):
        create_record(entity("calendar_day"), {"name": "行庆", "day": date(2026, 4, 1)})
    assert run_pending() >= 1
    assert standing(one)[:2] == ("green", date(2026, 4, 10))
    assert session.scalar(select(PoolDay.worked).where(PoolDay.day == date(2026, 4, 1))) is False
    assert keep_days(session()) is False, "nothing changed since"


@pytest.mark.parametrize("left", [None, date(2026, 3, 1)], ids=["empty", "short"])
def test_the_first_customer_finds_a_calendar(ladder: Bank, left: date | None) -> None:
    with transaction() as current:
        current.execute(delete(PoolDay) if left is None else delete(PoolDay).where(PoolDay.day > left))
    one = aged(ladder.people.manager, followed=OLD, owned=OLD)
    assert standing(one)[:2] == ("green", date(2026, 3, 18))
    low, high = session.execute(select(func.min(PoolDay.day), func.max(PoolDay.day))).one()
    assert (low, high) == (date(2016, 1, 1), date(2036, 12, 31))
    assert keep_days(session()) is False


def test_a_clock_set_back_takes_no_warning_away(ladder: Bank) -> None:
    one = aged(ladder.people.manager, followed=OLD, owned=OLD)
    warn(one, "amber")
    with transaction() as current:
        current.add(PoolRun(business_date=NIGHT, state="done"))
    with time_machine.travel(local(date(2026, 3, 12), 12), tick=False), transaction() as current:
        reckon(current, [one.id])
    assert standing(one)[0] == "amber"
    assert cleared() == []


def test_an_approval_spares_the_customer_until_it_ends(ladder: Bank) -> None:
    people = ladder.people
    one = aged(people.manager, followed=OLD, owned=OLD)
    publish_flow("limit", "customer", people.head)
    with acting_as(people.manager.actor):
        approvals.start_case("limit", "customer", one.id)
    session.rollback()
    assert standing(one) == ("green", None, people.manager.employee_id), "kept, and not only for whoever asked"
    ((case_id, seat),) = waiting_for(people.head)
    with acting_as(people.head.actor):
        approvals.decide(case_id, seat, "approve")
    session.rollback()
    assert standing(one) == ("green", date(2026, 3, 18), people.manager.employee_id)
