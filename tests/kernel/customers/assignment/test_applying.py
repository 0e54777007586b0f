"""CUS-5: rules give customers nobody looks after to people; the ledger says which rule and why."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import timedelta

from flask import Flask
from sqlalchemy import select, update

from app.access.actors import acting_as
from app.access.audit import verify
from app.customers.assignment.applying import EVERY, NIGHTLY, assign_by_rules
from app.customers.assignment.rules import BY_RULE
from app.customers.models import Customer
from app.db import session, transaction
from app.fields.records import create_record
from app.hookspecs import hookimpl
from app.host.context import context, entity
from app.organisation.handover.planning import today
from app.organisation.models import Employee, Unit
from app.testing.factories import make_customer, make_employee, make_record
from app.testing.people import People
from app.types import SYSTEM, Veto
from tests.kernel.customers.assignment.cases import OPEN, ask, ledger, make_rule, owners, person, unowned


def listen(app: Flask, **hooks) -> None:
    """Register hooks of a module made for the test."""
    module = type("Listener", (), {name: staticmethod(hookimpl(act)) for name, act in hooks.items()})
    context(app).hooks.register("listener", module)


def test_in_turn_goes_on_where_it_stopped_and_passes_over_who_is_away(people: People) -> None:
    away, gone, working = (make_employee(people.north) for _each in range(3))
    make_rule("round_robin", person(people.manager), person(away), person(gone), person(working))
    day = today()
    with acting_as(SYSTEM), transaction() as current:
        current.execute(update(Employee).where(Employee.id == away.id).values(away_from=day, away_until=day))
        current.execute(update(Employee).where(Employee.id == gone.id).values(left_on=day - timedelta(days=1)))
    first = unowned(3, people.north)
    ask()
    turns = [people.manager.employee_id, working.id, people.manager.employee_id]
    assert owners(*first) == turns
    then = unowned(1, people.north)
    with acting_as(SYSTEM), transaction() as current:
        current.execute(update(Employee).where(Employee.id == away.id).values(away_until=day - timedelta(days=1)))
        current.execute(update(Employee).where(Employee.id == away.id).values(away_from=day - timedelta(days=9)))
    ask()
    assert owners(*then) == [away.id]


def test_by_load_levels_counts_capacity_and_keeps_the_maximum(people: People) -> None:
    for _each in range(4):
        make_customer(owner=people.manager)
    make_rule("load", person(people.manager), person(people.colleague, weight=2), person(people.head, most=2), most=100)
    unowned(9, people.north)
    ask()
    held = Counter(session.scalars(select(Customer.owner_id).execution_options(**OPEN)))
    assert held == {people.manager.employee_id: 4, people.colleague.employee_id: 7, people.head.employee_id: 2}


def test_the_longest_region_prefix_counts_and_a_value_its_own_line(people: People) -> None:
    make_rule(
        "region",
        person(people.manager, key="33"),
        {"key": "3302", "way": "unit", "unit_id": people.south.id},
        {"key": "31", "way": "head", "unit_id": people.north.id},
        condition="f.kind=personal",
    )
    make_rule("attribute", person(people.colleague, key="key"), by_field="level", condition="f.kind=corporate")
    with acting_as(SYSTEM), transaction() as current:
        current.execute(update(Unit).where(Unit.id == people.north.id).values(head_id=people.head.employee_id))
    regions = [*unowned(1, people.north, region="330106"), *unowned(1, people.north, region="330204")]
    regions += unowned(1, people.north, region="310000")
    nowhere = unowned(1, people.north, region="110000")
    levels = [*unowned(1, people.north, kind="corporate", level="key"), *unowned(1, people.north, kind="corporate")]
    ask()
    assert owners(*regions) == [people.manager.employee_id, people.stranger.employee_id, people.head.employee_id]
    assert owners(*levels) == [people.colleague.employee_id, None] and owners(*nowhere) == [None]


def test_the_ledger_names_rule_and_reason_and_the_audit_chain_holds(app: Flask, people: People) -> None:
    told = []
    listen(app, assigned=lambda customer_ids, employee_id, cause: told.append((customer_ids, employee_id, cause)))
    rule = make_rule("product", person(people.manager, key="online"), by_field="source", name="线上客户")
    customer = unowned(1, people.south, source="online")[0]
    ask()
    row = ledger(customer)[-1]
    assert (row.cause, row.rule_id, row.reason) == (BY_RULE, rule.id, "线上客户 · 线上")
    assert (row.from_unit_id, row.to_unit_id) == (people.south.id, people.north.id)
    assert told == [([customer.id], people.manager.employee_id, BY_RULE)]
    assert verify(session)[1] == ""


def test_the_first_rule_that_matches_takes_it_and_each_stays_in_its_unit(people: People) -> None:
    south = make_employee(people.south)
    make_rule("round_robin", person(people.stranger), name="南", unit_id=people.south.id)
    make_rule("round_robin", person(south), name="分行", unit_id=people.branch.id)
    ours, theirs = unowned(1, people.south), unowned(1, people.north)
    nowhere = make_customer()
    with acting_as(SYSTEM), transaction() as current:
        current.execute(update(Customer).where(Customer.id == nowhere.id).values(unit_id=None))
        closed = unowned(1, people.south, name="已销户")[0]
        current.execute(update(Customer).where(Customer.id == closed.id).values(closed_at=closed.created_at))
    ask()
    assert owners(*ours, *theirs, nowhere, closed) == [people.stranger.employee_id, south.id, None, None]


def test_nobody_to_give_it_to(people: People) -> None:
    with acting_as(SYSTEM), transaction() as current:
        current.execute(update(Unit).where(Unit.id == people.branch.id).values(head_id=people.city_manager.employee_id))
        current.execute(update(Employee).where(Employee.id == people.colleague.employee_id).values(left_on=today()))
        current.execute(
            update(Employee).where(Employee.id == people.stranger.employee_id).values(left_on=today() - timedelta(1))
        )
    gone, named = person(people.stranger), {"fallback": "person", "fallback_id": people.colleague.employee_id}
    make_rule("round_robin", gone, condition="f.level=key")
    make_rule("round_robin", gone, condition="f.level=important", fallback="head")
    make_rule("round_robin", gone, condition="f.level=normal", **named)
    customers = [unowned(1, people.north, level=level)[0] for level in ("key", "important", "normal")]
    with acting_as(SYSTEM):
        applied = assign_by_rules(EVERY, trigger=NIGHTLY)
    assert owners(*customers) == [None, people.city_manager.employee_id, people.colleague.employee_id]
    left = [item for item in applied.items if item["state"] == "left"]
    assert [(item["customer_id"], item["reason"]) for item in left] == [(customers[0].id, "指定人员均不在岗或已满额")]


def test_a_veto_keeps_one_back_and_not_the_rest(app: Flask, people: People) -> None:
    make_rule("round_robin", person(people.manager))
    customers = unowned(5, people.north)
    kept = customers[2].id
    listen(app, before_assign=lambda customer_ids, cause: Veto("locked") if kept in customer_ids else None)
    with acting_as(SYSTEM):
        applied = assign_by_rules(EVERY, trigger=NIGHTLY)
    mine = people.manager.employee_id
    assert owners(*customers) == [mine, mine, None, mine, mine]
    assert [(i["customer_id"], i["reason"]) for i in applied.items if i["state"] == "left"] == [(kept, "locked")]


def test_rules_leave_alone_what_lies_in_a_pool(people: People) -> None:
    make_rule("round_robin", person(people.manager))
    pool = make_record("pools_pool", code="N", name="池", unit_id=people.north.id)
    from plugins.pools.models import PoolEntry

    free, pooled = unowned(2, people.north)
    with acting_as(SYSTEM), transaction() as current:
        current.add(PoolEntry(customer_id=pooled.id, pool_id=pool.id, unit_id=people.north.id))
    assert ask() == {("given", people.manager.employee_id): 1}
    assert owners(free, pooled) == [people.manager.employee_id, None]


def test_two_processes_never_give_the_same_turn_twice(app: Flask, people: People) -> None:
    staff = [make_employee(people.north).id for _each in range(6)]
    rule = make_rule("round_robin", *({"way": "person", "employee_id": number} for number in staff))
    customers = [one.id for one in unowned(12, people.north)]
    start = threading.Barrier(6)

    def work(mine: list[int]) -> None:
        with app.app_context(), acting_as(SYSTEM):
            start.wait()
            assign_by_rules(mine, trigger=NIGHTLY)
            session.remove()

    session.commit()
    threads = [threading.Thread(target=work, args=(customers[n * 2 : n * 2 + 2],)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    session.expire_all()
    held = Counter(session.scalars(select(Customer.owner_id).execution_options(**OPEN)))
    assert held == dict.fromkeys(staff, 2), rule


def test_a_condition_that_is_not_understood_any_more_takes_nobody(people: People) -> None:
    rule = make_rule("round_robin", person(people.manager))
    unowned(1, people.north)
    with acting_as(SYSTEM), transaction():
        rule.condition = "f.gone=1"
    with acting_as(SYSTEM):
        applied = assign_by_rules(EVERY, trigger=NIGHTLY)
    assert (applied.items, applied.broken) == ([], ("round_robin",))


def test_new_customers_without_an_owner_go_by_rule_else_to_who_makes_them(people: People) -> None:
    make_rule("round_robin", person(people.colleague), condition="f.level=key", on_create=True)
    customer, mine, theirs = entity("customer"), people.manager.employee_id, people.colleague.employee_id
    with acting_as(people.manager.actor):
        made = [create_record(customer, {"name": f"新客{level}", "level": level}) for level in ("key", "normal")]
        assert customer.verbs.create_many is not None
        rows = [{"name": "甲", "level": "key"}, {"name": "乙"}, {"name": "丙", "level": "key", "owner_id": mine}]
        ids = customer.verbs.create_many(rows)
    assert owners(*made) == [theirs, mine]
    found = select(Customer).where(Customer.id.in_(ids)).order_by(Customer.id)
    assert owners(*session.scalars(found.execution_options(**OPEN))) == [theirs, mine, mine]
    assert [(row.cause, row.to_employee_id) for row in ledger(made[0])] == [("rule", theirs)]
    assert [(row.cause, row.to_employee_id) for row in ledger(made[1])] == [("create", mine)]
