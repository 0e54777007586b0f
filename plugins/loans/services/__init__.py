"""Verbs of loans: open and move a development, write an application with its schedule, change its state."""

from __future__ import annotations

from plugins.loans.services.applications import (
    change_application,
    change_state,
    prefill,
    write_application,
)
from plugins.loans.services.approving import is_in_approval, is_returned, own_customer_veto
from plugins.loans.services.cases import approve_case, refuse_case, reopen_case
from plugins.loans.services.developments import change_development, move_stage, open_development
from plugins.loans.services.handing import loan_holdings
from plugins.loans.services.reach import own_customers
from plugins.loans.services.reconsidering import differences, reconsiderations, refill
from plugins.loans.services.schedule import preview_schedule, read_schedule, write_schedule

__all__ = [
    "approve_case",
    "change_application",
    "change_development",
    "change_state",
    "differences",
    "is_in_approval",
    "is_returned",
    "loan_holdings",
    "move_stage",
    "open_development",
    "own_customer_veto",
    "own_customers",
    "prefill",
    "preview_schedule",
    "read_schedule",
    "reconsiderations",
    "refill",
    "refuse_case",
    "reopen_case",
    "write_application",
    "write_schedule",
]
