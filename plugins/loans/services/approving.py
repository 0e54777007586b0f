"""Applications in an approval flow: begun by submitting, ended by what the flow decides."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from app.api import (
    UNSCOPED,
    Customer,
    approvals,
    require_actor,
    session,
)
from app.types import Actor, Veto
from plugins.loans.models import Application

ENTITY = "loans_application"
#: What a case is begun for: not by hand on its page, but by submitting the application.
ASKED = "submit"
#: Acts of the kernel that decide on a case.
_DECIDING = ("approvals.approve", "approvals.refuse", "approvals.abstain")
_OPEN = {UNSCOPED: True}


def begin_approval(record: Application) -> bool:
    """Put a submitted application into the site's flow, in the running transaction; False where there is none."""
    flow = approvals.flow_of(ENTITY)
    if flow is None:
        return False
    session().flush()
    approvals.start_case(flow, ENTITY, record.id, asked=ASKED)
    return True


def end_approval(record: Application, note: str) -> bool:
    """Take an application back out of its flow; whether it was in one. Raises `Refused` where the flow says no."""
    case = approvals.open_cases(ENTITY, [record.id]).get(record.id)
    if case is None:
        return False
    approvals.withdraw(case.id, note)
    return True


def is_in_approval(record: Application) -> bool:
    """Whether a flow decides about it now."""
    return bool(approvals.open_cases(ENTITY, [record.id]))


def is_returned(record: Application) -> bool:
    """Whether its flow has given it back to the acting person, who may correct it."""
    case = approvals.open_cases(ENTITY, [record.id]).get(record.id)
    return case is not None and case.is_returned and case.applicant_id == require_actor().employee_id


def own_customer_veto(entity: str, record: Any, transition: str, actor: Actor) -> Veto | None:
    """Nobody decides on a loan to a customer of their own, also where somebody else has applied for it."""
    if entity != ENTITY or transition not in _DECIDING or not isinstance(record, Application):
        return None
    owner = select(Customer.owner_id).where(Customer.id == record.customer_id)
    if actor.employee_id is not None and session.scalar(owner.execution_options(**_OPEN)) == actor.employee_id:
        return Veto(_("Nobody decides on an application of their own"))
    return None


__all__ = [
    "ASKED", "ENTITY", "begin_approval", "end_approval", "is_in_approval", "is_returned", "own_customer_veto",
]  # fmt: skip
