"""POOL-1, POOL-6, POOL-8: the nightly pass moves exactly what is due, once, with its ledgers."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from itertools import count

import pytest
import time_machine
from flask import Flask
from sqlalchemy import delete, func, insert, select, text, update

from app.api import Activity, Customer, context, enqueue, is_working_day, session
from app.testing.factories import make_activity, make_record
from app.testing.jobs import run_pending
from app.testing.people import People
from app.types import Refused
from plugins.pools.models import PoolEntry, PoolMovement, PoolRule
from plugins.pools.services import active_rules, catch_up, coming_night, count_due, forecast, recycle_customers
from plugins.pools.services.recycle import due_condition
from plugins.pools.tests.conftest import NIGHT, ZONE, Bank, aged, entries, local, ownership, rows, story

pytestmark = pytest.mark.usefixtures("as_system")


def run(bank: Bank, night: date = NIGHT) -> int:
    moved = recycle_customers(bank.rule.id, night, is_working_day)
    session.expire_all()
    return moved


def test_a_customer_moves_with_both_ledgers_and_the_pools_unit(bank: Bank) -> None:
    manager = bank.people.manager
    one = aged(manager, followed=local(date(2026, 2, 20)))
    assert run(bank) == 1
    assert (one.owner_id, one.owned_since_at, one.unit_id) == (None, None, bank.people.north.id)
    assert entries() == {one.id: bank.north_pool.id}
    assert story(one) == [("recycle", bank.north_pool.id, manager.employee_id, None)]
    assert ownership(one) == [(manager.employee_id, None, "pools.recycle")]
    entry = session.scalars(select(PoolEntry)).one()
    assert (entry.from_employee_id, entry.unit_id) == (manager.employee_id, bank.people.north.id)
    (movement,) = session.scalars(select(PoolMovement))
    assert (movement.rule_id, movement.rule_version, movement.business_date) == (bank.rule.id, 1, NIGHT)
    assert movement.reason == "三十天未跟进"


def test_the_boundary_is_midnight_on_the_sites_clock(bank: Bank) -> None:
    edge = local(date(2026, 3, 1))
    just_due = aged(bank.people.manager, followed=edge - timedelta(seconds=1))
    aged(bank.people.manager, followed=edge)
    assert run(bank) == 1
    assert list(entries()) == [just_due.id]


def test_a_new_owner_has_the_whole_time(bank: Bank) -> None:
    edge = local(date(2026, 3, 1))
    aged(bank.people.manager, owned=edge, followed=local(date(2020, 1, 1)))
    old = aged(bank.people.manager, owned=edge - timedelta(seconds=1))
    assert run(bank) == 1
    assert list(entries()) == [old.id]


def test_only_effective_follow_ups_keep_a_customer(bank: Bank) -> None:
    called = aged(bank.people.manager)
    reached = aged(bank.people.manager)
    make_activity(called, bank.people.manager, at=local(date(2026, 3, 20)), effective=False, result="no_answer")
    make_activity(reached, bank.people.manager, at=local(date(2026, 3, 20)))
    assert run(bank) == 1
    assert list(entries()) == [called.id]


def test_what_a_rule_leaves_alone(bank: Bank) -> None:
    people = bank.people
    aged(people.stranger)  # another branch
    closed = aged(people.manager)
    session.execute(update(Customer).where(Customer.id == closed.id).values(closed_at=local(NIGHT)))
    session.commit()
    corporate = aged(people.manager, kind="corporate")
    free = aged(None, unit=people.north)
    make_record("pools_rule", name="对公", pool_days=1, pool_id=bank.south_pool.id, condition="and(kind:in:corporate)")
    assert run(bank) == 1
    assert list(entries()) == [corporate.id]
    assert free.owner_id is None


def test_run_twice_moves_nothing_and_changes_nothing(bank: Bank) -> None:
    one = aged(bank.people.manager)
    assert run(bank) == 1
    before = (entries(), story(one), ownership(one), one.version)
    assert run(bank) == 0
    assert run(bank, NIGHT + timedelta(days=1)) == 0
    assert (entries(), story(one), ownership(one), one.version) == before


def test_a_second_run_of_the_night_leaves_those_claimed_since_alone(bank: Bank) -> None:
    """Whoever was taken out of the pool after the first run is not put back by what is due in the second."""
    people = bank.people
    early, late = aged(people.manager), aged(people.manager, owned=local(date(2026, 3, 20)))
    assert run(bank) == 1
    session.execute(delete(PoolEntry))
    session.execute(
        update(Customer)
        .where(Customer.id == early.id)
        .values(owner_id=people.colleague.employee_id, owned_since_at=local(NIGHT))
    )
    session.execute(update(PoolRule).values(pool_days=5))
    session.commit()
    assert run(bank) == 1
    assert list(entries()) == [late.id]
    assert early.owner_id == people.colleague.employee_id


def test_an_inactive_rule_or_pool_moves_nothing(bank: Bank) -> None:
    aged(bank.people.manager)
    session.execute(update(PoolRule).values(active=False))
    session.commit()
    assert run(bank) == 0
    session.execute(update(PoolRule).values(active=True))
    bank.north_pool.active = False
    session.commit()
    assert run(bank) == 0
    assert active_rules() == []


def test_units_moved_away_from_under_the_pool_are_left_alone(bank: Bank) -> None:
    rule = make_record("pools_rule", name="北", pool_days=1, unit_id=bank.people.north.id, pool_id=bank.branch_pool.id)
    aged(bank.people.manager)
    north = session.get(type(bank.people.north), bank.people.north.id)
    north.path = f"/{bank.people.head_office.id}/{north.id}/"
    session.commit()
    assert recycle_customers(rule.id, NIGHT, is_working_day) == 0


# --- against a computation of its own -----------------------------------------------------------------------


def generate(people: People, size: int, seed: int) -> list[dict]:
    """Customers of every kind around the boundaries, written straight into the table."""
    chance, number = random.Random(seed), count(1)
    places = [
        (p.employee_id, p.unit_id) for p in (people.manager, people.colleague, people.stranger, people.city_manager)
    ]

    def moment(low: int, high: int) -> datetime | None:
        if chance.random() < 0.15:
            return None
        at = datetime(2026, 3, 31, tzinfo=ZONE) - timedelta(days=chance.randint(low, high))
        return at + timedelta(seconds=chance.choice((-1, 0, 1, 43_200)))

    made = []
    for _ in range(size):
        owner, unit = chance.choice(places)
        owned = chance.random() < 0.85
        made.append(
            {
                "code": f"G{next(number)}",
                "name": "客户",
                "kind": chance.choice(("personal", "corporate", "channel", "agent")),
                "owner_id": owner if owned else None,
                "unit_id": unit,
                "created_at": datetime(2026, 3, 31, tzinfo=ZONE) - timedelta(days=chance.randint(0, 90)),
                "owned_since_at": moment(0, 90) if owned else None,
                "last_effective_at": moment(0, 90),
                "closed_at": moment(0, 90) if chance.random() < 0.1 else None,
            }
        )  # fmt: skip
    session.execute(insert(Customer.__table__), made)
    session.commit()
    for row, number_ in zip(made, session.scalars(select(Customer.id).order_by(Customer.id)), strict=True):
        row["id"] = number_
    return made


def expected(made: list[dict], rule: dict, night: date) -> set[int]:
    """Who is due, day by day and customer by customer, as a person would count it."""
    due = set()
    for row in made:
        if row["owner_id"] is None or row["closed_at"] is not None or row["unit_id"] not in rule["units"]:
            continue
        if rule["kind"] and row["kind"] != rule["kind"]:
            continue
        moments = [row["owned_since_at"] or row["created_at"]]
        if row["last_effective_at"] is not None:
            moments.append(row["last_effective_at"])
        last = max(moments).astimezone(ZONE).date()
        passed = sum(
            1 for n in range(1, (night - last).days) if not rule["working"] or is_working_day(last + timedelta(days=n))
        )
        if passed >= rule["days"]:
            due.add(row["id"])
    return due


@pytest.mark.parametrize("seed", [1, 2])
def test_the_pass_moves_exactly_the_due(bank: Bank, seed: int) -> None:
    people = bank.people
    made = generate(people, 600, seed)
    north, branch = {people.north.id}, {people.branch.id, people.north.id, people.south.id}
    session.execute(delete(PoolRule))
    session.commit()
    described = [
        {"days": 12, "working": True, "kind": "corporate", "units": north, "pool": bank.north_pool},
        {"days": 30, "working": False, "kind": None, "units": {people.south.id}, "pool": bank.south_pool},
        {"days": 45, "working": False, "kind": None, "units": branch, "pool": bank.branch_pool},
    ]
    rules = [
        make_record(
            "pools_rule", name=f"规则{place}", pool_days=one["days"], working_days=one["working"],
            condition=f"and(kind:in:{one['kind']})" if one["kind"] else "", pool_id=one["pool"].id,
        )
        for place, one in enumerate(described)
    ]  # fmt: skip
    gone: set[int] = set()
    wanted: dict[int, int] = {}
    foretold = {one.rule.id: one.count for one in forecast(NIGHT, is_working_day)}
    for rule, one in zip(rules, described, strict=True):
        due = expected(made, one, NIGHT) - gone
        assert len(due) > 5
        assert foretold[rule.id] == len(due)
        gone |= due
        wanted |= dict.fromkeys(due, one["pool"].id)
    mine = {row["id"] for row in made if row["owner_id"] == people.manager.employee_id}
    assert count_due(NIGHT, is_working_day, people.manager.employee_id) == len(mine & gone)
    assert entries() == {}, "a forecast saves nothing"
    assert sum(catch_up(NIGHT, is_working_day).values()) == len(wanted)
    assert entries() == wanted
    owners = dict(rows(select(Customer.id, Customer.owner_id)))
    assert {row["id"] for row in made if row["owner_id"] is not None and owners[row["id"]] is None} == gone
    former = dict(rows(select(PoolMovement.customer_id, PoolMovement.from_employee_id)))
    assert former == {row["id"]: row["owner_id"] for row in made if row["id"] in gone}
    assert sum(catch_up(NIGHT, is_working_day).values()) == 0


def test_a_day_off_of_the_site_moves_the_countdown(bank: Bank) -> None:
    session.execute(delete(PoolRule))
    session.commit()
    make_record("pools_rule", name="一个工作日", pool_days=1, working_days=True, pool_id=bank.north_pool.id)
    friday = local(NIGHT - timedelta(days=4), 12)
    aged(bank.people.manager, followed=friday, owned=friday)
    assert [one.count for one in forecast(NIGHT, is_working_day)] == [1]
    make_record("calendar_day", name="行庆", day=NIGHT - timedelta(days=1))
    assert [one.count for one in forecast(NIGHT, is_working_day)] == [0]


# --- as a job -----------------------------------------------------------------------------------------------


def test_the_job_runs_the_rules_and_tells_what_it_did(bank: Bank) -> None:
    aged(bank.people.manager)
    aged(bank.people.stranger)
    make_record("pools_rule", name="南", pool_days=10, pool_id=bank.south_pool.id)
    number = enqueue("pools.recycle", {"business_date": NIGHT})
    assert run_pending() == 1
    status, result = session.execute(text("SELECT status, result FROM jobs_job WHERE id = :id"), {"id": number}).one()
    assert status == "done"
    assert '"moved": 2' in str(result).replace("'", '"')
    assert set(entries().values()) == {bank.north_pool.id, bank.south_pool.id}


def test_a_run_cut_off_between_two_rules_goes_on_with_the_second(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = aged(bank.people.manager), aged(bank.people.stranger)
    second = make_record("pools_rule", name="南", pool_days=10, pool_id=bank.south_pool.id)
    order, calls = [bank.rule.id, second.id], []

    def falls_over_once(rule_id: int, night: date, working) -> int:
        calls.append(rule_id)
        moved = recycle_customers(rule_id, night, working)
        if calls == order:
            raise ConnectionError("the machine was switched off")  # after writing, before the commit
        return moved

    monkeypatch.setattr("plugins.pools.jobs.recycle_customers", falls_over_once)
    number = enqueue("pools.recycle", {"business_date": NIGHT})
    run_pending()
    session.expire_all()
    assert entries() == {one.id: bank.north_pool.id}, "the first rule is kept, the second is undone whole"
    assert two.owner_id == bank.people.stranger.employee_id
    session.execute(text("UPDATE jobs_job SET run_after = created_at WHERE id = :id"), {"id": number})
    session.commit()
    run_pending()
    session.expire_all()
    assert calls == [*order, second.id]
    assert entries() == {one.id: bank.north_pool.id, two.id: bank.south_pool.id}
    assert len(story(one)) == len(story(two)) == 1
    assert session.scalar(text("SELECT status FROM jobs_job WHERE id = :id"), {"id": number}) == "done"


def test_it_is_scheduled_for_the_night(app: Flask) -> None:
    assert context().jobs["pools.recycle"].schedule == "15 1 * * *"
    with pytest.raises(Refused):
        enqueue("pools.recycle", {"business_date": "gestern"})


# --- ledgers and plans --------------------------------------------------------------------------------------


def test_the_ledger_is_append_only(bank: Bank) -> None:
    aged(bank.people.manager)
    run(bank)
    movement = session.scalars(select(PoolMovement)).one()
    with pytest.raises(PermissionError):
        session.execute(update(PoolMovement).values(reason=""))
    session.rollback()
    with pytest.raises(PermissionError):
        session.execute(delete(PoolMovement))
    session.rollback()
    movement = session.scalars(select(PoolMovement)).one()
    movement.reason = "anders"
    with pytest.raises(PermissionError):
        session.commit()
    session.rollback()


def test_the_due_query_is_one_pass_over_a_hundred_thousand_customers(bank: Bank) -> None:
    """One sequential pass, on both databases: no index begins with what makes a customer due."""
    people, start = bank.people, datetime(2026, 3, 30, tzinfo=UTC)
    plain = {
        "name": "客户",
        "kind": "personal",
        "unit_id": people.north.id,
        "created_at": start,
        "owned_since_at": start,
    }
    for block in range(20):
        made = [
            {
                **plain,
                "code": f"P{block}-{n}",
                "owner_id": people.manager.employee_id,
                "last_effective_at": start - timedelta(days=n % 60),
            }
            for n in range(5_000)
        ]
        session.execute(insert(Customer.__table__), made)
    session.commit()
    kind = session.get_bind().dialect.name
    session.execute(text("ANALYZE"))
    condition = due_condition(active_rules()[0], NIGHT, is_working_day)
    statement = select(Customer.id).where(condition)
    compiled = statement.compile(session.connection(), compile_kwargs={"literal_binds": True})
    plan = [str(row) for row in session.execute(text(f"EXPLAIN {'QUERY PLAN ' if kind == 'sqlite' else ''}{compiled}"))]
    passes = [
        line for line in plan if ("SCAN customer" in line if kind == "sqlite" else "Seq Scan on customer" in line)
    ]
    through_unit = [line for line in plan if "ix_customer_unit_followed" in line]
    assert len(passes) + len(through_unit) == 1, plan
    assert session.scalar(select(func.count(Customer.id)).where(condition)) == 0
    assert Activity.__tablename__ not in str(compiled)


@pytest.mark.parametrize(
    ("moment", "night"),
    [
        ("2026-03-30T17:14:00Z", date(2026, 3, 31)),
        ("2026-03-30T17:15:00Z", date(2026, 4, 1)),
        ("2026-03-31T15:59:00Z", date(2026, 4, 1)),
    ],
)
def test_the_coming_night_is_that_of_the_next_run(app: Flask, moment: str, night: date) -> None:
    """01:14, 01:15 and 23:59 of 31 March on the site's clock."""
    with time_machine.travel(datetime.fromisoformat(moment), tick=False):
        assert coming_night() == night
