"""Who stands in for whom, for the page of delegations."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import or_, select

from app.approvals.models import Definition, Delegation
from app.db import session
from app.organisation.models import Employee

_DELEGATION: Any = Delegation.__table__
_FLOW: Any = Definition.__table__
_WHO: Any = Employee.__table__.alias("who")
_SUBSTITUTE: Any = Employee.__table__.alias("substitute")
#: Rows of the page.
SHOWN = 200


def delegations(employee_id: int | None, today: date, *, everybody: bool = False) -> Sequence[Any]:
    """Delegations somebody has given or been given, the latest first; with `everybody` all that are not over yet."""
    chosen = (
        select(
            _DELEGATION, _WHO.c.name.label("who"), _SUBSTITUTE.c.name.label("substitute"), _FLOW.c.name.label("flow"),
            _FLOW.c.name_en.label("flow_en"),
        )
        .join(_WHO, _WHO.c.id == _DELEGATION.c.employee_id)
        .join(_SUBSTITUTE, _SUBSTITUTE.c.id == _DELEGATION.c.substitute_id)
        .outerjoin(_FLOW, _FLOW.c.id == _DELEGATION.c.definition_id)
    )  # fmt: skip
    if everybody:
        chosen = chosen.where(_DELEGATION.c.until_on >= today)
    else:
        chosen = chosen.where(or_(_DELEGATION.c.employee_id == employee_id, _DELEGATION.c.substitute_id == employee_id))
    return session.execute(chosen.order_by(_DELEGATION.c.until_on.desc(), _DELEGATION.c.id.desc()).limit(SHOWN)).all()


__all__ = ["delegations"]
