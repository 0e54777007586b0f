"""Who owns a customer: one set-based verb, one ledger row per change, never edited."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Any, Final

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, delete, insert, literal, null, select, update
from sqlalchemy.orm import Session

from app.access.actors import require_actor
from app.access.audit import Act, record_acts
from app.access.scope import UNSCOPED, held_condition
from app.customers.models import Customer, CustomerOwnership, CustomerShare
from app.customers.services.telling import tell_owner
from app.db import UtcDateTime, after_commit, now, transaction
from app.fields.bulk import among
from app.host.context import entity, hooks
from app.organisation.models import Employee
from app.types import Refused


class _Any(Enum):
    ANYBODY = "anybody"


#: `from_employee_id` when it does not matter who owned the customers before.
ANYBODY: Final = _Any.ANYBODY


def assign_customers(
    which: Sequence[int] | ColumnElement[bool],
    employee_id: int | None,
    *,
    cause: str,
    reason: str = "",
    from_employee_id: int | _Any | None = ANYBODY,
    unit_id: int | None = None,
    scoped: bool = True,
) -> list[int]:
    """Give customers to an employee, or (None) take their owner away; returns the ids that changed hands.

    `which` is a list of ids or a SQL condition on `Customer`. With ids it is all or nothing; with a
    condition it is whatever the condition finds. Customers who have that owner already are left alone.
    `from_employee_id` moves only customers of that owner (None: of nobody), looked at under the row's
    lock, so that of two people claiming one customer one wins. The unit becomes the new owner's;
    without an owner it stays, or becomes `unit_id`. `scoped=False` is for a module whose own rule
    allows the act beyond the actor's scope (a pool's claim).

    Raises `Refused` for ids outside the actor's scope or not of that owner, for an employee who has
    left, and for a veto of `before_assign`. Event: `assigned`, after the commit.
    """
    actor = require_actor()
    with transaction() as current:
        current.flush()
        unit = unit_id if employee_id is None else _unit_of(current, employee_id)
        asked = None if isinstance(which, ColumnElement) else set(which)
        statement = select(Customer.id, Customer.name, Customer.owner_id, Customer.unit_id)
        chosen = which if isinstance(which, ColumnElement) else among(current, Customer.id, set(which))
        statement = statement.where(chosen)
        if scoped:
            statement = statement.where(held_condition(entity("customer"), actor))
        if from_employee_id is not ANYBODY:
            statement = statement.where(Customer.owner_id.is_not_distinct_from(from_employee_id))
        # in the order of ids, so that two of these never wait for each other
        statement = statement.order_by(Customer.id).with_for_update(key_share=True)
        found = current.execute(statement.execution_options(**{UNSCOPED: True})).all()
        if asked is not None and len(found) != len(asked):
            missing = len(asked) - len(found)
            raise Refused(
                _(
                    "%(count)s of these customers are out of your reach, or just assigned by another",
                    count=missing,
                )
            )
        moved = [row for row in found if row.owner_id != employee_id or (unit is not None and row.unit_id != unit)]
        ids = [row.id for row in moved]
        if not ids:
            return []
        hooks().gate("before_assign", customer_ids=ids, employee_id=employee_id, cause=cause, actor=actor)
        _write(current, ids, employee_id, unit, cause, reason)
        hooks().gate("customers_changed", customer_ids=ids, what="owner")
        record_acts(
            current,
            (
                Act("assign", "customer", str(row.id), row.name, {"owner_id": [row.owner_id, employee_id]})
                for row in moved
            ),
        )
        tell_owner(employee_id, [row.id for row in moved if row.owner_id != employee_id])
        after_commit(lambda: hooks().event("assigned", customer_ids=ids, employee_id=employee_id, cause=cause))
    return ids


def _write(
    current: Session, ids: list[int], employee_id: int | None, unit_id: int | None, cause: str, reason: str
) -> None:
    """Ledger first, from the rows as they are, then the rows; both over the same locked set."""
    table, moment = Customer.__table__, now()
    chosen = among(current, table.c.id, ids)
    unit: Any = table.c.unit_id if unit_id is None else literal(unit_id)
    to: Any = null() if employee_id is None else literal(employee_id)
    user_id = require_actor().user_id
    ledger = select(
        table.c.id,
        table.c.owner_id,
        to,
        table.c.unit_id,
        unit,
        literal(cause),
        literal(reason),
        literal(moment, UtcDateTime),
        null() if user_id is None else literal(user_id),
    ).where(chosen)
    names = (
        "customer_id",
        "from_employee_id",
        "to_employee_id",
        "from_unit_id",
        "to_unit_id",
        "cause",
        "reason",
        "at",
        "by_user_id",
    )
    current.execute(insert(CustomerOwnership.__table__).from_select(names, ledger, include_defaults=False))  # type: ignore[arg-type]
    current.execute(
        update(table)  # type: ignore[arg-type]
        .where(chosen)
        .values(
            owner_id=employee_id,
            unit_id=unit,
            owned_since_at=None if employee_id is None else moment,
            version=table.c.version + 1,
        )
    )
    if employee_id is not None:  # an owner needs no share of the own customer
        shares = CustomerShare.__table__
        current.execute(
            delete(shares).where(  # type: ignore[arg-type]
                among(current, shares.c.customer_id, ids), shares.c.employee_id == employee_id
            )
        )
    gone = set(ids)
    for record in list(current.identity_map.values()):
        if isinstance(record, Customer) and record.id in gone:
            current.expire(record)


def _unit_of(current: Session, employee_id: int) -> int:
    statement = select(Employee.unit_id).where(
        Employee.id == employee_id, Employee.left_on.is_(None) | (Employee.left_on >= now().date())
    )
    unit_id = current.scalar(statement.execution_options(**{UNSCOPED: True}))
    if unit_id is None:
        raise Refused(_("This employee has left or does not exist"), field="employee_id")
    return unit_id
