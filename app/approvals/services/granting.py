"""The end of a case about rights: what was asked for is given, by the verbs of the screens (docs/adr/0064)."""

from __future__ import annotations

from typing import Any

from app.access.audit import Act, record_acts
from app.approvals.services.finishing import as_applicant, on_approval
from app.base.security.granting import carry_out, refuse_without
from app.base.security.roles.asking import ACT
from app.db import session
from app.organisation.services.second_posts import carry_out_post


def grant(case: Any) -> None:
    """Give what a case has asked for, as the applicant with the rights of now. Raises `Refused`: the page of the case
    then says why, and it is tried again."""
    payload = case.payload
    with as_applicant(case) as applicant:
        if payload.get("kind") == "post":
            refuse_without(("can_edit", "EmployeeView"))
            carry_out_post(payload)
        else:
            carry_out(payload)
        # The entries of the verbs name who decided last; this one says for whom, and where it stands.
        changes = {"case": [None, case.id], "applicant": [None, applicant.name]}
        place = ("role", str(case.record_id)) if case.record_id is not None else ("approvals_case", str(case.id))
        record_acts(session(), [Act("approval.carry_out", *place, case.title, changes)])


on_approval(ACT, grant)

__all__ = ["grant"]
