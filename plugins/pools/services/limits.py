"""What a person may still claim: limits of the pools before those of the site, counted from the ledger."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from app.api import UNSCOPED, Customer, among, context, now, setting
from plugins.pools.models import Pool, PoolMovement
from plugins.pools.rules import Holding, Limits, binding
from plugins.pools.services.outcome import Outcome

_OPEN = {UNSCOPED: True}
#: How a customer is lost to a pool.
LOST = ("recycle", "release")


def limits_of(current: Session, pool_ids: set[int]) -> dict[int, Limits]:
    """What each pool allows: its own limits, the site's where it has none."""
    names = ("claims_per_day", "owned_limit", "cool_down_days")
    site = {name: setting(f"pools.{name}") for name in names}
    rows = current.execute(
        select(Pool.id, *(getattr(Pool, name) for name in names))
        .where(among(current, Pool.id, pool_ids))
        .execution_options(**_OPEN)
    )
    found = {}
    for row in rows:
        own = {name: getattr(row, name) for name in names}
        per_day, owned, days = (site[name] if own[name] is None else own[name] for name in names)
        found[row.id] = Limits(per_day, owned, days, alone=own["claims_per_day"] is not None)
    return found


def holding_of(current: Session, employee_id: int) -> Holding:
    """How many open customers somebody owns, and their claims of today from each pool."""
    zone = ZoneInfo(context().site.timezone)
    today = datetime.combine(now().astimezone(zone).date(), time.min, zone).astimezone(UTC)
    pool = func.coalesce(PoolMovement.from_pool_id, 0)
    claims = select(pool, func.count()).where(
        PoolMovement.to_employee_id == employee_id, PoolMovement.act == "claim", PoolMovement.at >= today
    )
    claimed = current.execute(claims.group_by(pool).execution_options(**_OPEN))
    return Holding(owned_by(current, employee_id), {row[0]: row[1] for row in claimed})


def owned_by(current: Session, employee_id: int) -> int:
    """How many open customers somebody owns, whoever asks."""
    owned = select(func.count(Customer.id)).where(Customer.owner_id == employee_id, Customer.closed_at.is_(None))
    return int(current.scalar(owned.execution_options(**_OPEN)) or 0)


def without_cooling(
    current: Session, employee_id: int, entries: list[Any], limits: dict[int, Limits], outcome: Outcome
) -> list[Any]:
    """Leave out what the person lost or released lately; every former owner counts, not only the last.

    A movement that was taken back took nothing from anybody.
    """
    lately = {
        entry.customer_id: now() - timedelta(days=limits[entry.pool_id].cool_down_days)
        for entry in entries
        if limits[entry.pool_id].cool_down_days
    }
    if not lately:
        return entries
    undone = aliased(PoolMovement)
    lost = select(PoolMovement.customer_id, func.max(PoolMovement.at).label("at")).where(
        among(current, PoolMovement.customer_id, list(lately)),
        PoolMovement.from_employee_id == employee_id,
        PoolMovement.act.in_(LOST),
        ~select(undone.id).where(undone.reverses_id == PoolMovement.id).exists(),
    )
    rows = current.execute(lost.group_by(PoolMovement.customer_id).execution_options(**_OPEN))
    cooling = {row.customer_id for row in rows if row.at > lately[row.customer_id]}
    for entry in entries:
        if entry.customer_id in cooling:
            days = limits[entry.pool_id].cool_down_days
            outcome.refused[entry.customer_id] = _("You lost this customer less than %(count)s days ago", count=days)
    return [entry for entry in entries if entry.customer_id not in cooling]


def within_limits(holding: Holding, entries: Iterable[Any], limits: dict[int, Limits], outcome: Outcome) -> list[Any]:
    """The first ones given for which there is room; the others are refused with the limit that binds."""
    taken = []
    for entry in entries:
        allowed = limits[entry.pool_id]
        bound = binding(holding, entry.pool_id, allowed)
        if not bound:
            holding.take(entry.pool_id)
            taken.append(entry)
        elif bound == "owned":
            reason = _("Whoever owns %(count)s customers cannot claim more", count=allowed.owned)
            outcome.refused[entry.customer_id] = reason
        elif allowed.alone:
            reason = _("You may claim %(count)s customers a day from this pool", count=allowed.per_day)
            outcome.refused[entry.customer_id] = reason
        else:
            outcome.refused[entry.customer_id] = _("You may claim %(count)s customers a day", count=allowed.per_day)
    return taken


__all__ = ["holding_of", "limits_of", "owned_by", "within_limits", "without_cooling"]
