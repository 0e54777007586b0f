"""POOL-3, POOL-4: claiming, assigning and returning, with limits, cool-down and one winner."""

from __future__ import annotations

import threading
from datetime import date, timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, select, update

from app.api import Customer, Employee, acting_as, assign_customers, now, session
from app.testing.factories import make_setting
from app.types import SYSTEM, Refused
from plugins.pools.models import Pool, PoolEntry, PoolMovement
from plugins.pools.services import (
    Outcome,
    assign_from_pool,
    claim_customers,
    return_customers,
)
from plugins.pools.tests.conftest import Bank, aged, entries, lose, ownership, put, rows, story


def claim(person, *customers: Customer) -> Outcome:
    with acting_as(person.actor):
        return claim_customers([customer.id for customer in customers])


def test_a_claim_moves_the_customer_with_both_ledgers(bank: Bank) -> None:
    people = bank.people
    one = put(aged(people.colleague), bank.branch_pool, people.colleague)
    assert one.unit_id == people.branch.id
    assert claim(people.manager, one) == Outcome([one.id], {})
    assert (one.owner_id, one.unit_id) == (people.manager.employee_id, people.north.id)
    assert one.owned_since_at is not None
    assert entries() == {}
    assert story(one) == [("claim", bank.branch_pool.id, None, people.manager.employee_id)]
    assert ownership(one) == [(None, people.manager.employee_id, "pools.claim")]


def test_of_several_each_has_its_own_answer(bank: Bank) -> None:
    people = bank.people
    free, gone, heads, strange = (
        put(aged(people.colleague), pool)
        for pool in (bank.north_pool, bank.north_pool, bank.closed_pool, bank.south_pool)
    )
    claim(people.colleague, gone)
    answer = claim(people.manager, gone, free, heads, strange)
    assert answer.done == [free.id]
    assert set(answer.refused) == {gone.id, heads.id, strange.id}
    assert entries() == {heads.id: bank.closed_pool.id, strange.id: bank.south_pool.id}
    assert gone.owner_id == people.colleague.employee_id


@pytest.mark.parametrize("ids", [[], list(range(1, 502))])
def test_none_or_too_many_is_refused(bank: Bank, ids: list[int]) -> None:
    with acting_as(bank.people.manager.actor), pytest.raises(Refused):
        claim_customers(ids)


def test_who_is_no_employee_or_may_not_list_claims_nothing(bank: Bank) -> None:
    one = put(aged(bank.people.manager), bank.north_pool)
    with acting_as(SYSTEM), pytest.raises(Refused):
        claim_customers([one.id])
    outsider = bank.people.add("nobody", "何人", bank.people.north, "Public")
    assert claim(outsider, one).done == []
    assert entries() == {one.id: bank.north_pool.id}


def test_an_inactive_pool_gives_nothing(bank: Bank) -> None:
    one = put(aged(bank.people.manager), bank.north_pool)
    with acting_as(SYSTEM):
        session.execute(update(Pool).where(Pool.id == bank.north_pool.id).values(active=False))
        session.commit()
    assert claim(bank.people.manager, one).done == []


# --- limits -------------------------------------------------------------------------------------------------


def test_the_limit_of_a_day_takes_the_first_given(bank: Bank) -> None:
    people = bank.people
    make_setting("pools.claims_per_day", 2)
    three = [put(aged(people.colleague), bank.north_pool) for _ in range(3)]
    answer = claim(people.manager, three[2], three[0], three[1])
    assert answer.done == [three[2].id, three[0].id]
    assert list(answer.refused) == [three[1].id]
    assert claim(people.manager, three[1]).done == []
    assert claim(people.colleague, three[1]).done == [three[1].id]


def test_claiming_releasing_and_claiming_again_does_not_evade_the_limit(bank: Bank) -> None:
    people = bank.people
    make_setting("pools.claims_per_day", 1)
    make_setting("pools.cool_down_days", 0)
    one, two = (put(aged(people.colleague), bank.north_pool) for _ in range(2))
    assert claim(people.manager, one).done == [one.id]
    put(one, bank.north_pool, people.manager)  # given back at once
    assert claim(people.manager, one).done == []
    assert claim(people.manager, two).done == []
    with time_machine.travel(now() + timedelta(days=1)):  # yesterday's claims are yesterday's
        assert claim(people.manager, two).done == [two.id]


def test_whoever_owns_enough_claims_no_more(bank: Bank) -> None:
    people = bank.people
    make_setting("pools.owned_limit", 2)
    closed = aged(people.manager)
    with acting_as(SYSTEM):
        session.execute(update(Customer).where(Customer.id == closed.id).values(closed_at=now()))
        session.commit()
    aged(people.manager)
    one, two = (put(aged(people.colleague), bank.north_pool) for _ in range(2))
    answer = claim(people.manager, one, two)
    assert answer.done == [one.id]
    assert "2" in answer.refused[two.id]


def test_no_limit_is_no_limit(bank: Bank) -> None:
    make_setting("pools.claims_per_day", 0)
    make_setting("pools.owned_limit", 0)
    many = [put(aged(bank.people.colleague), bank.north_pool) for _ in range(12)]
    assert len(claim(bank.people.manager, *many).done) == 12


def test_the_cool_down_counts_every_former_owner(bank: Bank) -> None:
    """Owned and lost by the manager, then by the colleague: neither may have it back at once, a third may."""
    people = bank.people
    one = lose(aged(people.manager), bank.north_pool, now() - timedelta(days=20))
    with acting_as(people.head.actor):
        assign_from_pool([one.id], people.colleague.employee_id)
    session.expire_all()
    lose(one, bank.north_pool, now())
    assert [act for act, *_rest in story(one)] == ["recycle", "assign", "recycle"]
    assert claim(people.manager, one).done == []
    assert claim(people.colleague, one).done == []
    third = people.add("third", "第三人", people.north, "account_manager")
    refused = claim(people.manager, one).refused[one.id]
    assert "30" in refused
    assert claim(third, one).done == [one.id]


def test_after_the_cool_down_a_former_owner_may_claim(bank: Bank) -> None:
    people = bank.people
    one = lose(aged(people.manager), bank.north_pool, now() - timedelta(days=29, hours=23))
    assert claim(people.manager, one).done == []
    two = lose(aged(people.manager), bank.north_pool, now() - timedelta(days=30, minutes=1))
    assert claim(people.manager, two).done == [two.id]


# --- heads --------------------------------------------------------------------------------------------------


def test_a_head_assigns_within_the_own_unit(bank: Bank) -> None:
    people = bank.people
    one, two = put(aged(people.manager), bank.closed_pool), put(aged(people.manager), bank.south_pool)
    with acting_as(people.head.actor):
        answer = assign_from_pool([one.id, two.id], people.colleague.employee_id, "跟进得力")
    assert answer.done == [one.id]
    assert list(answer.refused) == [two.id]
    assert story(one) == [("assign", bank.closed_pool.id, None, people.colleague.employee_id)]
    assert ownership(one) == [(None, people.colleague.employee_id, "pools.assign")]
    assert rows(select(PoolMovement.reason, PoolMovement.by_user_id)) == [("跟进得力", people.head.user_id)]
    assert entries() == {two.id: bank.south_pool.id}


def test_a_head_does_not_give_away_what_would_leave_the_own_view(bank: Bank) -> None:
    people = bank.people
    one = put(aged(people.manager), bank.north_pool)
    with acting_as(people.head.actor):
        with pytest.raises(Refused) as refused:
            assign_from_pool([one.id], people.stranger.employee_id)
        assert list(refused.value.errors) == ["employee_id"]
        with pytest.raises(Refused):
            assign_from_pool([one.id], 987_654)
        with pytest.raises(Refused):
            assign_from_pool([one.id], people.colleague.employee_id, "长" * 301)
    assert entries() == {one.id: bank.north_pool.id}
    assert story(one) == ownership(one) == []
    with acting_as(people.city_manager.actor):
        assert assign_from_pool([one.id], people.stranger.employee_id).done == [one.id]
    assert one.unit_id == people.south.id


def test_a_member_may_look_at_the_branch_pool_but_not_give_from_it(bank: Bank) -> None:
    people = bank.people
    one = put(aged(people.manager), bank.branch_pool, people.manager)
    for person in (people.head, people.manager):
        with acting_as(person.actor):
            assert assign_from_pool([one.id], people.colleague.employee_id).done == []
            assert return_customers([one.id]).done == []
    assert entries() == {one.id: bank.branch_pool.id}


def test_customers_go_back_to_whom_they_came_from(bank: Bank) -> None:
    people = bank.people
    gone = people.add("gone", "离职", people.north, "account_manager")
    mine, his, none, left = (
        put(aged(people.manager), bank.north_pool, former) for former in (people.manager, people.colleague, None, gone)
    )
    with acting_as(SYSTEM):
        session.execute(update(Employee).where(Employee.id == gone.employee_id).values(left_on=date(2026, 1, 1)))
        session.commit()
    with acting_as(people.head.actor):
        answer = return_customers([mine.id, his.id, none.id, left.id], "已联系")
    assert set(answer.done) == {mine.id, his.id}
    assert set(answer.refused) == {none.id, left.id}
    assert mine.owner_id == people.manager.employee_id
    assert ownership(his) == [(None, people.colleague.employee_id, "pools.return")]
    assert story(mine) == [("return", bank.north_pool.id, None, people.manager.employee_id)]


# --- around the pool ----------------------------------------------------------------------------------------


def test_a_customer_in_a_pool_is_not_assigned_around_the_ledger(bank: Bank) -> None:
    people = bank.people
    one = put(aged(people.manager), bank.north_pool)
    with acting_as(people.head.actor), pytest.raises(Refused, match="北支行客户池"):
        assign_customers([one.id], people.colleague.employee_id, cause="handover")
    assert one.owner_id is None
    assert ownership(one) == []
    other = aged(people.manager)
    with acting_as(people.head.actor):
        assert assign_customers([other.id], people.colleague.employee_id, cause="handover") == [other.id]


# --- many at once -------------------------------------------------------------------------------------------


def at_once(app: Flask, jobs: list) -> list:
    """Run the calls together, each in a thread with a session of its own; their answers in any order."""
    answers: list = []
    start = threading.Barrier(len(jobs))
    engine = session.get_bind()
    connected = engine.dialect.name == "postgresql"
    if connected:  # a connection for each, as if each had a process
        engine.pool._max_overflow = len(jobs)

    def run(job) -> None:
        with app.app_context():
            try:
                if connected:
                    session.connection()
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


def many_of(most: int) -> int:
    """How many at once: SQLite lets them in one after the other anyway."""
    return most if session.get_bind().dialect.name == "postgresql" else 8


def test_of_fifty_claims_at_once_exactly_one_wins(app: Flask, bank: Bank) -> None:
    people = bank.people
    size = many_of(50)
    one = put(aged(people.manager), bank.north_pool)
    number = one.id
    actors = [people.add(f"c{n}", f"王{n}", people.north, "account_manager").actor for n in range(size)]

    def job(actor):
        def run():
            with acting_as(actor):
                return claim_customers([number])

        return run

    answers = at_once(app, [job(actor) for actor in actors])
    won = [answer for answer in answers if isinstance(answer, Outcome) and answer.done]
    lost = [answer for answer in answers if isinstance(answer, Outcome) and answer.refused]
    assert (len(won), len(lost)) == (1, size - 1), answers
    assert [act for act, *_rest in story(one)] == ["claim"]
    assert len(ownership(one)) == 1
    assert one.owner_id == story(one)[0][3]
    assert entries() == {}


def test_one_person_in_fifty_tabs_does_not_pass_the_limit(app: Flask, bank: Bank) -> None:
    people = bank.people
    make_setting("pools.claims_per_day", 3)
    size = many_of(50)
    many = [put(aged(people.colleague), bank.north_pool).id for _ in range(size)]
    actor = people.manager.actor

    def job(number: int):
        def run():
            with acting_as(actor):
                return claim_customers([number])

        return run

    answers = at_once(app, [job(number) for number in many])
    assert all(isinstance(answer, Outcome) for answer in answers), answers
    assert sum(len(answer.done) for answer in answers) == 3
    assert len(entries()) == size - 3
    with acting_as(SYSTEM):
        assert session.scalar(select(func.count(PoolMovement.id))) == 3


def test_claims_across_one_another_do_not_wait_for_each_other(app: Flask, bank: Bank) -> None:
    people = bank.people
    many = [put(aged(people.colleague), bank.north_pool).id for _ in range(8)]
    third = people.add("third", "第三人", people.north, "account_manager")

    def job(actor, ids):
        def run():
            with acting_as(actor):
                return claim_customers(ids)

        return run

    actors = [people.manager.actor, people.colleague.actor, third.actor]
    orders = [many, many[::-1], many[4:] + many[:4]]
    answers = at_once(app, [job(actor, ids) for actor, ids in zip(actors, orders, strict=True)])
    assert all(isinstance(answer, Outcome) for answer in answers), answers
    assert sorted(number for answer in answers for number in answer.done) == sorted(many)
    with acting_as(SYSTEM):
        assert session.scalar(select(func.count(PoolEntry.id))) == 0
