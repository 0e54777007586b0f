"""Business developments (业务拓展): opened, changed, moved forward stage by stage."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _

from app.api import after_commit, entity, find_record, hooks, now, require_actor, transaction
from app.types import Refused
from plugins.loans import rules
from plugins.loans.models import Development
from plugins.loans.services.reach import account_manager_of, customer_to_change

_ENTITY = "loans_development"


def open_development(values: dict[str, Any]) -> Development:
    """Start a business development; owner and unit come from the customer. Raises `Refused` by field."""
    with transaction() as current:
        customer = customer_to_change(values["customer_id"])
        _check_amount(values.get("expected_amount"))
        record = Development(
            **values,
            stage=rules.STAGES[0],
            owner_id=account_manager_of(customer),
            unit_id=customer.unit_id,
            created_by=require_actor().user_id,
        )
        current.add(record)
        current.flush()
    return record


def change_development(record: Development, values: dict[str, Any]) -> None:
    """Change a development that is not over. Raises `Refused` by field."""
    with transaction() as current:
        if rules.is_closed(record.stage):
            raise Refused(_("A development that is won or lost cannot be changed"))
        for name, value in values.items():
            setattr(record, name, value)
        _check_amount(record.expected_amount)
        if rules.needs_amount(record.stage):
            _need_amount(record)
        current.flush()


def move_stage(record: Development, to: str, reason: str = "") -> None:
    """Move a development one stage forward (阶段升迁), or out as lost.

    Raises `Refused` when the guard rules or a module's veto do not let it.
    """
    actor, reason = require_actor(), reason.strip()
    with transaction() as current:
        current.refresh(record, with_for_update=True)
        if find_record(entity(_ENTITY), record.id, write=True) is None:
            raise Refused(_("You may see this record, but not change it"))
        if not rules.may_move(record.stage, to):
            raise Refused(_("A stage can only move one step forward, or be given up before it is won"))
        if to == rules.LOST and not reason:
            raise Refused(_("Please say why it was lost"), field="reason")
        if len(reason) > 300:
            raise Refused(_("At most %(count)s characters", count=300), field="reason")
        if rules.needs_amount(to):
            _need_amount(record)
        transition = f"{record.stage}>{to}"
        hooks().gate("before_transition", entity=_ENTITY, record=record, transition=transition, actor=actor)
        record.stage, record.stage_since_at = to, now()
        record.lost_reason = reason if to == rules.LOST else None
        current.flush()
        record_id = record.id
        after_commit(lambda: hooks().event("transitioned", entity=_ENTITY, record_id=record_id, transition=transition))


def _need_amount(record: Development) -> None:
    if not record.expected_amount:
        raise Refused(_("From the proposal on, the expected amount must be known"), field="expected_amount")


def _check_amount(amount: Any) -> None:
    if amount is not None and amount <= 0:
        raise Refused(_("The amount must be more than zero"), field="expected_amount")


__all__ = ["change_development", "move_stage", "open_development"]
