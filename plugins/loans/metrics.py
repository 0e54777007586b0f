"""What loans can be ranked by: granted applications, credited to whose they were when they were granted."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, literal, select

from app.types import Metric
from plugins.loans.models import Application


def _granted(value: Any) -> Select[Any]:
    return select(
        Application.owner_id.label("employee_id"),
        Application.customer_id.label("customer_id"),
        Application.granted_at.label("at"),
        value.label("value"),
    ).where(Application.granted_at.is_not(None), Application.owner_id.is_not(None))


METRICS = (
    Metric("loans_granted", _l("Loans granted"), _l("loans"), lambda: _granted(literal(1)), 60),
    Metric("loans_amount", _l("Loan amount granted"), _l("yuan"), lambda: _granted(Application.amount), 70),
)
