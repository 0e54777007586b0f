"""Telling people that customers are theirs now."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from flask_babel import lazy_gettext as _l

from app.access.actors import require_actor
from app.notices.services import notify
from app.types import NoticeKind

ASSIGNED = NoticeKind(
    "customers.assigned",
    _l("Customers assigned to me"),
    "user-heart",
    help=_l("When somebody else, or a rule, gives you customers"),
)


def tell_owner(employee_id: int | None, customer_ids: Sequence[int]) -> None:
    """Tell an account manager, in the running transaction, which customers they were given by somebody else."""
    if employee_id is None or not customer_ids or employee_id == require_actor().employee_id:
        return
    if len(customer_ids) == 1:
        title = _l("%(record)s was assigned to you")
        notify(ASSIGNED.name, title, employees=[employee_id], entity="customer", record_id=customer_ids[0])
        return
    title = _l("%(count)s customers were assigned to you", count=len(customer_ids))
    notify(ASSIGNED.name, title, employees=[employee_id], link="/customer/list/", group_key=ASSIGNED.name)


def tell_owners(employee_ids: Collection[int | None]) -> None:
    """Tell many people at once that they were given customers: one message, however many people."""
    mine = require_actor().employee_id
    others = [number for number in employee_ids if number is not None and number != mine]
    if others:
        title = _l("Customers were assigned to you")
        notify(ASSIGNED.name, title, employees=others, link="/customer/list/", group_key=ASSIGNED.name)
