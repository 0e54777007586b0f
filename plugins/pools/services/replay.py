"""What a rule would have done in the past, as one SELECT: its ladder over every gap between two follow-ups."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Any, cast

from sqlalchemy import (
    CTE,
    ColumnElement,
    Date,
    Integer,
    Select,
    Subquery,
    Table,
    and_,
    case,
    func,
    literal,
    null,
    or_,
    select,
    union_all,
)

from app.api import Activity, CustomerOwnership, UtcDateTime, context, is_working_day
from plugins.pools.rules import RUNGS, Ladder, last_safe_day
from plugins.pools.services.days import Calendar, starts_at
from plugins.pools.services.ladders import CLOCKS, ActiveRule
from plugins.pools.services.standings import CUSTOMER, OWNED_SINCE, Which, once
from plugins.pools.services.way import Way

_ACTIVITY, _LEDGER = (cast(Table, model.__table__) for model in (Activity, CustomerOwnership))


@dataclass(frozen=True, slots=True)
class Replay:
    """A rule put in force on `first`, followed up to the night of `last`, over customers a condition chooses.

    `counts_from` is left out: it says when a rule begins to count, which here it does on `first`.
    """

    rule: ActiveRule
    calendar: Calendar
    first: date
    last: date
    customers: ColumnElement[bool]

    @property
    def ladder(self) -> Ladder:
        """What the rule says about dates."""
        return self.rule.ladder

    @property
    def floor(self) -> date:
        """A day so early that whoever counts from it, or from before, is past every rung on the first night."""
        ladder = self.ladder
        total = max(ladder.rungs.values(), default=0)
        if ladder.trigger == "protection":
            total += max(ladder.protect_days or 0, ladder.extend_days or 0)
        counted = is_working_day if ladder.working_days else None
        return max(last_safe_day(self.first, total, counted) - timedelta(days=1), self.calendar.first)


def steps(replay: Replay, which: Which) -> Select[Any]:
    """(customer_id, owner_id, rung, day, basis_on) of every step the rule would have taken with customers meant.

    From whom: the owner of that time, by the ledger of ownership. The first step into the pool ends what the rule
    does with this owner's customer; what the owner did with it afterwards does not count. A follow-up comes after
    the night of its day.
    """
    gaps = _reached(replay, _gaps(replay, _stints(replay, which), which))
    g = gaps.c
    found = []
    for place, rung in enumerate(RUNGS):
        day = g[f"{rung}_on"]
        further = (or_(g[f"{later}_on"].is_(None), g[f"{later}_on"] != day) for later in RUNGS[place + 1 :])
        before = or_(g.gone_on.is_(None), day <= g.gone_on)
        found.append(
            select(g.customer_id, g.owner_id, literal(rung).label("rung"), day.label("day"), g.basis_on).where(
                day.is_not(None), before, *further
            )
        )
    every = union_all(*found).subquery("steps")
    return select(every)


def _stints(replay: Replay, which: Which) -> CTE:
    """Who owned the customers from when until when, as far as the days in question see it."""
    c, ledger = CUSTOMER.c, _LEDGER.c
    watched = and_(which(c.id), replay.customers)
    order: dict[str, Any] = {"partition_by": ledger.customer_id, "order_by": (ledger.at, ledger.id)}
    told = (
        select(
            ledger.customer_id, ledger.to_employee_id.label("owner_id"), ledger.at.label("start_at"),
            func.lead(ledger.at).over(**order).label("until_at"), ledger.from_employee_id,
            func.row_number().over(**order).label("place"),
        )
        .where(which(ledger.customer_id))
        .cte("told")
    )  # fmt: skip
    t = told.c
    told_of = select(ledger.customer_id).where(which(ledger.customer_id))
    silent = c.id.not_in(told_of)  # hashed: an anti join is planned badly where nothing is known of the tables
    every = union_all(
        select(t.customer_id, t.owner_id, t.start_at, t.until_at),
        # whoever had it before the ledger's first word
        select(t.customer_id, t.from_employee_id, c.created_at, t.start_at)
        .join_from(told, CUSTOMER, c.id == t.customer_id)
        .where(t.place == 1),
        select(c.id, c.owner_id, OWNED_SINCE, null().cast(c.closed_at.type)).where(which(c.id), silent),
    ).subquery("every")
    e, source = every.c, every.join(CUSTOMER, c.id == every.c.customer_id)
    until = _sooner(e.until_at, c.closed_at)
    if replay.rule.spares_deals:
        deals = _first_deals(which)
        source, until = source.outerjoin(deals, deals.c.customer_id == c.id), _sooner(until, deals.c.at)
    seen = or_(until.is_(None), and_(until >= starts_at(replay.first), until > e.start_at))
    return _kept(
        select(e.customer_id, e.owner_id, e.start_at, until.label("until_at"))
        .select_from(source)
        .where(e.owner_id.is_not(None), watched, seen, e.start_at < starts_at(replay.last)),
        "stints",
    )


def _kept(statement: Select[Any], name: str) -> CTE:
    """A step read in several places, worked out once."""
    return statement.cte(name).prefix_with("MATERIALIZED")


def _sooner(moment: Any, other: Any) -> ColumnElement[Any]:
    """The first of two moments, either of which may be null."""
    return case((and_(other.is_not(None), or_(moment.is_(None), other < moment)), other), else_=moment)


def _first_deals(which: Which) -> Any:
    """Since when customers are spared for a deal: customer_id, at."""
    a = _ACTIVITY.c
    first = select(a.customer_id, func.min(a.at, type_=UtcDateTime()).label("at"))
    return first.where(a.result == "deal", which(a.customer_id)).group_by(a.customer_id).subquery("deals")


def _gaps(replay: Replay, stints: CTE, which: Which) -> Subquery:
    """Each stretch from a start or a follow-up to the next, with their days."""
    s, calendar = stints.c, replay.calendar
    starts = select(s.customer_id, s.owner_id, s.start_at, s.until_at, s.start_at.label("at"))
    resets = _resets(replay, which)
    parts = [starts]
    if resets is not None:
        r = resets.c
        within = and_(r.customer_id == s.customer_id, r.at > s.start_at, or_(s.until_at.is_(None), r.at < s.until_at))
        parts.append(select(s.customer_id, s.owner_id, s.start_at, s.until_at, r.at).join_from(stints, resets, within))
    every = union_all(*parts).subquery("moments") if len(parts) > 1 else starts.subquery("moments")
    m = every.c
    following = func.lead(m.at).over(partition_by=(m.customer_id, m.start_at), order_by=m.at)
    next_at = func.coalesce(following, m.until_at, type_=UtcDateTime())
    ordered = select(m.customer_id, m.owner_id, m.start_at, m.at, next_at.label("next_at")).subquery("ordered")
    o = ordered.c
    columns = [
        o.customer_id, o.owner_id, o.start_at, calendar.day_of(o.at).label("from_on"),
        func.coalesce(calendar.day_of(o.next_at), literal(replay.last, Date), type_=Date).label("to_on"),
    ]  # fmt: skip
    if replay.ladder.trigger == "protection":
        columns += [calendar.day_of(o.start_at).label("start_on"), (o.at > o.start_at).label("followed")]
    dated = select(*columns).subquery("dated")
    return once(select(dated).where(dated.c.to_on >= replay.first, *_long_enough(replay, dated.c)), "gaps")


def _long_enough(replay: Replay, d: Any) -> Iterator[ColumnElement[bool]]:
    """Most gaps are too short for the first rung, whatever days count; a protection clock begins before its gap."""
    rungs = replay.ladder.rungs
    if rungs and replay.ladder.trigger != "protection":
        yield d.to_on > replay.calendar.plus(d.from_on, literal(min(rungs.values()), Integer))


def _resets(replay: Replay, which: Which) -> Any:
    """What sets the clock anew, late enough to matter: customer_id, at; None for a clock nothing sets anew."""
    trigger = replay.ladder.trigger
    if trigger == "owned":
        return None
    if trigger in CLOCKS:
        a = _ACTIVITY.c
        found = select(a.customer_id, a.at).where(a.effective, which(a.customer_id), a.at >= starts_at(replay.floor))
        return found.subquery("resets")
    facts = context().metrics[trigger].facts().subquery()
    found = select(facts.c.customer_id, facts.c.at)
    return found.where(which(facts.c.customer_id), facts.c.at >= starts_at(replay.floor)).subquery("resets")


def _reached(replay: Replay, gaps: Subquery) -> CTE:
    """The gaps with the nights whose steps fall into them, and the night that ends this owner's time with it."""
    based = _based(replay, gaps)
    b = based.c
    way = Way(replay.calendar, (replay.rule,), literal(replay.rule.id), based, many=True)
    nights = {}
    for rung in RUNGS:
        day = replay.calendar.plus(way.ahead(b.basis_on, partial(Ladder.days_to, rung=rung)), 1)
        nights[rung] = case((day < replay.first, literal(replay.first, Date)), else_=day).label(f"{rung}_on")
    dated = once(select(*b, *nights.values()).select_from(way.source), "dated")
    d = dated.c
    within = {rung: _within(replay, d, d[f"{rung}_on"]) for rung in RUNGS}
    pool = func.min(within["pool"]).over(partition_by=(d.customer_id, d.start_at))
    columns = (night.label(f"{rung}_on") for rung, night in within.items())
    return _kept(select(d.customer_id, d.owner_id, d.basis_on, *columns, pool.label("gone_on")), "reached")


def _within(replay: Replay, d: Any, night: Any) -> ColumnElement[date]:
    return case((and_(night > d.from_on, night <= d.to_on, night <= replay.last), night))


def _based(replay: Replay, gaps: Subquery) -> Subquery:
    """The gaps with the day the clock counts from during each (`rules.basis_of`)."""
    g, floor, ladder = gaps.c, literal(replay.floor, Date), replay.ladder
    begun = case((g.from_on < floor, floor), else_=g.from_on)
    if ladder.trigger != "protection":
        return once(select(*g, begun.label("basis_on")), "based")
    clipped = once(select(*g, case((g.followed, begun)).label("last_on")), "clipped")
    c = clipped.c
    way = Way(replay.calendar, (replay.rule,), literal(replay.rule.id), clipped, many=True)
    end = way.ahead(c.start_on, lambda ladder: ladder.protect_days or 0)
    extended = way.ahead(c.last_on, lambda ladder: ladder.extend_days)
    stop = way.ahead(c.start_on, lambda ladder: ladder.hard_stop_days)
    end = case((extended > end, extended), else_=end)
    basis = case((stop < end, stop), else_=end)
    return once(select(*(c[column.key] for column in g), basis.label("basis_on")).select_from(way.source), "based")


__all__ = ["Replay", "steps"]
