"""Next steps: whose they are, which are still open, and how they change hands."""

from __future__ import annotations

from typing import Any, cast

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Table, and_, case, null, or_, select, update

from app.access.audit import Act, record_acts
from app.activities.models import Activity
from app.customers.models import Customer
from app.db import transaction
from app.fields.bulk import among
from app.types import Handing, Holding

_ACTIVITY, _CUSTOMER = cast(Table, Activity.__table__), cast(Table, Customer.__table__)
_LATER = _ACTIVITY.alias("later")


def is_for(employee_id: int | None, on: Any = Activity) -> ColumnElement[bool]:
    """Whose a next step is: who did the follow-up, or whom it was handed over to. `on` is the class or its columns."""
    return or_(on.next_for_id == employee_id, and_(on.next_for_id.is_(None), on.employee_id == employee_id))


def step_holding(employee_id: int) -> Holding:
    """The open next steps of somebody: not yet answered by a later follow-up with the customer."""
    answered = select(_LATER.c.id).where(_LATER.c.customer_id == _ACTIVITY.c.customer_id, _LATER.c.at > _ACTIVITY.c.at)
    rows = (
        select(_ACTIVITY.c.id.label("id"), _CUSTOMER.c.unit_id.label("unit_id"), _CUSTOMER.c.owner_id.label("with_id"))
        .join_from(_ACTIVITY, _CUSTOMER, _CUSTOMER.c.id == _ACTIVITY.c.customer_id)
        .where(
            is_for(employee_id, _ACTIVITY.c),
            or_(_ACTIVITY.c.next_on.is_not(None), _ACTIVITY.c.next_step != ""),
            ~answered.correlate(_ACTIVITY).exists(),
        )
    )
    return Holding(
        "activities.steps", _l("Open next steps"), "activity", rows, hand_steps, take_steps_back,
        follows=True, order=30,
    )  # fmt: skip


def hand_steps(asked: Handing) -> dict[int, str]:
    """Give next steps to the receiver; who did the follow-up keeps the credit."""
    still = is_for(asked.giver_id, _ACTIVITY.c)
    return dict.fromkeys(_hand(asked, still, asked.receiver_id, (asked.giver_id, asked.receiver_id)), "")


def take_steps_back(asked: Handing) -> list[int]:
    """Give next steps back that are still the receiver's."""
    back = case((_ACTIVITY.c.employee_id == asked.giver_id, null()), else_=asked.giver_id)
    still = _ACTIVITY.c.next_for_id == asked.receiver_id
    return _hand(asked, still, back, (asked.receiver_id, asked.giver_id))


def _hand(asked: Handing, still: ColumnElement[bool], to: Any, change: tuple[int | None, int | None]) -> list[int]:
    with transaction() as current:
        moved = current.execute(
            update(_ACTIVITY)
            .where(among(current, _ACTIVITY.c.id, asked.records), still)
            .values(next_for_id=to, updated_at=_ACTIVITY.c.updated_at)
            .returning(_ACTIVITY.c.id, _ACTIVITY.c.subject)
        ).all()
        changes = {"next_for_id": list(change)}
        record_acts(current, [Act("hand_over", "activity", str(row.id), row.subject, changes) for row in moved])
    return [row.id for row in moved]


__all__ = ["is_for", "step_holding"]
