"""Demonstration data: what heads and account managers did about pools in those two months."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from random import Random
from typing import Any, cast

from sqlalchemy import Integer, Table, delete, insert, null, select
from sqlalchemy.orm import Session

from app.api import (
    UNSCOPED,
    Customer,
    Employee,
    Unit,
    acting_as,
    load_actor,
    move_set,
    record_activities,
)
from plugins.pools.models import Pool, PoolEntry, PoolMovement, PoolStanding
from plugins.pools.rules import chain
from plugins.pools.services import ask_to_keep, business_today, keep_customers, lock_customers, reckon
from plugins.pools.services.days import starts_at

_OPEN = {UNSCOPED: True}
_MOVEMENT, _EMPLOYEE = cast(Table, PoolMovement.__table__), cast(Table, Employee.__table__)
#: Of what lies in a pool, the part that is given out or claimed on a working day.
GIVEN = 0.045
#: Of what came out, the part its new owner has followed up since.
FOLLOWED = 0.6
#: Why account managers apply to keep customers.
WHY = ("客户出差，约定下月初面谈", "授信资料收集中，预计两周内递交", "等待季度财报后续谈")


class Staff:
    """Who has customers, by every unit they work in or below."""

    def __init__(self, current: Session) -> None:
        self.of = defaultdict[int, list[int]](list)
        owners = select(Customer.owner_id).where(Customer.owner_id.is_not(None))
        people = select(Employee.id, Unit.path).join(Unit, Unit.id == Employee.unit_id)
        found = people.where(Employee.id.in_(owners), Employee.left_on.is_(None)).order_by(Employee.id)
        for employee_id, path in current.execute(found.execution_options(**_OPEN)):
            for unit_id in chain(path):
                self.of[unit_id].append(employee_id)


def give_out(current: Session, random: Random, staff: Staff, day: date) -> None:
    """A day's claims, assignments and returns: the ledger and what lies in pools; owners follow with `hand_over`."""
    lying = (
        select(PoolEntry.customer_id, PoolEntry.pool_id, PoolEntry.unit_id, PoolEntry.from_employee_id, Pool.kind)
        .join(Pool, Pool.id == PoolEntry.pool_id)
        .order_by(PoolEntry.customer_id)
    )
    gone: list[dict[str, Any]] = []
    for row in current.execute(lying.execution_options(**_OPEN)):
        others = [person for person in staff.of[row.unit_id] if person != row.from_employee_id]
        if random.random() > GIVEN or not others:
            continue
        act = "claim" if row.kind == "city" else random.choice(("assign", "assign", "return"))
        gone.append(
            {
                "customer_id": row.customer_id, "act": act, "from_pool_id": row.pool_id,
                "to_employee_id": row.from_employee_id if act == "return" else random.choice(others),
                "reason": {"assign": "转由更熟悉该区域的客户经理跟进", "return": "原客户经理已说明情况"}.get(act, ""),
                "at": starts_at(day) + timedelta(hours=9, minutes=random.randrange(500)),
            }
        )  # fmt: skip
    if gone:
        current.execute(insert(PoolMovement), gone)
        out = delete(PoolEntry).where(PoolEntry.customer_id.in_([row["customer_id"] for row in gone]))
        current.execute(out.execution_options(synchronize_session=False, **_OPEN))


def hand_over(current: Session) -> None:
    """Let the customers that came out of pools be whose the ledger says they are, since then."""
    m, employee = _MOVEMENT.c, _EMPLOYEE.c
    for act in ("claim", "assign", "return"):
        moved = (
            select(
                m.customer_id, m.to_employee_id.label("to_id"), employee.unit_id, m.reason,
                null().cast(Integer).label("rule_id"), m.at,
            )
            .join_from(_MOVEMENT, _EMPLOYEE, employee.id == m.to_employee_id)
            .where(m.act == act)
            .subquery("moved")
        )  # fmt: skip
        move_set(moved, cause=f"pools.{act}")


def follow_up(current: Session, random: Random) -> None:
    """Most of those who got a customer have called on it since."""
    m = PoolMovement
    won = select(m.customer_id, m.to_employee_id, m.at).where(m.act.in_(("claim", "assign", "return")))
    today, rows = starts_at(business_today()), []
    for row in current.execute(won.order_by(m.id)):
        at = row.at + timedelta(days=random.randrange(1, 12), minutes=random.randrange(60))
        if random.random() < FOLLOWED and at < today:
            rows.append({"customer_id": row.customer_id, "employee_id": row.to_employee_id, "at": at,
                         "subject": "接手后首次联系", "result": "follow_up"})  # fmt: skip
    record_activities(rows)
    reckon(current, None)


def ask_and_lock(current: Session) -> None:
    """Applications that wait for the heads, customers a head keeps, and some that are locked."""
    s = PoolStanding
    red = select(s.customer_id, s.owner_id, s.unit_id, Employee.user_id).join(Employee, Employee.id == s.owner_id)
    red = red.where(s.stage == "red", s.spared == "", Employee.user_id.is_not(None)).order_by(s.pool_on, s.customer_id)
    by_unit = defaultdict[int, list[Any]](list)
    for row in current.execute(red.execution_options(**_OPEN)):
        by_unit[row.unit_id].append(row)
    heads = select(Unit.id, Employee.user_id).join(Employee, Employee.id == Unit.head_id).order_by(Unit.id)
    for place, (unit_id, user_id) in enumerate(current.execute(heads.execution_options(**_OPEN)).all()):
        head, rows = load_actor(user_id or 0), by_unit[unit_id]
        if head is None or len(rows) < len(WHY):
            continue
        for row, why in zip(rows[: 1 if place % 2 else 2], WHY, strict=False):
            with acting_as(load_actor(row.user_id)):
                ask_to_keep([row.customer_id], why)
        with acting_as(head):
            if place % 2:
                lock_customers([rows[1].customer_id], "诉讼期间暂停流转", business_today() + timedelta(days=60))
            else:
                keep_customers([rows[2].customer_id], 15, "已约见客户，给予一次延期")


__all__ = ["Staff", "ask_and_lock", "follow_up", "give_out", "hand_over"]
