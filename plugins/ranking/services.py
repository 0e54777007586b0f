"""The monthly ranking of people by a metric, within the actor's scope."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, false, func, or_, select, true

from app.api import UNSCOPED, Employee, Unit, context, require_actor, session, setting, title_text
from app.types import Actor, Metric, Scope
from plugins.ranking.rules import Standing, month_bounds, standings

#: Whose people one sees: the scope a role has on this name (own, unit, unit and below, all).
SCOPE = "ranking"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the ranking as shown."""

    standing: Standing
    name: str
    unit: str


@dataclass(frozen=True, slots=True)
class Ranking:
    """A month's ranking: the rows in order, the average over everybody in scope, also who has nothing."""

    metric: Metric
    first: date
    rows: tuple[Row, ...]
    average: Decimal
    people: int


def monthly_ranking(metric_name: str, month: str) -> Ranking:
    """Rank the employees in the actor's scope by a metric over a month of the site's time zone.

    Three statements whatever the size: totals per employee, their names, how many people there are. Raises
    `KeyError` for an unknown metric and `ValueError` for a month that is not ``YYYY-MM``.
    """
    metric = context().metrics[metric_name]
    first, after = month_bounds(month)
    actor = require_actor()
    facts = metric.facts().subquery()
    totals = (
        select(facts.c.employee_id, func.sum(facts.c.value))
        .join(Employee, Employee.id == facts.c.employee_id)
        .where(facts.c.at >= _start(first), facts.c.at < _start(after), people_condition(actor))
        .group_by(facts.c.employee_id)
    )
    values = [(employee_id, Decimal(str(value or 0))) for employee_id, value in _rows(totals)]
    gold, silver, bronze = (setting(f"ranking.{board}_until") for board in ("gold", "silver", "bronze"))
    placed = standings(values, (gold, silver, bronze))
    named = {
        employee_id: (title_text("employee", name, employee_id), title_text("unit", unit, unit_id))
        for employee_id, name, unit, unit_id in _rows(
            select(Employee.id, Employee.name, Unit.name, Unit.id)
            .join(Unit, Unit.id == Employee.unit_id)
            .where(Employee.id.in_([one.employee_id for one in placed]))
        )
    }
    people = int(session.scalar(_at_work(first, after, actor)) or 0)
    total = sum((value for _employee, value in values), Decimal(0))
    return Ranking(
        metric,
        first,
        tuple(Row(one, *named[one.employee_id]) for one in placed),
        (total / people).quantize(Decimal("0.01")) if people else Decimal(0),
        people,
    )


def people_condition(actor: Actor) -> ColumnElement[bool]:
    """Which employees' figures the actor sees: management everyone, a unit its own people (RNK-2)."""
    if actor.is_system:
        return true()
    parts: list[ColumnElement[bool]] = []
    for grant in actor.grants:
        scope = grant.scope(SCOPE)
        if scope is Scope.ALL:
            return true()
        if scope in (Scope.OWN, Scope.SHARED) and actor.employee_id is not None:
            parts.append(Employee.id == actor.employee_id)
        elif scope is Scope.UNIT and grant.unit_id is not None:
            parts.append(Employee.unit_id == grant.unit_id)
        elif scope is Scope.UNIT_AND_BELOW and grant.unit_path is not None:
            path = grant.unit_path
            below = select(Unit.id).where(Unit.path >= path, Unit.path < path[:-1] + "0")
            parts.append(Employee.unit_id.in_(below))
    return or_(*parts) if parts else false()


def _at_work(first: date, after: date, actor: Actor) -> Select[Any]:
    """How many people in scope were employed in the month; those with a login count as sales staff."""
    return select(func.count(Employee.id)).where(
        people_condition(actor),
        or_(Employee.joined_on.is_(None), Employee.joined_on < after),
        or_(Employee.left_on.is_(None), Employee.left_on >= first),
    )


def _start(day: date) -> datetime:
    return datetime.combine(day, time.min, ZoneInfo(context().site.timezone)).astimezone(UTC)


def _rows(statement: Select[*tuple[Any, ...]]) -> list[Any]:
    return list(session.execute(statement.execution_options(**{UNSCOPED: True})).all())
