"""Applications to keep red customers (申请保留): asked by the owner, taken back, overtaken by events."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from app.api import (
    UNSCOPED,
    Customer,
    among,
    approvals,
    entity,
    now,
    require_actor,
    savepoint,
    scope_condition,
    setting,
    transaction,
)
from app.types import Refused
from plugins.pools.models import PoolKeep, PoolRule, PoolStanding
from plugins.pools.services.held import lock_customers_within
from plugins.pools.services.keeping import not_to_keep
from plugins.pools.services.outcome import Outcome, check_reason, each_once
from plugins.pools.services.reckoning import reckon

_OPEN = {UNSCOPED: True}
#: The entity of applications, and what their cases are begun for: not by hand on the page of a case.
ENTITY, ASKED = "pools_keep", "submit"
#: The most applications at once: each is a case of its own.
MOST = 100
#: What counts against the limit: neither what was taken back nor what came to nothing by itself.
_COUNTS = ("asked", "granted", "refused")


def ask_to_keep(customer_ids: Sequence[int], reason: str) -> Outcome:
    """Apply to keep one's red customers (申请保留); while it is decided, no rule moves them.

    Decided in the site's flow, without one by the head on the list of applications. Raises `Refused` for nobody's
    employee, no reason, no or too many customers; each customer is refused by itself.
    """
    reason, actor = check_reason(reason, needed=True), require_actor()
    if actor.employee_id is None:
        raise Refused(_("Only an employee can apply to keep customers"))
    with transaction() as current:
        rows, outcome = lock_customers_within(current, customer_ids, Customer.owner_id == actor.employee_id, MOST)
        outcome.refused = dict.fromkeys(outcome.refused, _("You are not the account manager of this customer"))
        before = _asked_before(current, [row.id for row in rows], actor.employee_id)
        wanted = select(PoolRule.id, PoolRule.keep_days)
        days = {row.id: row.keep_days for row in current.execute(wanted.execution_options(**_OPEN))}
        flow = approvals.flow_of(ENTITY)
        for row in rows:
            against = not_to_keep(row) or _used_up(before.get(row.id, (0, 0)))
            if against:
                outcome.refused[row.id] = against
                continue
            asked = PoolKeep(
                customer_id=row.id, employee_id=actor.employee_id, unit_id=row.unit_id, rule_id=row.rule_id,
                days=days[row.rule_id], reason=reason,
            )  # fmt: skip
            try:
                with savepoint(current):
                    current.add(asked)
                    current.flush()
                    if flow is not None:
                        approvals.start_case(flow, ENTITY, asked.id, asked=ASKED)
                outcome.done.append(row.id)
            except Refused as refused:
                outcome.refused[row.id] = str(refused)
        reckon(current, outcome.done)
    return outcome


def _asked_before(current: Session, customer_ids: Sequence[int], employee_id: int) -> dict[int, tuple[int, int]]:
    """{customer: (applications that count, of these undecided)} of this owner, since they own it or in the period."""
    asked = func.count().filter(PoolKeep.state == "asked")
    counted = select(PoolKeep.customer_id, func.count(), asked).where(
        among(current, PoolKeep.customer_id, customer_ids),
        PoolKeep.employee_id == employee_id,
        PoolKeep.state.in_(_COUNTS),
    )
    if setting("pools.keep_per") == "period":
        counted = counted.where(PoolKeep.asked_at > now() - timedelta(days=setting("pools.keep_period_days")))
    else:
        since = func.coalesce(Customer.owned_since_at, Customer.created_at)
        counted = counted.join(Customer, and_(Customer.id == PoolKeep.customer_id, PoolKeep.asked_at >= since))
    rows = current.execute(counted.group_by(PoolKeep.customer_id).execution_options(**_OPEN))
    return {customer_id: (count, undecided) for customer_id, count, undecided in rows}


def _used_up(before: tuple[int, int]) -> str:
    count, undecided = before
    if undecided:
        return _("An application for this customer is being decided")
    most = setting("pools.keeps")
    if count < most:
        return ""
    if setting("pools.keep_per") == "period":
        days = setting("pools.keep_period_days")
        return _("You have applied %(count)s times for it within %(days)s days", count=count, days=days)
    return _("You have applied %(count)s times for this customer, no more are allowed", count=count)


def end_overtaken(current: Session, customer_ids: Collection[int]) -> None:
    """End the applications for customers who have changed hands or are not red any more, in the running transaction.

    Asked whenever customers change, after their standings were worked out: one statement where nothing is asked.
    """
    rows = current.execute(
        select(PoolKeep.id, PoolKeep.customer_id, PoolKeep.employee_id, Customer.owner_id, PoolStanding.stage)
        .join(Customer, Customer.id == PoolKeep.customer_id)
        .outerjoin(PoolStanding, PoolStanding.customer_id == PoolKeep.customer_id)
        .where(among(current, PoolKeep.customer_id, customer_ids), PoolKeep.state == "asked")
        .execution_options(**_OPEN)
    ).all()
    ended = {}
    for row in rows:
        if row.owner_id != row.employee_id:
            ended[row.id] = "moved"
        elif row.stage in (None, "green"):
            ended[row.id] = "cleared"
    for keep in _keeps(current, list(ended)):
        finish(current, keep, ended[keep.id])


def finish(current: Session, keep: Any, state: str) -> None:
    """End an application by itself, with its case; whoever asked reads why."""
    keep.state, keep.decided_at = state, now()
    current.flush()
    case = approvals.open_cases(ENTITY, [keep.id]).get(keep.id)
    if case is not None:
        said = {
            "moved": _("The customer has changed hands meanwhile"),
            "cleared": _("The customer was followed up meanwhile and is not red any more"),
        }
        approvals.call_off(case.id, said[state])


def withdraw_keeps(keep_ids: Sequence[int]) -> Outcome:
    """Take back one's own applications that are not decided yet. Raises `Refused` for none or too many."""
    actor = require_actor()
    with transaction() as current:
        wanted, outcome = each_once(keep_ids), Outcome()
        seen = select(PoolKeep.id).where(among(current, PoolKeep.id, wanted), scope_condition(entity(ENTITY), actor))
        mine = current.scalars(seen.execution_options(**_OPEN)).all()
        outcome.refused = dict.fromkeys(set(wanted) - set(mine), _("There is no such application"))
        for keep in _keeps(current, mine):
            if keep.employee_id != actor.employee_id:
                outcome.refused[keep.id] = _("This application is not yours")
            elif keep.state != "asked":
                outcome.refused[keep.id] = _("This application is decided already")
            else:
                case = approvals.open_cases(ENTITY, [keep.id]).get(keep.id)
                keep.state, keep.decided_at = "withdrawn", now()
                current.flush()
                if case is not None:
                    approvals.withdraw(case.id, "")
                outcome.done.append(keep.id)
        reckon(current, [keep.customer_id for keep in _keeps(current, outcome.done)])
    return outcome


def _keeps(current: Session, ids: Sequence[int]) -> list[PoolKeep]:
    """Applications by id, locked."""
    if not ids:
        return []
    wanted = select(PoolKeep).where(among(current, PoolKeep.id, ids)).order_by(PoolKeep.id).with_for_update()
    return list(current.scalars(wanted.execution_options(populate_existing=True, **_OPEN)))


__all__ = ["ENTITY", "MOST", "ask_to_keep", "end_overtaken", "finish", "withdraw_keeps"]
