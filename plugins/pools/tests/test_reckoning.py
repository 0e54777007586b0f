"""POOL-1: standings as SQL works them out equal the pure rules, customer by customer, on both databases."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import insert, select, update

from app.api import Activity, Customer, is_working_day, session, transaction
from app.testing.people import People
from plugins.pools.models import PoolKeep, PoolLock, PoolMovement, PoolRule, PoolStanding
from plugins.pools.rules import STAGES, Ladder, basis_of, steps_of
from plugins.pools.services.reckoning import reckon
from plugins.pools.tests.conftest import ZONE

pytestmark = pytest.mark.usefixtures("as_system")
NOON = datetime(2026, 3, 31, 12, tzinfo=ZONE)
TODAY = NOON.date()


def moment(chance: random.Random, days: int, empty: float = 0.2) -> datetime | None:
    """A moment some days ago, at times a second beside midnight."""
    if chance.random() < empty:
        return None
    at = datetime(2026, 3, 31, tzinfo=ZONE) - timedelta(days=chance.randint(0, days))
    return at + timedelta(seconds=chance.choice((-1, 0, 1, 36_000)))


def make_rules(chance: random.Random, people: People) -> list[PoolRule]:
    """Rules of every trigger over parts of the bank, asked in any order; the last one is not understood."""
    described: list[dict[str, Any]] = [
        {"trigger": "protection", "condition": "and(kind:in:agent)", "protect_days": 10,
         "extend_days": chance.choice((3, None)), "hard_stop_days": chance.choice((20, None)), "red_days": 2,
         "pool_days": 1},
        {"trigger": "deals", "condition": "and(kind:in:channel)", "amber_days": 30, "pool_days": 20},
        {"trigger": "owned", "unit_id": people.south.id, "amber_days": chance.choice((5, None)), "red_days": 10},
        {"condition": "and(level:in:key|important)", "amber_days": 7, "red_days": 3, "pool_days": 5,
         "spared_levels": ["key"], "spares_deals": True},
        {"condition": "and(kind:in:corporate)", "unit_id": people.branch.id, "amber_days": 4,
         "pool_days": chance.choice((9, None)), "counts_from": date(2026, 3, 20)},
        {"condition": "and(gone:in:x)", "amber_days": 1},
    ]  # fmt: skip
    made = []
    for place, one in enumerate(described):
        position, worked = chance.randint(1, 4), chance.random() < 0.5
        made.append(PoolRule(name=f"规则{place}", position=position, working_days=worked, **one))
    session.add_all(made)
    session.flush()
    return made


def make_customers(chance: random.Random, people: People, size: int) -> list[dict[str, Any]]:
    """Customers of every kind, what was done with them, and the locks and extensions they have."""
    staff = (people.manager, people.colleague, people.stranger)
    made: list[dict[str, Any]] = []
    deals, locks, keeps = [], [], []
    for number in range(1, size + 1):
        owner = chance.choice(staff) if chance.random() < 0.9 else None
        row = {
            "id": number, "code": f"G{number}", "name": "客户",
            "kind": chance.choice(("personal", "corporate", "channel", "agent")),
            "level": chance.choice(("key", "important", "normal", None)),
            "owner_id": owner.employee_id if owner else None, "unit_id": (owner or staff[0]).unit_id,
            "created_at": moment(chance, 90, 0), "owned_since_at": moment(chance, 60) if owner else None,
            "last_effective_at": moment(chance, 60), "closed_at": moment(chance, 60, 0.95),
        }  # fmt: skip
        made.append(row)
        if (at := moment(chance, 60, 0.7)) is not None:
            deals.append({"customer_id": number, "employee_id": staff[0].employee_id, "kind": "call", "at": at,
                          "result": "deal", "created_at": at})  # fmt: skip
            row["deal_at"] = at
        if chance.random() < 0.1:
            row["lock"] = chance.choice((None, TODAY - timedelta(days=1), TODAY))
            locks.append({"customer_id": number, "until": row["lock"]})
        if owner and (at := moment(chance, 60, 0.7)) is not None:
            state = chance.choice(("asked", "granted", "refused"))
            until = TODAY + timedelta(days=chance.randint(-5, 5)) if state == "granted" else None
            row["keep"] = (chance.choice(staff).employee_id, at, state, until)
            keeps.append({"customer_id": number, "employee_id": row["keep"][0], "asked_at": at, "state": state,
                          "kept_until": until, "rule_id": 1, "days": 5, "reason": "再跟一次"})  # fmt: skip
    columns = [{name: row[name] for name in made[0] if name in Customer.__table__.c} for row in made]
    for model, rows in ((Customer, columns), (Activity, deals), (PoolLock, locks), (PoolKeep, keeps)):
        session.execute(insert(model.__table__), rows)
    return made


def watched_by(row: dict[str, Any], rule: PoolRule, people: People) -> bool:
    units = {people.south.id: {people.south.id}, people.branch.id: {people.branch.id, people.north.id, people.south.id}}
    if rule.unit_id is not None and row["unit_id"] not in units[rule.unit_id]:
        return False
    if not rule.condition:
        return True
    field, _in, values = rule.condition[4:-1].split(":")
    return row.get(field) in values.split("|")


def day(at: datetime | None) -> date | None:
    return None if at is None else at.astimezone(ZONE).date()


def expected(row: dict[str, Any], rule: PoolRule, stage: str) -> tuple[Any, ...]:
    """(rule, basis, stage, amber, red, pool, next, spared) of one customer, by the pure rules."""
    names = ("trigger", "amber_days", "red_days", "pool_days", "working_days", "protect_days", "extend_days")
    ladder = Ladder(
        **{name: getattr(rule, name) for name in names},
        hard_stop_days=rule.hard_stop_days,
        counts_from=rule.counts_from,
    )
    start = row["owned_since_at"] or row["created_at"]
    fact = row.get("deal_at") if rule.trigger == "deals" else row["last_effective_at"]
    asked_by, asked_at, state, until = row.get("keep", (None, start, "", None))
    own = asked_by == row["owner_id"] and asked_at >= start
    kept_until = until if own else None
    basis = basis_of(ladder, day(start), day(fact), is_working_day)
    steps = steps_of(ladder, basis, is_working_day, kept_until)
    lowered = steps.lowered(stage, TODAY)
    spared = ""
    if row["level"] in (rule.spared_levels or ()):
        spared = "level"
    elif rule.spares_deals and "deal_at" in row:
        spared = "deal"
    elif "lock" in row and (row["lock"] is None or row["lock"] >= TODAY):
        spared = "locked"
    elif own and state == "asked":
        spared = "asked"
    following = None if spared else steps.next(lowered)
    return (rule.id, basis, lowered, steps.amber, steps.red, steps.pool, following, spared, kept_until)


def standings() -> dict[int, tuple[Any, ...]]:
    s = PoolStanding.__table__.c
    columns = (s.rule_id, s.basis_on, s.stage, s.amber_on, s.red_on, s.pool_on, s.next_on, s.spared, s.kept_until)
    return {row[0]: tuple(row[1:]) for row in session.execute(select(s.customer_id, *columns))}


def differing(wanted: dict[int, tuple[Any, ...]]) -> dict[int, tuple[Any, Any]]:
    """{customer: (as it stands, as it should)} where these are not the same."""
    found = standings()
    return {
        number: (found.get(number), wanted.get(number))
        for number in sorted(found.keys() | wanted.keys())
        if found.get(number) != wanted.get(number)
    }


@pytest.mark.parametrize("seed", [1, 2])
@time_machine.travel(NOON, tick=False)
def test_standings_are_what_the_rules_say(people: People, seed: int) -> None:
    chance = random.Random(seed)
    with transaction() as current:
        rules = sorted(make_rules(chance, people), key=lambda rule: (rule.position, rule.id))
        made = make_customers(chance, people, 400)
        reckon(current, None)
    chosen = {}
    for row in made:
        if row["owner_id"] is not None and row["closed_at"] is None:
            rule = next((rule for rule in rules if watched_by(row, rule, people)), None)
            if rule is not None:
                chosen[row["id"]] = row, rule
    assert len(chosen) > 200
    assert differing({number: expected(*both, "green") for number, both in chosen.items()}) == {}
    # everybody is red; then most were followed up, and some changed hands
    with transaction() as current:
        current.execute(update(PoolStanding.__table__).values(stage="red"))
        current.execute(update(Customer.__table__).where(Customer.id % 2 == 0).values(last_effective_at=NOON))
        current.execute(update(Customer.__table__).where(Customer.id % 5 == 0).values(owner_id=None))
        reckon(current, [row["id"] for row in made])
    wanted = {}
    for number, (row, rule) in chosen.items():
        row["last_effective_at"] = NOON if number % 2 == 0 else row["last_effective_at"]
        if number % 5:
            wanted[number] = expected(row, rule, "red")
    assert differing(wanted) == {}
    cleared = session.scalars(select(PoolMovement.customer_id).where(PoolMovement.act == "clear"))
    assert sorted(cleared) == sorted(number for number, one in wanted.items() if one[2] != "red")
    assert len({one[2] for one in wanted.values()}) == len(STAGES)
