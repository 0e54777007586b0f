"""Loan applications (申请单): written with their schedule, changed as drafts, moved from state to state."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.api import (
    UNSCOPED,
    Customer,
    after_commit,
    entity,
    find_record,
    hooks,
    now,
    require_actor,
    setting,
    transaction,
)
from app.types import Actor, Refused
from plugins.loans import rules
from plugins.loans.clock import today
from plugins.loans.models import Application, Development
from plugins.loans.services.approving import ENTITY, begin_approval, end_approval, is_in_approval, is_returned
from plugins.loans.services.numbers import next_number
from plugins.loans.services.reach import account_manager_of, customer_to_change
from plugins.loans.services.reconsidering import check_reconsidered
from plugins.loans.services.schedule import write_schedule

_OPEN = {UNSCOPED: True}


def write_application(values: dict[str, Any]) -> Application:
    """Store a new application with a gapless number and its repayment schedule. Raises `Refused` by field."""
    with transaction() as current:
        customer = customer_to_change(values["customer_id"])
        _check_development(current, values["customer_id"], values.get("development_id"))
        check_reconsidered(current, values["customer_id"], values.get("reconsiders_id"))
        record = Application(
            **values,
            number=next_number(current, today().year),
            state="draft",
            owner_id=account_manager_of(customer),
            unit_id=customer.unit_id,
            created_by=require_actor().user_id,
        )
        current.add(record)
        write_schedule(current, record)
    return record


def change_application(record: Application, values: dict[str, Any]) -> None:
    """Change a draft, or what a flow has returned, and compute its schedule anew. Raises `Refused` for any other."""
    with transaction() as current:
        if record.state != "draft" and not (record.state == "submitted" and is_returned(record)):
            raise Refused(_("Only a draft can be changed; take the application back first"))
        for name, value in values.items():
            setattr(record, name, value)
        _check_development(current, record.customer_id, record.development_id)
        write_schedule(current, record)


def change_state(record: Application, to: str, note: str = "") -> None:
    """Submit, take back, grant, refuse or withdraw an application; `note` says why, and a refusal needs it.

    Where the site has a flow for applications, submitting begins a case, and that decides; else two people are needed
    for a decision: neither who owns the application or its customer nor who wrote it decides it. Raises `Refused`.
    """
    actor, note = require_actor(), note.strip()
    with transaction() as current:
        if find_record(entity(ENTITY), record.id, write=True) is None:
            raise Refused(_("You may see this record, but not change it"))
        if len(note) > 300:
            raise Refused(_("At most %(count)s characters", count=300), field="note")
        # A case is locked before its record, here as where people decide: two of them never wait for one another.
        was_in_approval = to in ("draft", "withdrawn") and end_approval(record, note)
        current.refresh(record, with_for_update=True)
        if was_in_approval and to == "draft":
            return  # the end of the case has made it one
        act = rules.MOVES.get((record.state, to))
        if act is None:
            raise Refused(_("The application is in a state that does not allow this"))
        if act == "decide":
            _check_decision(current, record, actor, to, note)
        move(current, record, to, actor.employee_id if act == "decide" else None, note)
        if act == "submit":
            begin_approval(record)


def move(current: Session, record: Application, to: str, decided_by: int | None, note: str) -> None:
    """Bring an application into a state, in the running transaction; others are asked before and told after."""
    transition = f"{record.state}>{to}"
    hooks().gate("before_transition", entity=ENTITY, record=record, transition=transition, actor=require_actor())
    moment = now()
    record.state = to
    record.submitted_at = moment if to == "submitted" else None if to == "draft" else record.submitted_at
    record.granted_at = moment if to == "granted" else None
    record.decided_by_id = decided_by
    record.decision_note = note or None
    current.flush()
    record_id = record.id
    after_commit(lambda: hooks().event("transitioned", entity=ENTITY, record_id=record_id, transition=transition))


def _check_decision(current: Session, record: Application, actor: Actor, to: str, note: str) -> None:
    """One person decides only where no flow does, and not without a reason against it."""
    if is_in_approval(record):
        raise Refused(_("This application is in an approval flow, which decides about it"))
    _check_decider(current, record, actor)
    if to == "refused" and not note:
        raise Refused(_("Please say why it is not granted"), field="note")


def _check_decider(current: Session, record: Application, actor: Actor) -> None:
    """Nobody decides what is theirs; the installation itself decides nothing."""
    owner = select(Customer.owner_id).where(Customer.id == record.customer_id).execution_options(**_OPEN)
    owners = {record.owner_id, current.scalar(owner)} - {None}
    if actor.is_system or actor.employee_id in owners or actor.user_id == record.created_by:
        raise Refused(_("Nobody decides on an application of their own"))


def prefill(development: Development | None) -> dict[str, Any]:
    """What a new application starts with, from its development and the site's settings."""
    values: dict[str, Any] = {
        "start_on": today(),
        "method": setting("loans.method"),
        "months": setting("loans.months"),
        "annual_rate": Decimal(setting("loans.rate_basis_points")) / 100,
    }
    if development is not None:
        values.update(
            customer_id=development.customer_id,
            development_id=development.id,
            amount=development.expected_amount,
            purpose=development.name,
        )
    return {name: value for name, value in values.items() if value is not None}


def _check_development(current: Session, customer_id: int, development_id: int | None) -> None:
    if development_id is None:
        return
    development = current.scalar(select(Development).where(Development.id == development_id).execution_options(**_OPEN))
    if development is None or development.customer_id != customer_id:
        raise Refused(_("This business development belongs to another customer"), field="development_id")
    if development.stage == rules.LOST:
        raise Refused(_("This business development was lost"), field="development_id")


__all__ = ["change_application", "change_state", "move", "prefill", "write_application"]
