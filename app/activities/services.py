"""Recording follow-ups, one or a hundred thousand, with the customer's last follow-up kept in step."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from app.access.actors import require_actor
from app.access.audit import Act, record_acts
from app.access.scope import scope_condition
from app.activities.models import Activity
from app.activities.rules import faults
from app.customers.models import Customer
from app.db import after_commit, now, transaction
from app.fields.bulk import among, insert_rows, next_ids
from app.fields.custom.keeping import derive
from app.fields.custom.linked import removing
from app.host.context import entity, hooks
from app.types import Refused

_TABLE = Activity.__table__
_CUSTOMER = Customer.__table__
_FAULTS = {
    "future": _l("A follow-up cannot lie in the future; use the next step for what is planned"),
    "amount_without_deal": _l("Only a follow-up with the result “Deal” has an amount"),
    "negative": _l("This number cannot be negative"),
}


def record_activity(values: dict[str, Any]) -> Activity:
    """One follow-up with a customer the actor may change; `employee_id` and `at` are filled in when missing.

    Raises `Refused` by field: a moment in the future, an amount without a deal, a customer out of reach.
    Event: `activity_recorded`, after the commit.
    """
    with transaction() as current:
        row = _prepared(values)
        _lock(current, {row["customer_id"]})
        activity = Activity(**row)
        current.add(activity)
        current.flush()
        refresh_customers(current, [row["customer_id"]])
        _announce([row])
    return activity


def record_activities(rows: Sequence[dict[str, Any]], *, by_actor: bool = True) -> list[int]:
    """Many follow-ups in one pass; returns their ids in the order of the rows. Same rules as for one.

    Where a row names no `employee_id` the actor did it; without `by_actor`, nobody is credited.
    Raises `Refused`; then none is kept. The audit log gets one entry for all.
    """
    if not rows:
        return []
    with transaction() as current:
        prepared = [_prepared(row, by_actor) for row in rows]
        customers = {row["customer_id"] for row in prepared}
        _lock(current, customers)
        ids = next_ids(current, _TABLE, len(prepared))  # type: ignore[arg-type]
        for row, number in zip(prepared, ids, strict=True):
            row["id"] = number
        names = list(dict.fromkeys(name for row in prepared for name in row))
        insert_rows(current, _TABLE, prepared, names)  # type: ignore[arg-type]
        span = f"{ids[0]}-{ids[-1]}"
        record_acts(current, [Act("create_many", "activity", "", f"{len(ids)}", {"id": [None, span]})])
        refresh_customers(current, customers)
        _announce(prepared)
    return ids


def update_activity(activity: Activity, values: dict[str, Any]) -> None:
    """Change a follow-up; who did it keeps the credit. Raises `Refused` by field."""
    _check({"result": activity.result, "amount": activity.amount, **values})
    with transaction() as current:
        _lock(current, {activity.customer_id})
        for name, value in values.items():
            setattr(activity, name, value)
        current.flush()
        refresh_customers(current, [activity.customer_id])


def delete_activity(activity: Activity) -> None:
    """Remove a follow-up recorded by mistake; the customer's last follow-up is what remains."""
    with transaction() as current:
        _lock(current, {activity.customer_id})
        current.delete(activity)
        current.flush()
        refresh_customers(current, [activity.customer_id])


def delete_activities(ids: Collection[int]) -> None:
    """Remove many follow-ups in one pass; same rules as for one. Raises `Refused` when a customer is out of reach."""
    with transaction() as current:
        found = select(_TABLE.c.id, _TABLE.c.customer_id, _TABLE.c.subject).where(among(current, _TABLE.c.id, ids))
        rows = current.execute(found).all()
        customers = {row.customer_id for row in rows}
        _lock(current, customers)
        gone = [row.id for row in rows]
        with removing(current, _TABLE, gone):  # type: ignore[arg-type]
            current.execute(delete(_TABLE).where(among(current, _TABLE.c.id, gone)))  # type: ignore[arg-type]
        record_acts(current, [Act("delete", "activity", str(row.id), row.subject) for row in rows])
        refresh_customers(current, customers)


def refresh_customers(current: Session, customer_ids: Collection[int]) -> None:
    """Set last and last effective follow-up of customers (their rows are locked) from what is recorded."""
    mine = _TABLE.c.customer_id == _CUSTOMER.c.id
    last = select(func.max(_TABLE.c.at)).where(mine)
    current.execute(
        update(_CUSTOMER)  # type: ignore[arg-type]
        .where(among(current, _CUSTOMER.c.id, customer_ids))
        .values(
            last_followed_at=last.scalar_subquery(),
            last_effective_at=last.where(_TABLE.c.effective).scalar_subquery(),
            # a follow-up is no edit of the customer: nobody's open form becomes stale by it
            updated_at=_CUSTOMER.c.updated_at,
        )
    )
    derive(current, _CUSTOMER, customer_ids, ("last_followed_at", "last_effective_at"))
    hooks().gate("customers_changed", customer_ids=sorted(customer_ids), what="follow_up")
    for record in list(current.identity_map.values()):
        if isinstance(record, Customer) and record.id in customer_ids:
            current.expire(record, ["last_followed_at", "last_effective_at"])


def _prepared(values: Mapping[str, Any], by_actor: bool = True) -> dict[str, Any]:
    actor = require_actor()
    row = {name: value for name, value in values.items() if value is not None}
    row.setdefault("at", now())
    row.setdefault("kind", "call")
    row.setdefault("direction", "out")
    row.setdefault("subject", "")
    row.setdefault("effective", True)
    if by_actor and actor.employee_id is not None:
        row.setdefault("employee_id", actor.employee_id)
    row["created_by"] = actor.user_id
    _check(row)
    return row


def _check(values: Mapping[str, Any]) -> None:
    if wrong := faults(values, now()):
        raise Refused(errors={name: str(_FAULTS[code]) for name, code in wrong.items()})


def _lock(current: Session, customer_ids: set[int]) -> None:
    """Lock the customers in id order; refuse when one is beyond what the actor may change."""
    statement = (
        select(_CUSTOMER.c.id)
        .where(among(current, _CUSTOMER.c.id, customer_ids))
        .where(scope_condition(entity("customer"), require_actor(), write=True))
        .order_by(_CUSTOMER.c.id)
        .with_for_update(key_share=True)
    )
    if len(current.execute(statement).all()) != len(customer_ids):
        raise Refused(_("You may see this customer, but not change it"), field="customer_id")


def _announce(rows: Sequence[Mapping[str, Any]]) -> None:
    ids = sorted({row["customer_id"] for row in rows})
    at = max(row["at"] for row in rows)
    effective = any(row["effective"] for row in rows)
    after_commit(lambda: hooks().event("activity_recorded", customer_ids=ids, at=at, effective=effective))
