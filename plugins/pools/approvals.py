"""How an application to keep a customer is decided: the one-step flow this module ships (`pools_keep`).

The head of the customer's unit decides, where there is none who may the head above. It is in force from the start;
without it, or where nobody can be asked, a head decides on the list of applications.
"""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

from app.types import ApprovalAct, FlowDefinition
from plugins.pools.services.asking import ENTITY
from plugins.pools.services.deciding import drop_keep, grant_keep, refuse_keep

#: In the document, not a setting: a published version never changes, and a case shows how long it was given.
WORKING_DAYS = 2

DOCUMENT: dict[str, Any] = {
    "steps": [
        {
            "id": "head", "kind": "approve", "name": "部门主管审批", "name_en": "Head of the unit",
            "assignees": [{"find": "unit_head", "from_record": True}],
            "deadline": {"amount": WORKING_DAYS, "unit": "working_days", "then": "remind", "remind_hours": 4},
            "may": ["transfer", "supplement"],
        },
    ],
    # It is begun by applying (`services.ask_to_keep`), never beside it.
    "starts": {"button": False},
    "ends": {
        "approved": {"act": "pools.grant_keep"},
        "refused": {"act": "pools.refuse_keep"},
        "withdrawn": {"act": "pools.drop_keep"},
        "cancelled": {"act": "pools.drop_keep"},
    },
    "figures": ["customer_id", "employee_id", "days", "reason"],
}  # fmt: skip

FLOWS = (FlowDefinition(ENTITY, "申请保留客户", "Keeping a customer", ENTITY, DOCUMENT),)

ACTS = (
    ApprovalAct("pools.grant_keep", _l("Let the customer stay"), grant_keep, ENTITY),
    ApprovalAct("pools.refuse_keep", _l("Do not let the customer stay"), refuse_keep, ENTITY),
    ApprovalAct("pools.drop_keep", _l("Drop the application"), drop_keep, ENTITY),
)

__all__ = ["ACTS", "DOCUMENT", "FLOWS"]
