"""Verbs of loans: open and move a development, write an application with its schedule, change its state."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from app.api import Customer, after_commit, context, find_record, entity, hooks, now, require_actor, transaction
from app.types import Refused
from plugins.loans import rules
from plugins.loans.models import Application, Counter, Development, Instalment

#: What an application's state may become, and whether its figures can still change.
STATES: dict[str, tuple[str, ...]] = {
    "draft": ("submitted", "withdrawn"),
    "submitted": ("granted", "refused", "draft", "withdrawn"),
    "granted": (),
    "refused": (),
    "withdrawn": (),
}
_REASONS = {
    "amount": ("amount", lambda: _("The amount must be at least 0.01, with at most two decimals")),
    "rate": ("annual_rate", lambda: _("The annual rate must be between 0 and 100 percent")),
    "months": ("months", lambda: _("The term must be between 1 and 600 months")),
    "method": ("method", lambda: _("Choose a repayment method")),
}


def open_development(values: dict[str, Any]) -> Development:
    """Start a business development; owner and unit come from the customer."""
    with transaction() as current:
        customer = current.get_one(Customer, values["customer_id"])
        record = Development(**values, owner_id=_own(customer), unit_id=customer.unit_id)
        current.add(record)
        current.flush()
    return record


def move_stage(record: Development, to: str, reason: str = "") -> None:
    """Move a development one stage forward (阶段升迁), or out as lost.

    Raises `Refused` when the guard rules or a module's veto do not let it.
    """
    actor = require_actor()
    with transaction() as current:
        current.refresh(record, with_for_update=True)
        if find_record(entity("loans_development"), record.id, write=True) is None:
            raise Refused(_("You may see this record, but not change it"))
        if not rules.may_move(record.stage, to):
            raise Refused(_("A stage can only move one step forward, or be given up before it is won"))
        if to == rules.LOST and not reason.strip():
            raise Refused(_("Please say why it was lost"), field="lost_reason")
        if rules.STAGES.index(to) >= 2 if to in rules.STAGES else False:
            _need_amount(record)
        transition = f"{record.stage}>{to}"
        hooks().gate(
            "before_transition", entity="loans_development", record=record, transition=transition, actor=actor
        )
        record.stage, record.stage_since_at = to, now()
        record.lost_reason = reason.strip() or None
        current.flush()
        record_id = record.id
        after_commit(
            lambda: hooks().event(
                "transitioned", entity="loans_development", record_id=record_id, transition=transition
            )
        )


def _need_amount(record: Development) -> None:
    if not record.expected_amount:
        raise Refused(_("From the proposal on, the expected amount must be known"), field="expected_amount")


def write_application(values: dict[str, Any]) -> Application:
    """Store a new application with a gapless number and its repayment schedule. Raises `Refused`."""
    with transaction() as current:
        customer = current.get_one(Customer, values["customer_id"])
        _check_development(current, values)
        values.setdefault("start_on", _today())
        record = Application(**values, number=_next_number(current), owner_id=_own(customer), unit_id=customer.unit_id)
        record.state = "draft"
        current.add(record)
        write_schedule(current, record)
    return record


def change_application(record: Application, values: dict[str, Any]) -> None:
    """Change a draft and compute its schedule anew. Raises `Refused` once it has been submitted."""
    with transaction() as current:
        if record.state != "draft":
            raise Refused(_("Only a draft can be changed; take the application back first"))
        for name, value in values.items():
            setattr(record, name, value)
        _check_development(current, {"customer_id": record.customer_id, "development_id": record.development_id})
        write_schedule(current, record)


def change_state(record: Application, to: str) -> None:
    """Submit, take back, grant, refuse or withdraw an application.

    Whoever owns the application cannot grant or refuse it: two people are needed. Raises `Refused`.
    """
    actor = require_actor()
    with transaction() as current:
        current.refresh(record, with_for_update=True)
        if find_record(entity("loans_application"), record.id, write=True) is None:
            raise Refused(_("You may see this record, but not change it"))
        if to not in STATES[record.state]:
            raise Refused(_("The application is in a state that does not allow this"))
        if to in ("granted", "refused") and (actor.is_system or actor.employee_id == record.owner_id):
            raise Refused(_("Nobody decides on an application of their own"))
        transition = f"{record.state}>{to}"
        hooks().gate(
            "before_transition", entity="loans_application", record=record, transition=transition, actor=actor
        )
        record.state = to
        record.granted_at = now() if to == "granted" else None
        current.flush()
        record_id = record.id
        after_commit(
            lambda: hooks().event(
                "transitioned", entity="loans_application", record_id=record_id, transition=transition
            )
        )


def write_schedule(current: Session, record: Application) -> None:
    """Compute and store the schedule of an application. Raises `Refused` naming the wrong field."""
    try:
        lines = rules.repayment_schedule(
            record.method, record.amount, record.annual_rate, record.months, record.start_on
        )
    except rules.ScheduleError as wrong:
        field, reason = _REASONS[wrong.code]
        raise Refused(reason(), field=field) from wrong
    current.flush()
    current.execute(delete(Instalment).where(Instalment.application_id == record.id))
    current.execute(
        insert(Instalment),
        [
            {
                "application_id": record.id, "number": line.number, "due_on": line.due_on,
                "principal": line.principal, "interest": line.interest, "balance": line.balance,
            }
            for line in lines
        ],
    )


def prefill(customer: Customer, development: Development | None) -> dict[str, Any]:
    """What a new application starts with, from its customer and development."""
    values: dict[str, Any] = {"customer_id": customer.id, "start_on": _today()}
    if development is not None:
        values.update(development_id=development.id, amount=development.expected_amount, purpose=development.name)
    return values


def _check_development(current: Session, values: dict[str, Any]) -> None:
    if values.get("development_id") is None:
        return
    development = current.get(Development, values["development_id"])
    if development is None or development.customer_id != values["customer_id"]:
        raise Refused(_("This business development belongs to another customer"), field="development_id")


def _next_number(current: Session) -> str:
    """``A2026-000001``: gapless within the year, because the counter's row is locked until the commit."""
    year = _today().year
    counter = current.scalar(select(Counter).where(Counter.year == year).with_for_update())
    if counter is None:
        counter = Counter(year=year, last=0)
        current.add(counter)
    counter.last += 1
    current.flush()
    return f"A{year}-{counter.last:06d}"


def _own(customer: Customer) -> int | None:
    return customer.owner_id if customer.owner_id is not None else require_actor().employee_id


def _today() -> Any:
    return now().astimezone(ZoneInfo(context().site.timezone)).date()


__all__ = [
    "STATES", "change_application", "change_state", "move_stage", "open_development", "prefill",
    "write_application", "write_schedule",
]
