"""How a loan is approved: the flow this module ships, as the client's manual has it.

Account manager → risk officer of the branch → head of the branch → above the limit a committee of three, two thirds of
whom have to agree → finance. It is published at a site but in force only once an administrator switches it on: the
roles and heads it asks must be there first.
"""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

from app.types import ApprovalAct, FlowDefinition
from plugins.loans.services import approve_case, refuse_case, reopen_case

FLOW = "loans_application"
#: Above this amount (in the site's currency unit) a committee decides. It stands in the document and not in a setting:
#: a published version never changes, so that a case always shows the limit it was decided under.
LIMIT = 300_000
COMMITTEE_ROLE = "loans_committee"


def _asked(step: str, names: tuple[str, str], rule: dict[str, Any], days: int, **more: Any) -> dict[str, Any]:
    """A step that asks somebody, who is reminded once it has taken so many working days."""
    deadline = {"amount": days, "unit": "working_days", "then": "remind", "remind_hours": 4}
    return {
        "id": step, "kind": "approve", "name": names[0], "name_en": names[1], "assignees": [rule],
        "deadline": deadline, **more,
    }  # fmt: skip


_COMMITTEE = _asked(
    "committee", ("贷审会", "Loan committee"), {"find": "role", "role": COMMITTEE_ROLE, "within": "anywhere"}, 3,
    sign="vote", share="2/3", nobody="administrator", may=["return", "supplement", "transfer"],
)  # fmt: skip

DOCUMENT: dict[str, Any] = {
    "steps": [
        _asked(
            "risk", ("分行风险审查", "Risk review of the branch"),
            {"find": "role", "role": "risk_officer", "within": "unit_and_above", "from_record": True}, 2,
        ),
        _asked(
            "branch", ("分行行长审批", "Head of the branch"),
            {"find": "unit_head", "unit_level": "branch_1", "from_record": True}, 2,
        ),
        {
            "id": "limit", "kind": "choice", "name": "是否超过限额", "name_en": "Above the limit?",
            "branches": [
                {"name": "超过 30 万", "name_en": "Above 300,000", "when": f"amount > {LIMIT}", "steps": [_COMMITTEE]},
                {"name": "30 万以内", "name_en": "Up to 300,000"},
            ],
        },
        _asked(
            "finance", ("总行财务", "Finance of the head office"),
            {"find": "role", "role": "finance", "within": "anywhere"}, 2, nobody="administrator",
        ),
    ],
    # It is begun by submitting an application (`services.change_state`), never beside it.
    "starts": {"button": False},
    "ends": {
        "approved": {"act": "loans.grant"},
        "refused": {"act": "loans.refuse"},
        "withdrawn": {"act": "loans.reopen"},
        "cancelled": {"act": "loans.reopen"},
    },
    "figures": ["customer_id", "amount", "annual_rate", "months", "purpose"],
    "batch_field": "amount",
    "batch_below": str(LIMIT + 1),
}  # fmt: skip

FLOWS = (FlowDefinition(FLOW, "贷款审批", "Loan approval", "loans_application", DOCUMENT, active=False),)

ACTS = (
    ApprovalAct("loans.grant", _l("Grant the application"), approve_case, "loans_application"),
    ApprovalAct("loans.refuse", _l("Refuse the application"), refuse_case, "loans_application"),
    ApprovalAct("loans.reopen", _l("Make the application a draft again"), reopen_case, "loans_application"),
)

__all__ = ["ACTS", "COMMITTEE_ROLE", "DOCUMENT", "FLOW", "FLOWS", "LIMIT"]
