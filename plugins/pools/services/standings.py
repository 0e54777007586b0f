"""Where customers ought to stand, as SELECTs: the rules of `plugins.pools.rules` said in SQL over sets."""

from __future__ import annotations

from collections.abc import Callable
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
    union_all,
)

from app.api import Activity, Customer, UtcDateTime, approvals, context
from plugins.pools.models import PoolKeep, PoolLock, PoolStanding
from plugins.pools.rules import RUNGS, Ladder
from plugins.pools.services.days import Calendar, starts_at
from plugins.pools.services.ladders import OWNED, ActiveRule, Ladders, customer_column, metrics_of

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


def standings(ladders: Ladders, which: Which) -> Select[Any]:
    """The standings of the customers meant that a rule watches, `COLUMNS`; stages no higher than they are now.

    The parameter `today` is the business date they are judged by.
    """
    calendar = ladders.calendar
    chosen = _chosen(ladders, which).cte("chosen")
    branches = [_dated(rule, chosen, calendar) for rule in ladders.rules] or [_nothing()]
    dated = union_all(*branches).subquery("dated")
    held, d = STANDING.alias("held"), dated.c
    pool_on = case((d.kept_until >= d.pool_on, calendar.plus(d.kept_until, 1)), else_=d.pool_on)
    stage = case(
        (and_(held.c.stage == "red", d.red_on <= TODAY), "red"),
        (and_(held.c.stage.in_(("amber", "red")), d.amber_on <= TODAY), "amber"),
        else_="green",
    )
    given = [d[name] for name in COLUMNS if name not in ("stage", "pool_on", "next_on")]
    staged = (
        select(*given, pool_on.label("pool_on"), stage.label("stage"))
        .select_from(dated.outerjoin(held, held.c.customer_id == d.customer_id))
        .subquery("staged")
    )
    s = staged.c
    next_on = case(
        (s.spared != "", null()),
        (s.stage == "green", func.coalesce(s.amber_on, s.red_on, s.pool_on)),
        (s.stage == "amber", func.coalesce(s.red_on, s.pool_on)),
        else_=s.pool_on,
    )
    return select(*(next_on.label(name) if name == "next_on" else s[name] for name in COLUMNS))


def _nothing() -> Select[Any]:
    return select(*(STANDING.c[name] for name in COLUMNS)).where(literal(1) == 0)


def _chosen(ladders: Ladders, which: Which) -> Select[Any]:
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
    return (
        select(
            c.id.label("customer_id"), c.owner_id, c.unit_id, c.level, OWNED_SINCE.label("start_at"),
            c.last_effective_at, ladders.chosen.label("rule_id"), looked_at["asked"][0].c.kept_until,
            *(found.c[column].label(name) for name, (found, column) in looked_at.items()),
        )
        .select_from(source)
        .where(OWNED, which(c.id))
    )  # fmt: skip


def _locks(which: Which) -> Subquery:
    holds = or_(_LOCK.c.until.is_(None), _LOCK.c.until >= TODAY)
    return select(_LOCK.c.customer_id).where(holds, which(_LOCK.c.customer_id)).subquery("locks")


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
            cases = cases.subquery()
            found.append(select(cases.c.id.label("customer_id")).where(which(cases.c.id)))
        elif (column := customer_column(slug)) is not None:
            found.append(select(column.label("customer_id")).where(column.table.c.id.in_(cases), which(column)))
    nobody = select(CUSTOMER.c.id.label("customer_id")).where(literal(1) == 0)
    return union(nobody, *found).subquery("in_approval")


def facts_of(metric: str, which: Which) -> Subquery:
    """The last fact of a metric of each customer meant: customer_id, at."""
    facts = context().metrics[metric].facts().subquery()
    last = select(facts.c.customer_id, func.max(facts.c.at, type_=UtcDateTime()).label("at"))
    return last.where(which(facts.c.customer_id)).group_by(facts.c.customer_id).subquery()


def _dated(rule: ActiveRule, chosen: Any, calendar: Calendar) -> Select[Any]:
    """The customers of one rule with the days of its rungs and why nothing happens."""
    based = _based(rule, chosen, calendar)
    b, source, dates = based.c, cast(FromClause, based), []
    for rung in RUNGS:
        days = rule.ladder.rungs.get(rung)
        source, day = calendar.ahead(source, b.basis_on, days, worked=rule.ladder.working_days)
        date = null().cast(Date) if days is None else calendar.plus(day, 1)
        dates.append(date.label(f"{rung}_on"))
    return select(
        b.customer_id, literal(rule.id).label("rule_id"), literal(rule.version).label("rule_version"), b.owner_id,
        b.unit_id, b.basis_on, *dates, b.spared, b.kept_until,
    ).select_from(source)  # fmt: skip


def _based(rule: ActiveRule, chosen: Any, calendar: Calendar) -> Subquery:
    """The customers of one rule with the day their clock counts from (`rules.basis_of`)."""
    ladder, c = rule.ladder, chosen.c
    moments = [c.start_at]
    if ladder.counts_from is not None:
        moments.append(literal(starts_at(ladder.counts_from), UtcDateTime))
    kept = [c.customer_id, c.owner_id, c.unit_id, c.kept_until, _spared(rule, c).label("spared")]
    mine = select(*kept).where(c.rule_id == rule.id)
    if ladder.trigger == "protection":
        start, last = calendar.day_of(calendar.latest(*moments)), calendar.day_of(c.last_effective_at)
        return _protected(ladder, mine.add_columns(start.label("start_on"), last.label("last_on")).subquery(), calendar)
    if ladder.trigger == "follow_up":
        moments.append(c.last_effective_at)
    elif ladder.trigger != "owned":
        moments.append(c[f"fact_{ladder.trigger}"])
    return mine.add_columns(calendar.day_of(calendar.latest(*moments)).label("basis_on")).subquery()


def _protected(ladder: Ladder, started: Subquery, calendar: Calendar) -> Subquery:
    """The same with the end of the protection clock as that day."""
    s, source = started.c, cast(FromClause, started)
    worked = ladder.working_days
    source, end = calendar.ahead(source, s.start_on, ladder.protect_days or 0, worked=worked)
    source, extended = calendar.ahead(source, s.last_on, ladder.extend_days, worked=worked)
    source, stop = calendar.ahead(source, s.start_on, ladder.hard_stop_days, worked=worked)
    if ladder.extend_days is not None:
        end = case((and_(s.last_on >= s.start_on, extended > end), extended), else_=end)
    if ladder.hard_stop_days is not None:
        end = case((stop < end, stop), else_=end)
    kept = (s.customer_id, s.owner_id, s.unit_id, s.kept_until, s.spared)
    return select(*kept, end.label("basis_on")).select_from(source).subquery()


def _spared(rule: ActiveRule, c: Any) -> ColumnElement[str]:
    """Why nothing happens to a customer; an application to keep it goes before the approval that decides it."""
    reasons: list[tuple[Any, str]] = [(c.locked.is_not(None), "locked"), (c.asked.is_not(None), "asked")]
    if rule.spares_deals:
        reasons.insert(0, (c.deal.is_not(None), "deal"))
    if rule.spared_levels:
        reasons.insert(0, (c.level.in_(rule.spared_levels), "level"))
    if rule.spares_approvals:
        reasons.append((c.in_approval.is_not(None), "approval"))
    return case(*reasons, else_="")


__all__ = ["COLUMNS", "CUSTOMER", "OWNED_SINCE", "STANDING", "TODAY", "Which", "facts_of", "standings"]
