"""What reports tell of approvals: added up by the database over cases, visits and seats, within the reader's scope.

Figures of a month are about the cases begun in it; what is open, waits or is late is told as of now.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import CTE, ColumnElement, Float, Integer, and_, case, cast, false, func, literal, or_, select, true

from app.access.scope import units_below
from app.access.scope.conditions import granted_parts
from app.approvals.models import Case, Definition, Task, Visit
from app.approvals.rules.reporting import AGES, Stretch, age_stretch
from app.approvals.rules.state import Said, Status
from app.db import UtcDateTime, now, session
from app.host.context import context
from app.organisation.models import Employee, Unit
from app.types import Actor, Scope, ScopedBy

#: Lines of a table of figures.
MOST = 50
_CASE: Any = Case.__table__
_TASK: Any = Task.__table__
_VISIT: Any = Visit.__table__
_FLOW: Any = Definition.__table__
_EMPLOYEE: Any = Employee.__table__
_UNIT: Any = Unit.__table__
#: Whose part of the organisation counts is what the role says of customers.
_LIKE = "customer"
IS_OPEN = _CASE.c.status.in_(("running", "returned"))


@dataclass(frozen=True, slots=True)
class Asked:
    """What a report is about: a flow, a unit with all below it, the moments cases began in; None: all."""

    flow: int | None = None
    unit: int | None = None
    start: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True, slots=True)
class StepTime:
    """How long a step took where it was passed, in hours (to the minute). The 90th percentile is one that occurred."""

    step: str
    visits: int
    median: float
    p90: float


@dataclass(frozen=True, slots=True)
class UnitFigures:
    """The cases the people of a unit began; `returned` counts those that came back at least once."""

    unit_id: int | None
    unit: str
    started: int
    approved: int
    refused: int
    returned: int
    #: Hours from the beginning to the decision; None where nothing is decided.
    median: float | None = None


def within_reach(actor: Actor) -> ColumnElement[bool]:
    """The cases somebody's figures count: those of the units whose customers they see, and their own."""
    if actor.is_system or actor.widest(_LIKE) is Scope.ALL:
        return true()
    by_unit = replace(context().entities[_LIKE], scoped_by=ScopedBy(owner="applicant_id", unit="unit_id"))
    parts = granted_parts(by_unit, actor, False, _CASE.c.__getitem__, unordered=True)
    return or_(false(), *(condition for _rule, condition in parts))


def conditions(asked: Asked, actor: Actor, *, begun: bool) -> list[ColumnElement[bool]]:
    """What narrows cases to those a report is about; `begun`: only those begun in its period."""
    # All flows are named as well: both indexes of cases begin with the flow.
    flow = _CASE.c.definition_id
    found = [within_reach(actor), flow.in_(select(_FLOW.c.id)) if asked.flow is None else flow == asked.flow]
    if asked.unit is not None:
        path = session.scalar(select(_UNIT.c.path).where(_UNIT.c.id == asked.unit))
        found.append(_CASE.c.unit_id.in_(units_below(path)) if path else false())
    return found + during((asked.start, asked.end)) if begun else found


def during(stretch: Stretch) -> list[ColumnElement[bool]]:
    """The condition on cases begun in a stretch of time."""
    start, end = stretch
    found = [] if start is None else [_CASE.c.started_at >= start]
    return found if end is None else [*found, _CASE.c.started_at < end]


def count_states(asked: Asked, actor: Actor) -> dict[str, int]:
    """How many of the period's cases are in each state; states of none are left out."""
    counted = select(_CASE.c.status, func.count()).where(*conditions(asked, actor, begun=True))
    return {row[0]: row[1] for row in session.execute(counted.group_by(_CASE.c.status))}


def count_ages(asked: Asked, actor: Actor, today: date, zone: ZoneInfo) -> tuple[int, ...]:
    """How many cases are open, by class of age, the youngest first."""
    classes = [(_CASE.c.started_at >= age_stretch(place, today, zone)[0], place) for place in range(len(AGES))]
    age = case(*classes, else_=len(AGES)).label("age")
    inner = select(age).where(IS_OPEN, *conditions(asked, actor, begun=False)).subquery()
    counted = select(inner.c.age, func.count()).group_by(inner.c.age)
    found = {row[0]: row[1] for row in session.execute(counted)}
    return tuple(found.get(place, 0) for place in range(len(AGES) + 1))


def count_late(asked: Asked, actor: Actor) -> int:
    """How many open cases are at a step past its deadline."""
    late = select(func.count()).select_from(_CASE)
    return int(session.scalar(late.where(is_late(), *conditions(asked, actor, begun=False))) or 0)


def is_late() -> ColumnElement[bool]:
    """The condition on open cases at a step past its deadline."""
    late = select(_VISIT.c.case_id).where(_VISIT.c.left_at.is_(None), _VISIT.c.due_at < now())
    return and_(IS_OPEN, _CASE.c.id.in_(late))


def read_waiting(asked: Asked, actor: Actor, most: int = MOST) -> Sequence[Any]:
    """(definition_id, flow, flow_en, step, employee_id, person, number, oldest): whom most waits for, since when."""
    number = func.count().label("number")
    counted = (
        select(
            _CASE.c.definition_id, _TASK.c.step, _TASK.c.employee_id, number,
            func.min(_TASK.c.opened_at, type_=UtcDateTime).label("oldest"),
        )
        .select_from(_TASK)
        .join(_CASE, _CASE.c.id == _TASK.c.case_id)
        .where(_TASK.c.said == Said.OPEN.value, IS_OPEN, *conditions(asked, actor, begun=False))
        .group_by(_CASE.c.definition_id, _TASK.c.step, _TASK.c.employee_id)
        .order_by(number.desc(), _TASK.c.employee_id, _TASK.c.step, _CASE.c.definition_id)
        .limit(most)
        .subquery()
    )  # fmt: skip
    named = (
        select(counted, _FLOW.c.name.label("flow"), _FLOW.c.name_en.label("flow_en"), _EMPLOYEE.c.name.label("person"))
        .join(_FLOW, _FLOW.c.id == counted.c.definition_id)
        .join(_EMPLOYEE, _EMPLOYEE.c.id == counted.c.employee_id)
    )
    order = (counted.c.number.desc(), counted.c.oldest, counted.c.employee_id, counted.c.step)
    return session.execute(named.order_by(*order)).all()


def read_step_times(asked: Asked, actor: Actor) -> list[StepTime]:
    """The time each step of the chosen flow took in the period's cases, the longest first; no flow, no steps."""
    if asked.flow is None:
        return []
    taken = (
        select(_VISIT.c.step.label("key"), _VISIT.c.minutes, func.count().label("number"))
        .join(_CASE, _CASE.c.id == _VISIT.c.case_id)
        .where(_VISIT.c.outcome == "passed", _VISIT.c.minutes.is_not(None), *conditions(asked, actor, begun=True))
        .group_by(_VISIT.c.step, _VISIT.c.minutes)
        .cte("taken")
    )
    rows = session.execute(select(_spread(taken, "spread"))).all()
    found = [StepTime(row.key, row.number, row.median / 60, row.p90 / 60) for row in rows]
    return sorted(found, key=lambda one: (-one.median, one.step))[:MOST]


def read_units(asked: Asked, actor: Actor, most: int = MOST) -> list[UnitFigures]:
    """The units that began most of the period's cases, at most so many."""
    came_back = or_(_CASE.c.round > 1, _CASE.c.status == Status.RETURNED.value)
    counted = (
        select(
            _CASE.c.unit_id.label("key"), _CASE.c.minutes, func.count().label("number"),
            _number_of(_CASE.c.status == Status.APPROVED.value).label("approved"),
            _number_of(_CASE.c.status == Status.REFUSED.value).label("refused"),
            _number_of(came_back).label("returned"),
        )
        .where(*conditions(asked, actor, begun=True)).group_by(_CASE.c.minutes, _CASE.c.unit_id).cte("counted")
    )  # fmt: skip
    # (Grouped by the minutes first, so that SQLite does not read every case in the order of another index.)
    sums = [_sum(counted.c[name]).label(name) for name in ("approved", "refused", "returned")]
    started = _sum(counted.c.number).label("started")
    largest = (
        select(counted.c.key, started, *sums)
        .group_by(counted.c.key).order_by(started.desc(), counted.c.key).limit(most).subquery()
    )  # fmt: skip
    spread = _spread(counted, "spread")
    rows = session.execute(
        select(largest, _UNIT.c.name, spread.c.median)
        .outerjoin(_UNIT, _UNIT.c.id == largest.c.key)
        .outerjoin(spread, spread.c.key.is_not_distinct_from(largest.c.key))
        .order_by(largest.c.started.desc(), largest.c.key)
    )
    return [
        UnitFigures(
            row.key, row.name or "", row.started, row.approved, row.refused, row.returned,
            None if row.median is None else row.median / 60,
        )
        for row in rows
    ]  # fmt: skip


def find_units(text: str, actor: Actor, most: int) -> tuple[list[Any], bool]:
    """(id, name, code) of units within reach whose name or code has a text, for the picker; whether there are more."""
    words = text.strip()[:100].replace("\x00", "")
    like = or_(*(_UNIT.c[name].icontains(words, autoescape=True) for name in ("name", "code")))
    chosen = select(_UNIT.c.id, _UNIT.c.name, _UNIT.c.code).where(like, _units_within(actor))
    rows = session.execute(chosen.order_by(_UNIT.c.path).limit(most + 1)).all()
    return list(rows[:most]), len(rows) > most


def unit_named(unit_id: int, actor: Actor) -> str | None:
    """The name of a unit within reach, else None."""
    return session.scalar(select(_UNIT.c.name).where(_UNIT.c.id == unit_id, _units_within(actor)))


def _units_within(actor: Actor) -> ColumnElement[bool]:
    if actor.is_system or actor.widest(_LIKE) is Scope.ALL:
        return true()
    by_unit = replace(context().entities[_LIKE], scoped_by=ScopedBy(unit="id"))
    parts = granted_parts(by_unit, actor, False, _UNIT.c.__getitem__, unordered=True)
    return or_(false(), *(condition for _rule, condition in parts))


# -- figures -----------------------------------------------------------------------------------------------------------


def _number_of(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count(case((condition, 1)))


def _sum(numbers: Any) -> ColumnElement[int]:
    """A sum of counts, which PostgreSQL would answer as a decimal."""
    return cast(func.sum(numbers), Integer)


def _spread(counted: CTE, name: str) -> CTE:
    """(key, number, median, p90) in minutes of the counted (key, minutes, number); without minutes none is counted.

    The median of an even number lies between the middle two; the 90th percentile is the smallest value that nine in
    ten do not exceed. Equal minutes are counted before they are ranked: few lines are sorted, not every visit.
    """
    by_key = func.sum(counted.c.number)
    in_order = cast(by_key.over(partition_by=counted.c.key, order_by=counted.c.minutes), Integer)
    total = cast(by_key.over(partition_by=counted.c.key), Integer)
    ranked = (
        select(counted.c.key, counted.c.minutes, in_order.label("upto"), total.label("total"))
        .where(counted.c.minutes.is_not(None))
        .cte(f"{name}_ranked")
    )
    upto, number, minutes = ranked.c.upto, ranked.c.total, ranked.c.minutes
    lower = func.min(case((upto * 2 >= number, minutes)), type_=Integer)
    upper = func.min(case((upto * 2 > number, minutes)), type_=Integer)
    return (
        select(
            ranked.c.key,
            func.max(number, type_=Integer).label("number"),
            ((lower + upper) / literal(2.0, Float)).label("median"),
            func.min(case((upto * 10 >= number * 9, minutes)), type_=Integer).label("p90"),
        )
        .group_by(ranked.c.key)
        .cte(name)
    )


__all__ = [
    "IS_OPEN", "MOST", "Asked", "StepTime", "UnitFigures", "conditions", "count_ages", "count_late", "count_states",
    "during", "find_units", "is_late", "read_step_times", "read_units", "read_waiting", "unit_named", "within_reach",
]  # fmt: skip
