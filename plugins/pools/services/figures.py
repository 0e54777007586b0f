"""The figures of the dashboard: what lies in pools and how long, what came and went, who lost and who won."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Interval, case, exists, func, literal, select

from app.api import (
    UNSCOPED,
    Activity,
    Employee,
    context,
    entity,
    require_actor,
    scope_condition,
    session,
    title_text,
)
from plugins.pools.models import Pool, PoolEntry, PoolMovement, PoolStanding

_OPEN = {UNSCOPED: True}
#: Days in a pool, by the first day of each stretch.
AGES = (0, 8, 31, 91)
#: Into a pool, on to the city's, and out again to somebody.
IN, OUT = ("recycle", "release"), ("claim", "assign", "return")
#: A customer that came out is active again when followed up effectively within so many days.
ACTIVE_DAYS = 30
#: People in a ranking.
MOST = 10


@dataclass(frozen=True, slots=True)
class Flow:
    """One week: its first day, customers into pools and out of them."""

    first: date
    came: int
    went: int


@dataclass(frozen=True, slots=True)
class Reactivation:
    """Customers that came out of pools long enough ago to tell, and how many of them were followed up in time."""

    out: int
    active: int

    @property
    def rate(self) -> Decimal | None:
        """Percent, None while none came out.

        >>> Reactivation(8, 2).rate
        Decimal('25.0')
        """
        return (Decimal(100) * self.active / self.out).quantize(Decimal("0.1")) if self.out else None


def count_stages() -> dict[str, int]:
    """{stage: customers} of the ladder, within the actor's view of customers."""
    seen = scope_condition(entity("customer"), require_actor())
    customers = entity("customer").model
    statement = (
        select(PoolStanding.stage, func.count())
        .join(customers, customers.id == PoolStanding.customer_id)
        .where(seen)
        .group_by(PoolStanding.stage)
    )
    return dict(_rows(statement))


def count_stock() -> dict[str, int]:
    """{kind of pool: customers lying there} the actor sees."""
    statement = (
        select(Pool.kind, func.count())
        .join(PoolEntry, PoolEntry.pool_id == Pool.id)
        .where(_seen("pools_entry"))
        .group_by(Pool.kind)
    )
    return dict(_rows(statement))


def count_ages(moment: datetime) -> tuple[int, ...]:
    """Customers lying in pools by how long, a number for each stretch of `AGES`."""
    bounds = [moment - timedelta(days=days) for days in AGES[1:]]
    stretch = case(*((PoolEntry.entered_at > bound, place) for place, bound in enumerate(bounds)), else_=len(bounds))
    found = dict(_rows(select(stretch, func.count()).where(_seen("pools_entry")).group_by(stretch)))
    return tuple(found.get(place, 0) for place in range(len(AGES)))


def read_flow(first: date, weeks: int) -> Sequence[Flow]:
    """Customers into pools and out of them in each of so many weeks from `first` on; two acts a week at most each."""
    starts = [first + timedelta(weeks=number) for number in range(weeks + 1)]
    week = case(*((PoolMovement.at < _midnight(day), n) for n, day in enumerate(starts[1:])), else_=weeks)
    came = PoolMovement.act.in_(IN)
    statement = (
        select(week, func.sum(case((came, 1), else_=0)), func.sum(case((came, 0), else_=1)))
        .where(_seen("pools_movement"), PoolMovement.act.in_((*IN, *OUT)), *_within(first, starts[-1]), ~_undone())
        .group_by(week)
    )
    found = {number: (into, out) for number, into, out in _rows(statement)}
    return [Flow(day, *map(int, found.get(number, (0, 0)))) for number, day in enumerate(starts[:-1])]


def rank_people(first: date, after: date) -> tuple[Sequence[tuple[str, int]], Sequence[tuple[str, int]]]:
    """(who lost most customers to pools, who took most out of them) of a stretch of days, most first."""
    return (
        _ranked(PoolMovement.from_employee_id, ("recycle",), first, after),
        _ranked(PoolMovement.to_employee_id, ("claim", "assign"), first, after),
    )


def read_reactivation(first: date, after: date) -> Reactivation:
    """Of the customers that came out of pools on these days, how many their new owner followed up in time."""
    m = PoolMovement
    followed = exists().where(
        Activity.customer_id == m.customer_id,
        Activity.employee_id == m.to_employee_id,
        Activity.effective,
        Activity.at >= m.at,
        Activity.at < _later(m.at, ACTIVE_DAYS),
    )
    statement = select(func.count(), func.sum(case((followed, 1), else_=0))).where(
        _seen("pools_movement"), m.act.in_(("claim", "assign")), *_within(first, after), ~_undone()
    )
    out, active = next(iter(_rows(statement)))
    return Reactivation(int(out), int(active or 0))


def _ranked(person: Any, acts: Iterable[str], first: date, after: date) -> list[tuple[str, int]]:
    counted = func.count().label("customers")
    statement = (
        select(Employee.id, Employee.name, counted)
        .join(PoolMovement, person == Employee.id)
        .where(_seen("pools_movement"), PoolMovement.act.in_(acts), *_within(first, after), ~_undone())
        .group_by(Employee.id, Employee.name)
        .order_by(counted.desc(), Employee.id)
        .limit(MOST)
    )
    return [(title_text("employee", name, number), count) for number, name, count in _rows(statement)]


def _undone() -> Any:
    """Whether a movement was taken back."""
    back = PoolMovement.__table__.alias("back")
    return exists(select(literal(1)).where(back.c.reverses_id == PoolMovement.id))


def _later(at: Any, days: int) -> Any:
    """A moment of the database so many days later; SQLite keeps moments as text."""
    if session.get_bind().dialect.name == "postgresql":
        return at + literal(timedelta(days=days), Interval)
    return func.strftime("%Y-%m-%d %H:%M:%f", at, f"+{days} days")


def _within(first: date, after: date) -> tuple[Any, Any]:
    return PoolMovement.at >= _midnight(first), PoolMovement.at < _midnight(after)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, ZoneInfo(context().site.timezone)).astimezone(UTC)


def _seen(slug: str) -> Any:
    return scope_condition(entity(slug), require_actor())


def _rows(statement: Any) -> Iterable[Any]:
    return session.execute(statement.execution_options(**_OPEN)).all()


__all__ = [
    "AGES", "ACTIVE_DAYS", "Flow", "Reactivation", "count_ages", "count_stages", "count_stock", "rank_people",
    "read_flow", "read_reactivation",
]  # fmt: skip
