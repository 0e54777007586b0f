"""The verbs of approvals: each is one transaction with the case locked, and refuses with a reason people can read."""

from __future__ import annotations

from app.approvals.services.acting import (
    Decided,
    add_signers,
    ask_material,
    call_off,
    cancel_case,
    copy_to,
    decide,
    decide_many,
    give_back,
    remove_signer,
    resubmit,
    transfer,
    urge,
    withdraw,
)
from app.approvals.services.delegating import administers, delegate, delegations_to, end_delegation
from app.approvals.services.ending import fill_in, finish_now
from app.approvals.services.keeping import verify_case
from app.approvals.services.open_cases import (
    OpenCase,
    entities_in_flow,
    flow_of,
    last_decision,
    open_cases,
    records_in_flow,
    switch_flow,
)
from app.approvals.services.reading import CaseView, Line, read_case
from app.approvals.services.saying import comment_case, give_material
from app.approvals.services.starting import start_case
from app.approvals.services.telling import case_path

__all__ = [
    "CaseView",
    "Decided",
    "Line",
    "OpenCase",
    "add_signers",
    "administers",
    "ask_material",
    "call_off",
    "cancel_case",
    "case_path",
    "comment_case",
    "copy_to",
    "decide",
    "decide_many",
    "delegate",
    "delegations_to",
    "end_delegation",
    "entities_in_flow",
    "fill_in",
    "finish_now",
    "flow_of",
    "give_back",
    "give_material",
    "last_decision",
    "open_cases",
    "read_case",
    "records_in_flow",
    "remove_signer",
    "resubmit",
    "start_case",
    "switch_flow",
    "transfer",
    "urge",
    "verify_case",
    "withdraw",
]
