"""What a draft of a rule would have done lately, within the actor's view; nothing is saved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Date, and_, bindparam, case, func, null, or_, select, union_all

from app.api import UNSCOPED, Unit, current_actor, entity, scope_condition, session
from plugins.pools.models import PoolRule
from plugins.pools.services.days import business_today
from plugins.pools.services.ladders import Ladders, asked, read_ladders
from plugins.pools.services.reckoning import Span, spans
from plugins.pools.services.replay import Replay, steps
from plugins.pools.services.standings import CUSTOMER

#: Nights a draft is tried on.
DAYS = 90
_OPEN = {UNSCOPED: True}


@dataclass(frozen=True, slots=True)
class Step:
    """A step a draft would have taken. `rung`: amber, red or pool; `owner_id`: whose customer it was then.

    `basis_on`: the day its clock counted from, or a day so early that it is past every rung anyway.
    """

    customer_id: int
    owner_id: int
    rung: str
    day: date
    basis_on: date


@dataclass(slots=True)
class Simulated:
    """How many steps a draft would have taken from `first` to `last`: by night and rung, by owner and rung."""

    first: date
    last: date
    by_day: Counter[tuple[date, str]] = field(default_factory=Counter)
    by_owner: Counter[tuple[int, str]] = field(default_factory=Counter)

    @property
    def totals(self) -> dict[str, int]:
        """{rung: steps}."""
        found: Counter[str] = Counter()
        for (_owner, rung), count in self.by_owner.items():
            found[rung] += count
        return dict(found)


def draft(values: Mapping[str, Any], saved: PoolRule | None = None) -> Any:
    """A rule as it would be with these values, over those of a saved one or the defaults; not stored anywhere."""
    columns = PoolRule.__table__.columns
    if saved is not None:
        kept = {column.key: getattr(saved, column.key) for column in columns}
    else:
        plain = (column for column in columns if column.default is not None and column.default.is_scalar)
        kept = {**dict.fromkeys(columns.keys()), **{column.key: column.default.arg for column in plain}}
    return SimpleNamespace(**{**kept, "id": saved.id if saved is not None else 0, **values})


def simulate(rule: Any, days: int = DAYS) -> Simulated:
    """Try a draft (`draft`) on the last nights, as if it had been put in force on the first of them.

    It is asked at its place: who is watched by a rule before it is not its own. Conditions, levels and units are
    those of today; owners are those of the time. Locks, extensions and approvals of the past are not looked at, nor is
    `counts_from`. The first night takes all that had piled up before. Raises `Refused` for a draft that is not
    understood. Customers are looked at in spans, so memory does not grow with their number.
    """
    tried = _replay(rule, days)
    found, statement = Simulated(tried.first, tried.last), _counts(tried)
    for part in spans(session()):
        for day, owner, rung, count in session.execute(statement, _given(part)):
            if day is not None:
                found.by_day[day, rung] += count
            else:
                found.by_owner[owner, rung] += count
    return found


def simulated_steps(
    rule: Any, days: int = DAYS, *, after: int = 0, rung: str = "", owner_id: int | None = None, day: date | None = None
) -> Iterator[Step]:
    """The steps themselves in the order of customers, from beyond a customer's id on; read as far as is asked for."""
    tried = _replay(rule, days)
    found = steps(tried, _within).subquery("found")
    wanted: list[ColumnElement[bool]] = []
    if rung:
        wanted.append(found.c.rung == rung)
    if owner_id is not None:
        wanted.append(found.c.owner_id == owner_id)
    if day is not None:
        wanted.append(found.c.day == day)
    columns = (found.c[name] for name in ("customer_id", "owner_id", "rung", "day", "basis_on"))
    statement = select(*columns).where(*wanted).order_by(found.c.customer_id, found.c.day)
    statement = statement.execution_options(**_OPEN)
    for part in spans(session(), after):
        for row in session.execute(statement, _given(part)):
            yield Step(*row)


def _replay(rule: Any, days: int) -> Replay:
    ladders, _today = read_ladders(session())
    last = business_today()
    path = select(Unit.path).where(Unit.id == rule.unit_id)
    rule.path = session.scalar(path.execution_options(**_OPEN)) if rule.unit_id is not None else None
    tried = asked(rule)
    customers = [tried.watches, *_not_taken(ladders, rule), scope_condition(entity("customer"), current_actor())]
    if tried.spared_levels:
        level = CUSTOMER.c.level
        customers.append(or_(level.is_(None), level.not_in(tried.spared_levels)))
    return Replay(tried, ladders.calendar, last - timedelta(days=days - 1), last, and_(*customers))


def _not_taken(ladders: Ladders, rule: Any) -> Iterator[ColumnElement[bool]]:
    """Customers no rule before this one watches."""
    own = rule.position, rule.id or float("inf")
    for other in ladders.rules:
        if other.id != rule.id and (other.position, other.id) < own:
            yield case((other.watches, 1), else_=0) == 0


def _counts(tried: Replay) -> Any:
    """Counts by night and rung, and by owner and rung: (day, null, rung, count) or (null, owner, rung, count)."""
    found = steps(tried, _within).cte("found").prefix_with("MATERIALIZED")
    f = found.c
    by_day = select(f.day, null().cast(BigInteger).label("owner"), f.rung, func.count()).group_by(f.day, f.rung)
    by_owner = select(null().cast(Date).label("day"), f.owner_id, f.rung, func.count()).group_by(f.owner_id, f.rung)
    return union_all(by_day, by_owner).execution_options(**_OPEN)


def _within(column: Any) -> ColumnElement[bool]:
    return column.between(bindparam("first", type_=BigInteger), bindparam("last", type_=BigInteger))


def _given(part: Span) -> dict[str, int]:
    return {"first": part.first, "last": part.last}


__all__ = ["DAYS", "Simulated", "Step", "draft", "simulate", "simulated_steps"]
