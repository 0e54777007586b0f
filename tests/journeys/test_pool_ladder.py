"""POOL-1, POOL-5: a real campaign's calls, a ladder of three rules, its nights, and what became of every customer.

The rows are those of UCI Bank Marketing (CC BY 4.0), called from May 2008 to November 2010: all 41,188 with
QIAO_WHOLE_DATA set, else every fortieth and those of the last four months. They come in the order of the calls, but a
row names only month and weekday. The year is one more wherever the months run backwards; of a month's rows each has its
share of the month, and the call was on the row's weekday on or next after that day, or the last such day of the month.

What is compared with is worked out here by `csv` and `datetime` alone (`Expected`): the days of each rung, the nights
there were, the working days of 2010 as the State Council announced them (国办发明电〔2009〕40号).
"""

from __future__ import annotations

import os
from bisect import bisect_right
from calendar import monthrange
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from sqlalchemy import func, select

from app.access.actors import acting_as
from app.access.audit import verify
from app.access.scope import UNSCOPED
from app.activities.services import record_activities
from app.customers.models import Customer, CustomerOwnership
from app.customers.services import create_customers
from app.db import session, transaction
from app.jobs.models import Job
from app.jobs.services import enqueue
from app.testing.factories import make_record
from app.testing.jobs import run_pending
from app.testing.people import People
from app.types import SYSTEM
from plugins.pools.models import Pool, PoolEntry, PoolMovement, PoolRule, PoolStanding
from plugins.pools.services.simulation import draft, simulate
from tests.journeys.bank_marketing import read_rows
from tests.journeys.data import data_is_there

ZONE = ZoneInfo("Asia/Shanghai")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri")
#: Over the autumn the nights were run every eighth day only; from then on every night, to the end of the campaign.
NIGHTLY_FROM, LAST = date(2010, 11, 17), date(2010, 11, 30)
NIGHTS = [
    *(date(2010, 8, 1) + timedelta(days=8 * number) for number in range(13)),
    *(NIGHTLY_FROM + timedelta(days=number) for number in range((LAST - NIGHTLY_FROM).days + 1)),
]
#: Whoever was called from then on goes up the ladder step by step.
LATE = date(2010, 8, 1)
#: Days off and days made up for from June to December 2010: 端午, 中秋, 国庆.
OFF = {date(2010, 6, day) for day in (14, 15, 16)} | {date(2010, 9, day) for day in (22, 23, 24)}
OFF |= {date(2010, 10, day) for day in range(1, 8)}
MADE_UP = {date(2010, *day) for day in ((6, 12), (6, 13), (9, 19), (9, 25), (9, 26), (10, 9))}
_HALF_YEAR = [date(2010, 6, 1) + timedelta(days=number) for number in range(214)]
WORKED = [day for day in _HALF_YEAR if day in MADE_UP or (day.weekday() < 5 and day not in OFF)]


@dataclass(frozen=True)
class Rule:
    """A rule as it is written down here and given to the product."""

    name: str
    condition: str
    amber: int
    red: int
    pool: int | None = None
    city: int | None = None
    working_days: bool = False
    counts_from: date | None = None
    spared: tuple[str, ...] = ()

    def night(self, basis: date, days: int) -> date:
        """The night by which so many whole days have passed."""
        if self.working_days:
            return WORKED[bisect_right(WORKED, basis) + days - 1] + timedelta(days=1)
        return basis + timedelta(days=days + 1)


CORPORATE = Rule("企业", "and(kind:in:corporate)", 10, 5, 5, 10, working_days=True, counts_from=date(2010, 6, 1))
PHONED = Rule("只提醒", "and(source:in:phone)", 60, 30)
ALL = Rule("全体", "", 20, 15, 15, 10, spared=("key",))
RULES = (CORPORATE, PHONED, ALL)


@dataclass(frozen=True)
class Called:
    """A row as a customer with one call."""

    code: str
    on: date
    corporate: bool
    phone: bool
    won: bool
    #: Who owns it: place in the cast.
    owner: int

    @property
    def rule(self) -> Rule:
        return CORPORATE if self.corporate else PHONED if self.phone else ALL

    @property
    def home(self) -> str:
        return "S" if self.owner == 2 else "N"


def call_days(rows: list[dict[str, str]]) -> Iterator[date]:
    """The day of each row's call."""
    year, before = 2008, 0
    for name, group in groupby(rows, lambda row: row["month"]):
        month, block = MONTHS.index(name) + 1, list(group)
        year, before = year + (month < before), month
        length = monthrange(year, month)[1]
        for place, row in enumerate(block):
            days = [day for day in range(1, length + 1)
                    if date(year, month, day).weekday() == WEEKDAYS.index(row["day_of_week"])]  # fmt: skip
            share = 1 + place * length // len(block)
            yield date(year, month, next((day for day in days if day >= share), days[-1]))


def read_calls() -> list[Called]:
    rows = read_rows()
    every = [
        Called(row["customer number"], day, row["job"] in ("entrepreneur", "self-employed"),
               row["contact"] == "telephone", row["y"] == "yes", place % 3)
        for place, (row, day) in enumerate(zip(rows, call_days(rows), strict=True))
    ]  # fmt: skip
    assert (len(every), every[0].on, every[-1].on.replace(day=1)) == (41_188, date(2008, 5, 5), date(2010, 11, 1))
    if os.environ.get("QIAO_WHOLE_DATA"):
        return every
    return [call for place, call in enumerate(every) if place % 40 == 0 or call.on >= LATE]


class Expected:
    """What becomes of the customers, worked out one after another."""

    def __init__(self, calls: list[Called]) -> None:
        #: (customer, act, business date, pool or empty)
        self.movements: list[tuple[str, str, date, str]] = []
        #: {customer: (stage, night of the next step)} of those that are still somebody's
        self.standing: dict[str, tuple[str, date | None]] = {}
        #: {customer: (pool, night of the next step)}
        self.lying: dict[str, tuple[str, date | None]] = {}
        for call in calls:
            self._play(call)

    def _play(self, call: Called) -> None:
        rule = call.rule
        if call.won and "key" in rule.spared:
            self.standing[call.code] = ("green", None)
            return
        basis, passed, due = max(call.on, rule.counts_from or call.on), 0, {}
        for rung, days in (("amber", rule.amber), ("red", rule.red), ("recycle", rule.pool)):
            if days is not None:
                passed += days
                due[rung] = rule.night(basis, passed)
        stage = "green"
        for night in NIGHTS:
            if night <= call.on:
                continue  # not known yet
            reached = [rung for rung, on in due.items() if on <= night]
            if not reached or reached[-1] == stage:
                continue
            stage = reached[-1]
            self.movements.append((call.code, stage, night, call.home if stage == "recycle" else ""))
            if stage == "recycle":
                self._lie(call, rule, night)
                return
        left = list(due.values())[("green", "amber", "red").index(stage) :]
        self.standing[call.code] = (stage, left[0] if left else None)

    def _lie(self, call: Called, rule: Rule, entered: date) -> None:
        assert rule.city is not None
        on = rule.night(entered, rule.city)
        taken = next((night for night in NIGHTS if night >= on), None)
        self.lying[call.code] = (call.home, on) if taken is None else ("C", None)
        if taken is not None:
            self.movements.append((call.code, "escalate", taken, "C"))


def set_up(people: People) -> None:
    """Pools of both heads and of the city, and the ladder."""
    for code, unit, kind in (("N", people.north, "head"), ("S", people.south, "head"), ("C", people.branch, "city")):
        pool = make_record("pools_pool", code=code, name=f"客户池{code}", unit_id=unit.id)
        pool.kind = kind
    for place, rule in enumerate(RULES):
        session.add(
            PoolRule(
                name=rule.name, position=place, condition=rule.condition, amber_days=rule.amber, red_days=rule.red,
                pool_days=rule.pool, city_days=rule.city, working_days=rule.working_days,
                counts_from=rule.counts_from, spared_levels=list(rule.spared),
            )
        )  # fmt: skip
    session.commit()


def bring(calls: list[Called], people: People) -> None:
    """Customers with their calls, as another system's history comes along."""
    owners = [one.employee_id for one in (people.manager, people.colleague, people.stranger)]
    moments = [datetime.combine(call.on, time(10), ZONE) for call in calls]
    with transaction():
        made = create_customers([
            {"code": call.code, "name": f"客户{call.code}", "kind": "corporate" if call.corporate else "personal",
             "level": "key" if call.won else "normal", "source": "phone" if call.phone else "campaign",
             "owner_id": owners[call.owner], "created_at": moment}
            for call, moment in zip(calls, moments, strict=True)
        ])  # fmt: skip
        record_activities([
            {"customer_id": number, "employee_id": owners[call.owner], "at": moment, "subject": "营销电话"}
            for call, number, moment in zip(calls, made, moments, strict=True)
        ])  # fmt: skip


@pytest.mark.usefixtures("app")
def test_the_campaign_goes_up_the_ladder(people: People) -> None:
    if not data_is_there("bank_marketing"):
        return
    calls = read_calls()
    expected = Expected(calls)
    with acting_as(SYSTEM):
        set_up(people)
        known = date.min
        for night in NIGHTS:
            with time_machine.travel(datetime.combine(night, time(1, 15), ZONE), tick=False):
                bring([call for call in calls if known <= call.on < night], people)
                number = enqueue("pools.recycle", {"business_date": night})
                run_pending()
            assert session.get_one(Job, number, populate_existing=True).status == "done"
            known = night
        with time_machine.travel(datetime.combine(LAST, time(22), ZONE), tick=False):
            bring([call for call in calls if call.on >= known], people)
            compare(expected, len(calls))
            tried = simulate(draft({"amber_days": 10, "red_days": 20, "pool_days": 10, "spared_levels": ["key"],
                                    "position": -1}))  # fmt: skip
    assert tried.by_day == expected_of_draft(calls, expected)


def expected_of_draft(calls: list[Called], expected: Expected) -> Counter[tuple[date, str]]:
    """What another rule, asked before the others, would have done over the last ninety nights.

    The first night takes whatever had piled up; nobody goes further than the owner had the customer.
    """
    first, gone = LAST - timedelta(days=89), {move[0]: move[2] for move in expected.movements if move[1] == "recycle"}
    found: Counter[tuple[date, str]] = Counter()
    for call in calls:
        last = gone.get(call.code, LAST)
        if call.won or last < first:
            continue
        steps = {max(first, call.on + timedelta(days=days + 1)): rung
                 for rung, days in (("amber", 10), ("red", 30), ("pool", 40))}  # fmt: skip
        found.update((night, rung) for night, rung in steps.items() if night <= last)
    return found


def compare(expected: Expected, count: int) -> None:
    """Everything the product says, against what was worked out here."""
    m, s, e = PoolMovement, PoolStanding, PoolEntry
    moved = select(Customer.code, m.act, m.business_date, func.coalesce(Pool.code, ""))
    moved = moved.join_from(m, Customer, Customer.id == m.customer_id).outerjoin(Pool, Pool.id == m.to_pool_id)
    told = read(moved)
    assert Counter(act for _code, act, *_rest in told) == Counter(act for _code, act, *_rest in expected.movements)
    assert len(told) == len(set(told)) and sorted(set(told) ^ set(expected.movements)) == []
    stands = select(Customer.code, s.stage, s.next_on).join(Customer, Customer.id == s.customer_id)
    assert differing({row[0]: row[1:] for row in read(stands)}, expected.standing) == []
    lies = select(Customer.code, Pool.code, e.next_on).join_from(e, Customer, Customer.id == e.customer_id)
    lying = read(lies.join(Pool, Pool.id == e.pool_id))
    assert differing({row[0]: row[1:] for row in lying}, expected.lying) == []
    assert len(expected.standing) + len(expected.lying) == count
    left = select(CustomerOwnership.customer_id).where(CustomerOwnership.cause == "pools.recycle")
    assert len(read(left)) == len(expected.lying)
    assert {act for _code, act, *_rest in told} == {"amber", "red", "recycle", "escalate"}
    assert verify(session())[1] == ""


def differing(found: dict[str, Any], wanted: dict[str, Any]) -> list[Any]:
    """(customer, found, wanted) of those that are not alike."""
    codes = sorted(found.keys() | wanted.keys())
    return [(code, found.get(code), wanted.get(code)) for code in codes if found.get(code) != wanted.get(code)]


def read(statement: Any) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in session.execute(statement.execution_options(**{UNSCOPED: True}))]
