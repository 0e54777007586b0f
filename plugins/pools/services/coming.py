"""The steps that are coming: counted by account manager and by unit, as many days ahead as each rule says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, case, false, func, or_, select

from app.api import UNSCOPED, Unit, session
from plugins.pools.models import PoolEntry, PoolRule, PoolStanding
from plugins.pools.rules import REMINDED, chain, days_ahead

_OPEN = {UNSCOPED: True}


@dataclass(frozen=True, slots=True)
class Coming:
    """Customers by the steps they are going to take; one that is near two of them counts for both."""

    customers: int = 0
    amber: int = 0
    red: int = 0
    pool: int = 0
    #: Out of a pool of the unit, on to the city's.
    city: int = 0
    #: The first and the last of the days these steps are taken on.
    first: date | None = None
    last: date | None = None

    def __add__(self, other: Coming) -> Coming:
        days = [day for day in (self.first, self.last, other.first, other.last) if day is not None]
        return Coming(
            self.customers + other.customers,
            self.amber + other.amber,
            self.red + other.red,
            self.pool + other.pool,
            self.city + other.city,
            min(days, default=None),
            max(days, default=None),
        )


def coming_by_owner(day: date, usual: int) -> dict[int, Coming]:
    """{employee: steps of their customers after `day`}, `usual` days ahead where the rule says nothing."""
    return _of_standings(PoolStanding.owner_id, day, _reaches("owner", usual))


def coming_by_unit(day: date, usual: int) -> dict[int, Coming]:
    """{unit: steps after `day` of its customers and of what lies in its pools}, as its head is reminded of them."""
    reaches = _reaches("head", usual)
    found = defaultdict(Coming, _of_standings(PoolStanding.unit_id, day, reaches))
    e = PoolEntry
    near = and_(e.next_on > day, _near(e.rule_id, e.next_on, day, reaches["city"]))
    leaving = select(e.unit_id, func.count(), func.min(e.next_on), func.max(e.next_on)).where(near).group_by(e.unit_id)
    for unit, count, first, last in session.execute(leaving.execution_options(**_OPEN)):
        found[unit] += Coming(count, city=count, first=first, last=last)
    return dict(found)


def rolled_up(by_unit: Mapping[int, Any], none: Any) -> dict[int, Any]:
    """What is said of units, those below included; units are few, whatever the number of customers."""
    totals: dict[int, Any] = defaultdict(lambda: none)
    if by_unit:
        for unit, path in session.execute(select(Unit.id, Unit.path).execution_options(**_OPEN)):
            for above in chain(path) if unit in by_unit else ():
                totals[above] += by_unit[unit]
    return totals


def _reaches(whom: str, usual: int) -> dict[str, dict[int, list[int]]]:
    """{step: {days ahead: rules}} of the steps these people are reminded of."""
    columns = [getattr(PoolRule, f"{whom}_{step}_days") for step in REMINDED[whom]]
    found: dict[str, dict[int, list[int]]] = {step: defaultdict(list) for step in REMINDED[whom]}
    for rule in session.execute(select(PoolRule.id, *columns).execution_options(**_OPEN)):
        for step, groups in found.items():
            if days := days_ahead(rule._asdict(), whom, step, usual):
                groups[days].append(rule.id)
    return found


def _near(rule_id: Any, on: Any, day: date, groups: Mapping[int, Iterable[int]]) -> ColumnElement[bool]:
    """Whether a step's day is as near as its rule says."""
    near = (and_(rule_id.in_(rules), on <= day + timedelta(days=days)) for days, rules in groups.items())
    return or_(false(), *near)


def _of_standings(by: Any, day: date, reaches: Mapping[str, Mapping[int, list[int]]]) -> dict[int, Coming]:
    """Counts by a column of the standings; who is spared takes no step."""
    s = PoolStanding
    below = {"amber": s.stage == "green", "red": s.stage != "red", "pool": s.stage.is_not(None)}
    days = {step: getattr(s, f"{step}_on") for step in below}
    near = {
        step: and_(stands, days[step] > day, _near(s.rule_id, days[step], day, reaches[step]))
        for step, stands in below.items()
    }
    most = max((ahead for groups in reaches.values() for ahead in groups), default=0)
    counts = [func.count(case((condition, 1))) for condition in near.values()]
    ends = [end(case((near[step], on))) for end in (func.min, func.max) for step, on in days.items()]
    # the next step is never later than any other that is coming, and has an index
    told = select(by, func.count(), *counts, *ends).where(
        by.is_not(None), s.next_on <= day + timedelta(days=most), or_(*near.values())
    )
    found = {}
    for one, customers, amber, red, pool, *on in session.execute(told.group_by(by).execution_options(**_OPEN)):
        known = [each for each in on if each is not None]
        found[one] = Coming(customers, amber, red, pool, first=min(known), last=max(known))
    return found


__all__ = ["Coming", "coming_by_owner", "coming_by_unit", "rolled_up"]
