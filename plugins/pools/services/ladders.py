"""The rules in force, read once for a piece of work: their ladders, and whom each of them watches as SQL."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from functools import partial
from typing import Any, cast
from weakref import WeakKeyDictionary

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Table, and_, case, func, literal, or_, select
from sqlalchemy.orm import Session

from app.api import UNSCOPED, Customer, Unit, approvals, condition_of, context, hooks, keep_in_each
from app.types import Refused
from plugins.pools.models import PoolDay, PoolRule, PoolRun
from plugins.pools.rules import Ladder
from plugins.pools.services.days import Calendar, business_today, keep_days, span

_OPEN = {UNSCOPED: True}
_CUSTOMER, _UNIT, _RULE, _DAY, _RUN = (
    cast(Table, model.__table__) for model in (Customer, Unit, PoolRule, PoolDay, PoolRun)
)
#: Triggers whose clock needs no metric.
CLOCKS = ("follow_up", "owned", "protection")
#: Customers a rule may watch at all.
OWNED = and_(_CUSTOMER.c.owner_id.is_not(None), _CUSTOMER.c.closed_at.is_(None))


@dataclass(frozen=True, slots=True)
class ActiveRule:
    """A rule as it is asked: its ladder, whom it watches, whom it spares."""

    id: int
    version: int
    ladder: Ladder
    watches: ColumnElement[bool]
    spared_levels: tuple[str, ...] = ()
    spares_deals: bool = False
    spares_approvals: bool = False
    position: int = 0


@dataclass(frozen=True)
class Ladders:
    """The rules in force in the order they are asked, with the statements made of them, which are made once."""

    rules: tuple[ActiveRule, ...]
    #: The rows of rules that watch nobody.
    misunderstood: tuple[Any, ...]
    calendar: Calendar
    #: Kinds of record of which some are being approved, where a rule spares their customers.
    in_approval: tuple[str, ...] = ()
    statements: dict[str, Any] = field(default_factory=dict)

    @property
    def broken(self) -> dict[int, Any]:
        """{rule that watches nobody: why, for readers of any language}: what it says is not understood any more."""
        return {rule.id: keep_in_each(partial(fault_of, rule)) for rule in self.misunderstood}

    @property
    def chosen(self) -> Any:
        """The id of the first rule that watches a customer, null for none."""
        return case(*((rule.watches, literal(rule.id)) for rule in self.rules))

    @property
    def watched(self) -> ColumnElement[bool]:
        """Whether any rule watches a customer."""
        return and_(OWNED, or_(*(rule.watches for rule in self.rules)))

    def uses(self, what: str) -> bool:
        """Whether any rule spares for this reason: deals, approvals."""
        return any(getattr(rule, f"spares_{what}") for rule in self.rules)


#: What is asked where no rule is in force.
NOBODY = ActiveRule(0, 0, Ladder(), literal(1) == 0)
#: {the hooks of an app: (what the ladders were made from, they)}: statements this long take long to make.
_made: WeakKeyDictionary[Any, tuple[str, Ladders]] = WeakKeyDictionary()


def read_ladders(current: Session, on: date | None = None) -> tuple[Ladders, date]:
    """The rules in force by position, then id, and the business date to judge by (`on`, else today).

    That date is never before that of the last run: a clock set back takes nobody's warning away. Two statements at
    most; the calendar is written where it does not reach.
    """
    today = business_today()
    first, last = span(today)
    day, ran_on = func.min(_DAY.c.day).label("low"), select(func.max(_RUN.c.business_date)).scalar_subquery()
    known = select(day, func.max(_DAY.c.day).label("high"), ran_on.label("ran")).subquery("known")
    statement = (
        select(_RULE, _UNIT.c.path, known)
        .select_from(known.outerjoin(_RULE, _RULE.c.active).outerjoin(_UNIT, _UNIT.c.id == _RULE.c.unit_id))
        .order_by(_RULE.c.position, _RULE.c.id)
    )
    rows = current.execute(statement.execution_options(**_OPEN)).all()
    low, high, ran = rows[0][-3:]
    rows = [row for row in rows if row.id is not None]
    if (low, high) != (first, last):
        keep_days(current)
    flowing = approvals.entities_in_flow() if any(row.spares_approvals for row in rows) else []
    calendar = Calendar(current, first)
    # conditions may speak of days counted from today
    source = repr((today, calendar.zone, calendar.is_postgresql, flowing, [row[:-3] for row in rows]))
    kept = _made.get(hooks())
    if kept is None or kept[0] != source:
        kept = _made[hooks()] = source, _ladders(rows, calendar, tuple(flowing))
    judged = on or today
    return kept[1], max(judged, ran or judged)


def _ladders(rows: Sequence[Any], calendar: Calendar, flowing: tuple[str, ...]) -> Ladders:
    found, broken = list[ActiveRule](), list[Any]()
    for row in rows:
        try:
            found.append(asked(row))
        except Refused:
            broken.append(row)
    return Ladders(tuple(found) or (NOBODY,), tuple(broken), calendar, flowing)


def fault_of(rule: Any) -> str:
    """Why a rule watches nobody, for its page; empty when it is understood."""
    try:
        watches(rule.condition, rule.trigger)
    except Refused as refused:
        return "; ".join(map(str, refused.errors.values()))
    return ""


def watches(condition: str, trigger: str) -> list[ColumnElement[bool]]:
    """The condition of a rule as SQL. Raises `Refused` for one, or a trigger, that is not understood."""
    if trigger not in CLOCKS and trigger not in context().metrics:
        raise Refused(_("What the clock counts from is not there any more"), field="trigger")
    return [condition_of("customer", condition)] if condition else []


def asked(rule: Any) -> ActiveRule:
    """A rule (or a draft, with the `path` of its unit) as it is asked. Raises `Refused` where it is not understood."""
    ladder = Ladder(**{each.name: getattr(rule, each.name) for each in fields(Ladder)})
    whom = watches(rule.condition, ladder.trigger)
    if rule.path:
        below = select(_UNIT.c.id).where(_UNIT.c.path >= rule.path, _UNIT.c.path < rule.path[:-1] + "0")
        whom.append(_CUSTOMER.c.unit_id.in_(below))
    return ActiveRule(
        rule.id, rule.version, ladder, and_(literal(1) == 1, *whom),
        tuple(rule.spared_levels or ()), rule.spares_deals, rule.spares_approvals, rule.position,
    )  # fmt: skip


def metrics_of(rules: Sequence[ActiveRule]) -> list[str]:
    """The names of the metrics the rules count from."""
    return sorted({rule.ladder.trigger for rule in rules} - set(CLOCKS))


def of_each(
    rules: Sequence[ActiveRule], rule_id: Any, key: Callable[[ActiveRule], Any], made: Callable[[Any], Any]
) -> Any:
    """What is made of each rule's key, by the rule a row is about; without a CASE where all rules have the same."""
    ids: dict[Any, list[int]] = {}
    for rule in rules:
        ids.setdefault(key(rule), []).append(rule.id)
    if len(ids) == 1:
        return made(next(iter(ids)))
    return case(*((rule_id.in_(group), made(value)) for value, group in ids.items()))


def customer_column(slug: str) -> Any:
    """The column by which records of a kind belong to a customer, None where they do not."""
    described = context().entities.get(slug)
    linked = described.field("customer_id") if described is not None else None
    if described is None or linked is None or linked.target != "customer":
        return None
    return described.model.__table__.c.get("customer_id")


__all__ = [
    "CLOCKS", "OWNED", "ActiveRule", "Ladders", "asked", "customer_column", "fault_of", "metrics_of", "of_each",
    "read_ladders",
]  # fmt: skip
