"""Cases of applications: many submitted at once, and what an application becomes when its case ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from app.api import among, approvals, session
from app.types import Refused
from plugins.loans.models import Application
from plugins.loans.services.applications import change_state, move


@dataclass(frozen=True, slots=True)
class Submitted:
    """What became of one of many applications: `problem` is empty where it was submitted."""

    id: int
    number: str
    problem: str = ""


def submit_many(ids: Sequence[int]) -> list[Submitted]:
    """Submit applications, each in a transaction of its own: one that is refused holds no other up.

    An answer for each that the actor sees, in the order of their ids; others are left out.
    """
    wanted = select(Application).where(among(session(), Application.id, ids)).order_by(Application.id)
    found = []
    for record in session.scalars(wanted).all():
        number, record_id = record.number, record.id
        try:
            change_state(record, "submitted")
            found.append(Submitted(record_id, number))
        except Refused as refused:
            found.append(Submitted(record_id, number, str(refused)))
    return found


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


__all__ = ["Submitted", "approve_case", "refuse_case", "reopen_case", "submit_many"]
