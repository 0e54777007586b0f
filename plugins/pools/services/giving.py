"""Giving customers out of a pool: to an employee, or back to whom the pool got them from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.api import UNSCOPED, Customer, Employee, among, entity, require_actor, scope_condition, setting, transaction
from app.types import Refused
from plugins.pools.services.limits import limits_of, owned_by
from plugins.pools.services.members import giving_condition, pools_with, role_condition
from plugins.pools.services.outcome import Outcome, check_reason
from plugins.pools.services.taking import lock_entries, take_out, units_of_working

_OPEN = {UNSCOPED: True}


def assign_from_pool(customer_ids: Sequence[int], employee_id: int, reason: str = "") -> Outcome:
    """Give customers lying in a pool within the actor's reach to an employee (分配).

    By role, to an employee whose customers the actor sees afterwards; as an administrator of the pool, to one of its
    members. Raises `Refused` for another one or one who has left, and for no or too many customers.
    """
    reason, actor = check_reason(reason), require_actor()
    with transaction() as current:
        by_role = role_condition(actor, "can_assign")
        entries, outcome = lock_entries(current, customer_ids, giving_condition(actor, "can_assign"), by_role)
        units = units_of_working(current, {employee_id})
        if not units:
            raise Refused(_("This employee has left or does not exist"), field="employee_id")
        member = pools_with(current, employee_id)
        if any(not entry.by_role and entry.pool_id not in member for entry in entries):
            raise Refused(_("Choose a member of the pool"), field="employee_id")
        to = {entry.customer_id: employee_id for entry in entries}
        entries = _with_room(current, entries, to, outcome)
        take_out(current, entries, "assign", to, units, reason, outcome)
        _check_result(current, [e.customer_id for e in entries if e.by_role and e.customer_id not in outcome.refused])
    return outcome


def return_customers(customer_ids: Sequence[int], reason: str = "") -> Outcome:
    """Give customers back to whom the pool got them from (返回).

    One without a former account manager, or whose former account manager has left, stays. Raises `Refused`
    for no or too many customers.
    """
    reason, actor = check_reason(reason), require_actor()
    with transaction() as current:
        entries, outcome = lock_entries(current, customer_ids, giving_condition(actor, "can_return"))
        units = units_of_working(current, {e.from_employee_id for e in entries if e.from_employee_id})
        back = []
        for entry in entries:
            if entry.from_employee_id is None:
                outcome.refused[entry.customer_id] = _("There is no former account manager")
            elif entry.from_employee_id not in units:
                outcome.refused[entry.customer_id] = _("The former account manager has left")
            else:
                back.append(entry)
        to = {entry.customer_id: entry.from_employee_id for entry in back}
        take_out(current, _with_room(current, back, to, outcome), "return", to, units, reason, outcome)
    return outcome


def _with_room(current: Session, entries: list[Any], to: dict[int, int], outcome: Outcome) -> list[Any]:
    """Those whose new owner has room for them; by setting, others are given all the same and said, or refused."""
    what = setting("pools.over_limit")
    if what == "ignore" or not entries:
        return entries
    limits = limits_of(current, {entry.pool_id for entry in entries})
    people = sorted(set(to.values()))
    # one after another for an employee, as their own claims are
    locked = select(Employee.id, Employee.name).where(among(current, Employee.id, people)).order_by(Employee.id)
    names = {r.id: r.name for r in current.execute(locked.with_for_update(key_share=True).execution_options(**_OPEN))}
    owned, kept, over = {person: owned_by(current, person) for person in people}, [], Counter[tuple[int, int]]()
    for entry in entries:
        person, most = to[entry.customer_id], limits[entry.pool_id].owned
        if most and owned[person] >= most:
            over[person, most] += 1
            if what == "refuse":
                said = _("%(name)s owns %(count)s customers already", name=names[person], count=owned[person])
                outcome.refused[entry.customer_id] = said
                continue
        owned[person] += 1
        kept.append(entry)
    if what == "warn":
        outcome.warnings += [
            _("%(name)s now owns more than %(count)s customers", name=names[who], count=most) for who, most in over
        ]
    return kept


def _check_result(current: Session, numbers: Sequence[int]) -> None:
    """Whoever assigns by role must still see the customers afterwards: nobody gives them away out of sight."""
    if not numbers:
        return
    seen = scope_condition(entity("customer"), require_actor(), write=True)
    statement = select(func.count(Customer.id)).where(among(current, Customer.id, numbers), seen)
    if int(current.scalar(statement.execution_options(**_OPEN)) or 0) != len(numbers):
        raise Refused(_("Choose an employee of your unit"), field="employee_id")


__all__ = ["assign_from_pool", "return_customers"]
