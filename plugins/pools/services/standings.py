"""Where customers ought to stand, as SELECTs: the rules of `plugins.pools.rules` said in SQL over sets."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any, cast

from sqlalchemy import (
    ColumnElement,
    Date,
    FromClause,
    Select,
    Subquery,
    Table,
    and_,
    bindparam,
    case,
    func,
    literal,
    null,
    or_,
    select,
    union,
)

from app.api import Activity, Customer, UtcDateTime, approvals, context
from plugins.pools.models import PoolKeep, PoolLock, PoolStanding
from plugins.pools.rules import RUNGS, Ladder
from plugins.pools.services.days import Calendar, starts_at
from plugins.pools.services.ladders import CLOCKS, OWNED, Ladders, customer_column, metrics_of, of_each
from plugins.pools.services.way import Way

#: Which customers are meant, as a condition on a column that holds their ids.
Which = Callable[[Any], ColumnElement[bool]]

CUSTOMER, STANDING = cast(Table, Customer.__table__), cast(Table, PoolStanding.__table__)
_ACTIVITY, _LOCK, _KEEP = (cast(Table, model.__table__) for model in (Activity, PoolLock, PoolKeep))
#: The business date to judge by.
TODAY = bindparam("today", type_=Date)
#: What a standing says, in the order the SELECTs give it.
COLUMNS = (
    "customer_id", "rule_id", "rule_version", "owner_id", "unit_id", "basis_on", "stage", "amber_on", "red_on",
    "pool_on", "next_on", "spared", "kept_until",
)  # fmt: skip
#: Since when somebody owns a customer.
OWNED_SINCE = func.coalesce(CUSTOMER.c.owned_since_at, CUSTOMER.c.created_at)


def standings(ladders: Ladders, which: Which, held: FromClause, *, full: bool = False) -> Select[Any]:
    """The standings of the customers meant that a rule watches, `COLUMNS`; stages no higher than they are in `held`.

    `full`: with a row of nulls for each of `held` that no rule watches (on PostgreSQL). The parameter `today` is the
    business date they are judged by. One pass, whatever the number of rules: where they differ there is a CASE
    (`ActiveRule.of_each`), so that the database has little to plan.
    """
    dated = once(_dated(ladders, _based(ladders, _chosen(ladders, which))), "dated")
    h, d = held.c, dated.c
    stage = case(
        (and_(h.stage == "red", d.red_on <= TODAY), "red"),
        (and_(h.stage.in_(("amber", "red")), d.amber_on <= TODAY), "amber"),
        else_="green",
    )
    next_on = case(
        (d.spared != "", null()),
        (stage == "green", func.coalesce(d.amber_on, d.red_on, d.pool_on)),
        (stage == "amber", func.coalesce(d.red_on, d.pool_on)),
        else_=d.pool_on,
    )
    made = {"stage": stage.label("stage"), "next_on": next_on.label("next_on")}
    columns = (made[name] if name in made else d[name] for name in COLUMNS)
    return select(*columns).select_from(dated.outerjoin(held, h.customer_id == d.customer_id, full=full))


def held_by(which: Which, name: str) -> Subquery:
    """The standings that are in the table of the customers meant: read once, not looked for at every customer."""
    return once(select(*(STANDING.c[column] for column in COLUMNS)).where(which(STANDING.c.customer_id)), name)


def once(statement: Select[Any], name: str) -> Subquery:
    """A step read in one place, whose values are worked out once for each row, however often they are used.

    PostgreSQL would put the expressions in place of each use; an offset keeps it from that, and the rows in order. It
    would also ask for the customers meant, who may be thousands, at every row it joins with.
    """
    return statement.offset(0).subquery(name)


def _chosen(ladders: Ladders, which: Which) -> Subquery:
    """The customers meant with the rule that watches each, and all that rules look at."""
    c, source = CUSTOMER.c, cast(FromClause, CUSTOMER)
    looked_at = {"locked": (_locks(which), "customer_id"), "asked": (_keeps(which), "asked")}
    if ladders.uses("deals"):
        looked_at["deal"] = _deals(which), "customer_id"
    if ladders.uses("approvals"):
        looked_at["in_approval"] = _in_approval(ladders, which), "customer_id"
    for name in metrics_of(ladders.rules):
        looked_at[f"fact_{name}"] = facts_of(name, which), "at"
    for found, _column in looked_at.values():
        source = source.outerjoin(found, found.c.customer_id == c.id)
    columns = (
        c.id.label("customer_id"), c.owner_id, c.unit_id, c.level, OWNED_SINCE.label("start_at"),
        c.last_effective_at, ladders.chosen.label("rule_id"), looked_at["asked"][0].c.kept_until,
        *(found.c[column].label(name) for name, (found, column) in looked_at.items()),
    )  # fmt: skip
    return once(select(*columns).select_from(source).where(OWNED, which(c.id)), "chosen")


def _locks(which: Which) -> Subquery:
    holds = or_(_LOCK.c.until.is_(None), _LOCK.c.until >= TODAY)
    return once(select(_LOCK.c.customer_id).where(holds, which(_LOCK.c.customer_id)), "locks")


def _keeps(which: Which) -> Subquery:
    """What the present owner, as long as it is that, has asked for and been granted."""
    k = _KEEP.c
    own = and_(CUSTOMER.c.id == k.customer_id, CUSTOMER.c.owner_id == k.employee_id, k.asked_at >= OWNED_SINCE)
    return (
        select(
            k.customer_id,
            func.max(case((k.state == "asked", 1))).label("asked"),
            func.max(k.kept_until).label("kept_until"),
        )
        .select_from(_KEEP.join(CUSTOMER, own))
        .where(which(k.customer_id))
        .group_by(k.customer_id)
        .subquery("keeps")
    )


def _deals(which: Which) -> Subquery:
    """Customers with whom a deal was made: a follow-up with that result, whoever made it and whenever."""
    a = _ACTIVITY.c
    return select(a.customer_id).where(a.result == "deal", which(a.customer_id)).distinct().subquery("deals")


def _in_approval(ladders: Ladders, which: Which) -> Subquery:
    """Customers being approved, and those of a record (a loan application, say) that is."""
    found = []
    for slug in ladders.in_approval:
        cases = approvals.records_in_flow(slug)
        if slug == "customer":
            mine = cases.subquery()
            found.append(select(mine.c.id.label("customer_id")).where(which(mine.c.id)))
        elif (column := customer_column(slug)) is not None:
            found.append(select(column.label("customer_id")).where(column.table.c.id.in_(cases), which(column)))
    nobody = select(CUSTOMER.c.id.label("customer_id")).where(literal(1) == 0)
    return union(nobody, *found).subquery("in_approval")


def facts_of(metric: str, which: Which) -> Subquery:
    """The last fact of a metric of each customer meant: customer_id, at."""
    facts = context().metrics[metric].facts().subquery()
    last = select(facts.c.customer_id, func.max(facts.c.at, type_=UtcDateTime()).label("at"))
    return last.where(which(facts.c.customer_id)).group_by(facts.c.customer_id).subquery()


def _based(ladders: Ladders, chosen: Subquery) -> Subquery:
    """Whom a rule watches, with the day the clock counts from (`rules.basis_of`) and why nothing happens."""
    c, calendar = chosen.c, ladders.calendar
    kept = [c.customer_id, c.rule_id, c.owner_id, c.unit_id, c.kept_until, _spared(ladders, c).label("spared")]
    moment = of_each(ladders.rules, c.rule_id, lambda rule: (rule.ladder.trigger, rule.ladder.counts_from),
                     lambda clock: _moment(c, calendar, *clock))  # fmt: skip
    mine = select(*kept).where(c.rule_id.is_not(None))
    if not any(rule.ladder.trigger == "protection" for rule in ladders.rules):
        return once(mine.add_columns(calendar.day_of(moment).label("basis_on")), "based")
    days = calendar.day_of(moment).label("start_on"), calendar.day_of(c.last_effective_at).label("last_on")
    return once(_protected(ladders, once(mine.add_columns(*days), "started")), "based")


def _moment(c: Any, calendar: Calendar, trigger: str, counts_from: date | None) -> Any:
    """The moment a clock counts from; for a protection clock that of its start."""
    moments = [c.start_at]
    if counts_from is not None:
        moments.append(literal(starts_at(counts_from), UtcDateTime))
    if trigger == "follow_up":
        moments.append(c.last_effective_at)
    elif trigger not in CLOCKS:
        moments.append(c[f"fact_{trigger}"])
    return calendar.latest(*moments)


def _protected(ladders: Ladders, started: Subquery) -> Select[Any]:
    """The same with the end of a protection clock, where a rule has one, as that day."""
    s, rules = started.c, ladders.rules
    clocks = [rule for rule in rules if rule.ladder.trigger == "protection"]
    way = Way(ladders.calendar, clocks, s.rule_id, started)
    end = way.ahead(s.start_on, lambda ladder: ladder.protect_days or 0)
    extended = way.ahead(s.last_on, lambda ladder: ladder.extend_days)
    stop = way.ahead(s.start_on, lambda ladder: ladder.hard_stop_days)
    end = case((and_(s.last_on >= s.start_on, extended > end), extended), else_=end)
    basis = case((s.rule_id.not_in([rule.id for rule in clocks]), s.start_on), (stop < end, stop), else_=end)
    kept = (s.customer_id, s.rule_id, s.owner_id, s.unit_id, s.kept_until, s.spared)
    return select(*kept, basis.label("basis_on")).select_from(way.source)


def _dated(ladders: Ladders, based: Subquery) -> Select[Any]:
    """The same with the days of the rungs (`rules.steps_of`)."""
    b, calendar = based.c, ladders.calendar
    way = Way(calendar, ladders.rules, b.rule_id, based)
    days = {rung: way.ahead(b.basis_on, partial(Ladder.days_to, rung=rung)) for rung in RUNGS}
    on = {rung: calendar.plus(day, 1) for rung, day in days.items()}
    on["pool"] = case((b.kept_until >= on["pool"], calendar.plus(b.kept_until, 1)), else_=on["pool"])
    version = of_each(ladders.rules, b.rule_id, lambda rule: rule.version, literal)
    return select(
        b.customer_id, b.rule_id, version.label("rule_version"), b.owner_id, b.unit_id, b.basis_on, b.spared,
        b.kept_until, *(day.label(f"{rung}_on") for rung, day in on.items()),
    ).select_from(way.source)  # fmt: skip


def _spared(ladders: Ladders, c: Any) -> ColumnElement[str]:
    """Why nothing happens to a customer; an application to keep it goes before the approval that decides it."""
    reasons: list[tuple[Any, str]] = []
    for rule in ladders.rules:
        if rule.spared_levels:
            reasons.append((and_(c.rule_id == rule.id, c.level.in_(rule.spared_levels)), "level"))
    if sparing := [rule.id for rule in ladders.rules if rule.spares_deals]:
        reasons.append((and_(c.deal.is_not(None), c.rule_id.in_(sparing)), "deal"))
    reasons += [(c.locked.is_not(None), "locked"), (c.asked.is_not(None), "asked")]
    if sparing := [rule.id for rule in ladders.rules if rule.spares_approvals]:
        reasons.append((and_(c.in_approval.is_not(None), c.rule_id.in_(sparing)), "approval"))
    return case(*reasons, else_="")


__all__ = [
    "COLUMNS", "CUSTOMER", "OWNED_SINCE", "STANDING", "TODAY", "Which", "facts_of", "held_by", "once", "standings",
]  # fmt: skip
