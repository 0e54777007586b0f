"""Demonstration data: pools of heads and cities, rules by product line, and two months of nights as they are run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from random import Random
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.api import UNSCOPED, Customer, Unit, acting_as, entity, is_working_day, transaction
from app.types import SYSTEM
from plugins.pools.demo_people import Staff, ask_and_lock, follow_up, give_out, hand_over
from plugins.pools.jobs import STEPS
from plugins.pools.models import Pool, PoolRun
from plugins.pools.services import coming_night, reckon, write_rule
from plugins.pools.services.days import NIGHTLY_AT, starts_at
from plugins.pools.services.nights import Night, note_stayed

#: How many nights there have been.
NIGHTS = 60
#: The kind of pool a unit gets, by its level.
KINDS = {"sub_branch": ("head", "主管客户池"), "branch_1": ("city", "公共客户池")}
RULES = (
    {"name": "重点客户保护期", "position": 10, "condition": "and(level:in:key)", "trigger": "protection",
     "protect_days": 90, "extend_days": 60, "red_days": 30, "pool_days": 30, "city_days": 30, "spares_deals": True},
    {"name": "企业客户按工作日", "position": 20, "condition": "and(kind:in:corporate)", "amber_days": 60,
     "red_days": 30, "pool_days": 30, "city_days": 15, "working_days": True, "spared_levels": ["important"]},
    {"name": "全体客户跟进要求", "position": 30, "amber_days": 90, "red_days": 45, "pool_days": 45, "city_days": 25,
     "owner_red_days": 7, "owner_pool_days": 10, "head_pool_days": 5, "head_city_days": 3},
)  # fmt: skip
#: A field of customers that the made-up bank has, and a rule of its own for each of its choices.
PRODUCT_LINE = "x_product_line"
LINES: dict[str, dict[str, Any]] = {
    "mortgage": {"name": "房抵贷客户", "amber_days": 120, "red_days": 45, "pool_days": 45, "city_days": 30},
    "business": {"name": "经营贷客户按工作日", "amber_days": 60, "red_days": 30, "pool_days": 30, "city_days": 15,
                 "working_days": True, "spared_levels": ["important"]},
    "consumer": {"name": "消费贷客户", "amber_days": 75, "red_days": 40, "pool_days": 40, "city_days": 20,
                 "owner_red_days": 5},
    "car": {"name": "车抵贷客户", "amber_days": 80, "red_days": 40, "pool_days": 40, "city_days": 20},
    "supply": {"name": "供应链客户", "amber_days": 90, "red_days": 45, "pool_days": 30, "city_days": 25,
               "spares_deals": True},
}  # fmt: skip


def write_demo(random: Random, progress: Callable[[str], None]) -> None:
    """Write the records; the same customers and people give the same pools."""
    with acting_as(SYSTEM), transaction() as current:
        units = _units(current)
        pools = [_make_pool(current, unit) for unit in units if unit.level in KINDS]
        if not pools:
            return
        for rule in (*RULES, *_by_line()):
            write_rule(rule)
        reckon(current, None)
        staff, last = Staff(current), coming_night() - timedelta(days=1)
        for day in (last - timedelta(days=ago) for ago in range(NIGHTS - 1, -1, -1)):
            _run(current, day)
            if is_working_day(day) and day < last:
                give_out(current, random, staff, day)
        hand_over(current)
        follow_up(current, random)
        ask_and_lock(current)
        progress(_("%(pools)s pools, %(nights)s nights", pools=len(pools), nights=NIGHTS))


def _by_line() -> Iterator[dict[str, Any]]:
    """A rule for each product line customers can have here, asked after that of key accounts."""
    field = entity("customer").field(PRODUCT_LINE)
    for place, choice in enumerate(field.choices if field is not None else ()):
        if choice.value in LINES:
            yield {**LINES[choice.value], "position": 11 + place, "condition": f"and({PRODUCT_LINE}:in:{choice.value})"}


def _units(current: Session) -> list[Unit]:
    """The units that have customers, and all above them."""
    with_customers = select(Unit).where(Unit.id.in_(select(Customer.unit_id).where(Customer.owner_id.is_not(None))))
    paths = [unit.path for unit in current.scalars(with_customers.execution_options(**{UNSCOPED: True}))]
    ids = {int(part) for path in paths for part in path.split("/") if part}
    every = select(Unit).where(Unit.id.in_(ids)).order_by(Unit.path)
    return list(current.scalars(every.execution_options(**{UNSCOPED: True})))


def _make_pool(current: Session, unit: Unit) -> Pool:
    """A pool its head gives out of, or one of the city that whoever works there claims from."""
    kind, name = KINDS[unit.level]
    pool = Pool(code=f"P-{unit.code}", name=unit.name + name, kind=kind, unit_id=unit.id, claimable=kind == "city")
    current.add(pool)
    current.flush()
    return pool


def _run(current: Session, day: date) -> None:
    """A night, step by step; the standings have been worked out."""
    begun = starts_at(day) + timedelta(hours=NIGHTLY_AT.hour, minutes=NIGHTLY_AT.minute)
    run = PoolRun(business_date=day, state="done", started_at=begun, finished_at=begun + timedelta(seconds=4))
    current.add(run)
    current.flush()
    night = Night(run.id, day, begun)
    for step in STEPS.values():
        note_stayed(current, run.id, step(current, night, 0).stayed)


__all__ = ["write_demo"]
