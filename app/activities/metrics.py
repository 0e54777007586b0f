"""What follow-ups can be ranked by (RNK-1): each metric is a SELECT of facts, credited to who did it."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, func, literal, select

from app.activities.models import Activity
from app.types import Metric


def _facts(value: Any, *conditions: Any) -> Select[Any]:
    return select(
        Activity.employee_id.label("employee_id"),
        Activity.customer_id.label("customer_id"),
        Activity.at.label("at"),
        value.label("value"),
    ).where(Activity.employee_id.is_not(None), *conditions)


METRICS = (
    Metric("calls", _l("Calls"), _l("calls"), lambda: _facts(literal(1), Activity.kind == "call"), 10),
    Metric(
        "effective_calls",
        _l("Effective calls"),
        _l("calls"),
        lambda: _facts(literal(1), Activity.kind == "call", Activity.effective),
        20,
    ),
    Metric("meetings", _l("Meetings"), _l("times"), lambda: _facts(literal(1), Activity.kind == "meeting"), 30),
    Metric("deals", _l("Deals"), _l("deals"), lambda: _facts(literal(1), Activity.result == "deal"), 40),
    Metric(
        "amount",
        _l("Amount"),
        _l("yuan"),
        lambda: _facts(func.coalesce(Activity.amount, 0), Activity.result == "deal"),
        50,
    ),
)
