"""Deciding on applications to keep a customer: what their approval ends with, or a head on the list of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.api import (
    UNSCOPED,
    Customer,
    among,
    approvals,
    entity,
    now,
    require_actor,
    scope_condition,
    session,
    transaction,
)
from plugins.pools.models import PoolKeep, PoolStanding
from plugins.pools.services.asking import ENTITY, finish
from plugins.pools.services.keeping import kept_until, working_rules, write_keeps
from plugins.pools.services.outcome import Outcome, check_reason, each_once
from plugins.pools.services.reckoning import reckon

_OPEN = {UNSCOPED: True}
#: The permission name of the list of applications.
KEEPS = "PoolsKeepView"


def grant_keep(case: Any, keep: PoolKeep | None) -> None:
    """The act ``pools.grant_keep``: the customer stays for the rule's days."""
    if keep is not None and keep.state == "asked":
        employee, note = approvals.last_decision(case.id)
        grant(session(), keep, employee, note[:300])


def refuse_keep(case: Any, keep: PoolKeep | None) -> None:
    """The act ``pools.refuse_keep``. Refused because nobody could be asked, it waits for the head's own decision."""
    if keep is None or keep.state != "asked":
        return
    employee, note = approvals.last_decision(case.id)
    if employee is not None:
        _refuse(session(), keep, employee, note[:300])


def drop_keep(case: Any, keep: PoolKeep | None) -> None:
    """The act ``pools.drop_keep``: the case was withdrawn or cancelled."""
    if keep is not None and keep.state == "asked":
        keep.state, keep.decided_at = "withdrawn", now()
        session().flush()
        reckon(session(), [keep.customer_id])


def decide_keeps(keep_ids: Sequence[int], granted: bool, note: str = "") -> Outcome:
    """Grant or refuse applications of the unit that no flow decides; by application.

    Raises `Refused` for a refusal without a reason, and for no or too many applications.
    """
    note, actor = check_reason(note, needed=not granted), require_actor()
    with transaction() as current:
        wanted, outcome = each_once(keep_ids), Outcome()
        reach = scope_condition(entity(ENTITY), actor) if actor.can("can_decide", KEEPS) else PoolKeep.id < 0
        chosen = select(PoolKeep).where(among(current, PoolKeep.id, wanted), reach).order_by(PoolKeep.id)
        found = current.scalars(chosen.with_for_update().execution_options(populate_existing=True, **_OPEN)).all()
        cases = approvals.open_cases(ENTITY, [keep.id for keep in found])
        outcome.refused = dict.fromkeys(set(wanted) - {keep.id for keep in found}, _("There is no such application"))
        for keep in found:
            if keep.state != "asked":
                outcome.refused[keep.id] = _("This application is decided already")
            elif keep.employee_id == actor.employee_id:
                outcome.refused[keep.id] = _("Nobody decides on an application of their own")
            elif keep.id in cases:
                outcome.refused[keep.id] = _("It is in an approval, where it is decided")
            else:
                act = grant if granted else _refuse
                act(current, keep, actor.employee_id, note)
                outcome.done.append(keep.id)
    return outcome


def grant(current: Session, keep: PoolKeep, employee_id: int | None, note: str) -> None:
    """Let a customer stay: up to so many days from today, and never less than it would have stayed.

    If it changed hands meanwhile the application comes to nothing.
    """
    wanted = (
        select(Customer.owner_id, PoolStanding.pool_on)
        .outerjoin(PoolStanding, PoolStanding.customer_id == Customer.id)
        .where(Customer.id == keep.customer_id)
    )
    row = current.execute(wanted.with_for_update(key_share=True, of=Customer).execution_options(**_OPEN)).one()
    if row.owner_id != keep.employee_id:
        finish(current, keep, "moved")
        return
    keep.kept_until = kept_until(row.pool_on, keep.days, bool(working_rules(current, {keep.rule_id})))
    keep.state, keep.decided_at, keep.decided_by_id, keep.note = "granted", now(), employee_id, note
    current.flush()
    kept = {"customer_id": keep.customer_id, "employee_id": keep.employee_id, "rule_id": keep.rule_id}
    write_keeps(current, [kept], keep.reason)
    reckon(current, [keep.customer_id])


def _refuse(current: Session, keep: PoolKeep, employee_id: int | None, note: str) -> None:
    keep.state, keep.decided_at, keep.decided_by_id, keep.note = "refused", now(), employee_id, note
    current.flush()
    reckon(current, [keep.customer_id])


__all__ = ["KEEPS", "decide_keeps", "drop_keep", "grant_keep", "refuse_keep"]
