"""What an application becomes when its case ends."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _

from app.api import approvals, session
from app.types import Refused
from plugins.loans.models import Application
from plugins.loans.services.applications import move


def approve_case(case: Any, record: Application | None) -> None:
    """The act ``loans.grant``: the application is granted, by who decided last. Raises `Refused`."""
    _end(case, record, "granted")


def refuse_case(case: Any, record: Application | None) -> None:
    """The act ``loans.refuse``: the application is not granted, for the reason last given. Raises `Refused`."""
    _end(case, record, "refused")


def reopen_case(case: Any, record: Application | None) -> None:
    """The act ``loans.reopen``: the case was withdrawn or cancelled, the application is a draft again."""
    _end(case, record, "draft")


def _end(case: Any, record: Application | None, to: str) -> None:
    if record is None or (to == "draft" and record.state != "submitted"):
        return
    if record.state != "submitted":
        raise Refused(_("The application is in a state that does not allow this"))
    employee, note = approvals.last_decision(case.id) if to != "draft" else (None, "")
    move(session(), record, to, employee, note[:300])


__all__ = ["approve_case", "refuse_case", "reopen_case"]
