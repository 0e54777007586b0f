"""POOL-5: what a draft would have done equals a replay night by night, on both databases."""

from __future__ import annotations

import random
from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import func, insert, select

from app.api import (
    Activity,
    Customer,
    CustomerOwnership,
    acting_as,
    create_customers,
    is_working_day,
    session,
    transaction,
)
from app.testing.people import People
from app.types import Refused
from plugins.pools.models import PoolMovement, PoolRule, PoolStanding
from plugins.pools.rules import STAGES, basis_of, steps_of
from plugins.pools.services.ladders import asked
from plugins.pools.services.simulation import draft, simulate, simulated_steps
from plugins.pools.tests.conftest import ZONE, Bank, local

pytestmark = pytest.mark.usefixtures("as_system")
NOON = datetime(2026, 3, 31, 12, tzinfo=ZONE)
TODAY = NOON.date()
DAYS = 40
DRAFTS: tuple[dict[str, Any], ...] = (
    {"amber_days": 5, "red_days": 3, "pool_days": 2},
    {"amber_days": 4, "pool_days": 6, "working_days": True, "condition": "and(level:in:key|normal)"},
    {"trigger": "owned", "red_days": 12, "pool_days": 5, "spares_deals": True},
    {"trigger": "deals", "amber_days": 15, "red_days": 5, "spared_levels": ["key"]},
    {
        "trigger": "protection",
        "protect_days": 10,
        "extend_days": 3,
        "hard_stop_days": 20,
        "red_days": 2,
        "pool_days": 1,
    },
    {"trigger": "protection", "protect_days": 6, "extend_days": 4, "working_days": True, "pool_days": 1},
)


def make_history(chance: random.Random, people: People, size: int) -> list[dict[str, Any]]:
    """Customers that changed hands, were followed up, made deals and were closed, around the nights in question."""
    staff = [person.employee_id for person in (people.manager, people.colleague, people.stranger)]

    def moments(most: int, days: int = 90) -> list[datetime]:
        seconds = sorted(chance.sample(range(days * 86_400), chance.randint(0, most)))
        return [NOON - timedelta(seconds=one) for one in reversed(seconds)]

    made, ledger, followed = [], [], []
    for number in range(1, size + 1):
        hands = moments(3)
        owners: list[int | None] = [chance.choice((*staff, None)) for _ in range(len(hands) + 1)]
        created = NOON - timedelta(days=chance.randint(91, 120))
        changes = list(zip([created, *hands], owners, strict=True))
        kept = chance.choice(("all", "later", "none"))  # how far back the ledger speaks
        if kept == "none":
            changes = changes[:1]
        made.append(
            {
                "id": number, "code": f"H{number}", "name": "客户", "unit_id": people.north.id,
                "owner_id": changes[-1][1],
                "level": chance.choice(("key", "normal", "important", None)), "created_at": created,
                "owned_since_at": changes[-1][0] if changes[-1][1] else None, "changes": changes, "events": [],
                "closed_at": NOON - timedelta(days=chance.randint(0, 50)) if chance.random() < 0.1 else None,
            }
        )  # fmt: skip
        for (_at, before), (at, owner) in zip([(None, None), *changes], changes, strict=False):
            if kept == "all" or (kept == "later" and at != created):
                ledger.append({"customer_id": number, "from_employee_id": before, "to_employee_id": owner,
                               "cause": "assign", "reason": "", "at": at})  # fmt: skip
        for at in moments(6):
            effective, deal = chance.random() < 0.8, chance.random() < 0.15
            made[-1]["events"].append((at, effective, deal))
            followed.append({"customer_id": number, "employee_id": staff[0], "kind": "call", "at": at,
                             "effective": effective, "result": "deal" if deal else "reached",
                             "created_at": at})  # fmt: skip
    columns = [{name: row[name] for name in made[0] if name in Customer.__table__.c} for row in made]
    for model, rows in ((Customer, columns), (CustomerOwnership, ledger), (Activity, followed)):
        session.execute(insert(model.__table__), rows)
    return made


def replayed(row: dict[str, Any], values: dict[str, Any], rule: Any) -> list[tuple[int, int, str, date]]:
    """(customer, owner, rung, night) one night after the other, with what had happened on the days before each."""
    if values.get("condition") and row["level"] not in ("key", "normal"):
        return []
    if row["level"] in values.get("spared_levels", ()):
        return []
    ladder, found, stage, stint = asked(rule).ladder, [], "green", None
    for ahead in range(DAYS):
        night = TODAY - timedelta(days=DAYS - 1 - ahead)
        passed = lambda at: at.astimezone(ZONE).date() < night  # noqa: B023, E731
        (start, owner), place = [(one, n) for n, one in enumerate(row["changes"]) if passed(one[0])][-1]
        if place != stint:
            stage, stint = "green", place
        closed = row["closed_at"] is not None and passed(row["closed_at"])
        dealt = rule.spares_deals and any(deal and passed(at) for at, _effective, deal in row["events"])
        if owner is None or closed or dealt or stage == "gone":
            continue
        resets = [
            at for at, effective, deal in row["events"]
            if (deal if rule.trigger == "deals" else effective) and at > start and passed(at)
        ]  # fmt: skip
        last = max(resets).astimezone(ZONE).date() if resets else None
        basis = basis_of(ladder, start.astimezone(ZONE).date(), last, is_working_day)
        steps = steps_of(ladder, basis, is_working_day)
        stage = steps.lowered(stage, night - timedelta(days=1))
        rung = steps.due(night)
        if rung == "pool" or (rung and STAGES.index(rung) > STAGES.index(stage)):
            found.append((row["id"], owner, rung, night))
            stage = "gone" if rung == "pool" else rung
    return found


@pytest.mark.parametrize("seed", [3])
@time_machine.travel(NOON, tick=False)
def test_a_draft_does_what_a_replay_night_by_night_does(people: People, seed: int) -> None:
    chance = random.Random(seed)
    with transaction():
        made = make_history(chance, people, 150)
    for values in DRAFTS:
        rule = draft(values)
        wanted = sorted(step for row in made for step in replayed(row, values, rule_of(values)))
        found = [(s.customer_id, s.owner_id, s.rung, s.day) for s in simulated_steps(rule, DAYS)]
        assert not set(found) ^ set(wanted), (values, sorted(set(found) ^ set(wanted))[:6])
        assert len(found) == len(wanted) > 20
        told = simulate(rule, DAYS)
        assert told.by_day == Counter((night, rung) for _c, _o, rung, night in wanted)
        assert told.by_owner == Counter((owner, rung) for _c, owner, rung, _n in wanted)
        assert (told.first, told.last) == (TODAY - timedelta(days=DAYS - 1), TODAY)
    counted = [session.scalar(select(func.count()).select_from(m)) for m in (PoolRule, PoolStanding, PoolMovement)]
    assert counted == [0, 0, 0], "nothing is saved"


def rule_of(values: dict[str, Any]) -> Any:
    rule = draft(values)
    rule.path = None
    return rule


@time_machine.travel(NOON, tick=False)
def test_a_draft_sees_what_the_actor_sees_and_is_asked_at_its_place(bank: Bank) -> None:
    since = local(TODAY - timedelta(days=400))
    (one,) = create_customers([{"name": "甲", "owner_id": bank.people.manager.employee_id, "created_at": since}])
    values = {"pool_days": 5, "position": 1}
    assert simulate(draft(values)).totals == {"pool": 1}
    assert simulate(draft({**values, "position": 500})).totals == {}, "the rule before it takes them all"
    saved = session.get_one(PoolRule, bank.rule.id)
    assert simulate(draft({"pool_days": 300}, saved)).totals == {"pool": 1}
    assert simulate(draft({"pool_days": 900}, saved)).totals == {}
    assert [step.customer_id for step in simulated_steps(draft(values), rung="pool")] == [one]
    assert list(simulated_steps(draft(values), after=one)) == []
    assert list(simulated_steps(draft(values), owner_id=bank.people.stranger.employee_id)) == []
    with acting_as(bank.people.stranger.actor):
        assert simulate(draft(values)).totals == {}
    with pytest.raises(Refused):
        simulate(draft({**values, "condition": "and(gone:in:x)"}))
