"""Repayment schedules: computed from the terms, stored with the application, read back in order."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from app.api import session
from app.types import Refused
from plugins.loans import rules
from plugins.loans.models import Application, Instalment

_REASONS: dict[str, tuple[str, Callable[[], str]]] = {
    "amount": ("amount", lambda: _("The amount must be at least 0.01, with at most two decimals")),
    "rate": ("annual_rate", lambda: _("The annual rate must be between 0 and 100 percent, with at most four decimals")),
    "months": ("months", lambda: _("The term must be between 1 and 600 months")),
    "method": ("method", lambda: _("Choose a repayment method")),
    "start": ("start_on", lambda: _("The start must lie between the years 1950 and 2200")),
}  # fmt: skip


def preview_schedule(
    method: str, amount: Decimal, annual_rate: Decimal, months: int, start_on: date
) -> tuple[rules.Instalment, ...]:
    """The schedule of these terms, stored nowhere. Raises `Refused` naming the wrong field."""
    try:
        return rules.repayment_schedule(method, amount, annual_rate, months, start_on)
    except rules.ScheduleError as wrong:
        field, reason = _REASONS[wrong.code]
        raise Refused(reason(), field=field) from wrong


def write_schedule(current: Session, record: Application) -> None:
    """Compute and store the schedule of an application in the running transaction. Raises `Refused`."""
    lines = preview_schedule(record.method, record.amount, record.annual_rate, record.months, record.start_on)
    current.flush()
    current.execute(delete(Instalment).where(Instalment.application_id == record.id))
    current.execute(insert(Instalment), schedule_rows(record.id, lines))


def schedule_rows(application_id: int, lines: tuple[rules.Instalment, ...]) -> list[dict[str, Any]]:
    """The lines of a schedule as rows of the table."""
    return [
        {
            "application_id": application_id, "number": line.number, "due_on": line.due_on,
            "principal": line.principal, "interest": line.interest, "balance": line.balance,
        }
        for line in lines
    ]  # fmt: skip


def read_schedule(record: Application) -> tuple[rules.Instalment, ...]:
    """The stored schedule of an application the actor sees."""
    found = session.scalars(
        select(Instalment).where(Instalment.application_id == record.id).order_by(Instalment.number)
    )
    return tuple(rules.Instalment(one.number, one.due_on, one.principal, one.interest, one.balance) for one in found)


__all__ = ["preview_schedule", "read_schedule", "schedule_rows", "write_schedule"]
