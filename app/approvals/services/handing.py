"""Approvals in other hands: the seats of somebody who leaves or is away, and the cases they have begun."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import null, select

from app.approvals.rules.state import APPLICANT
from app.approvals.services.acting import Moment, on_case
from app.approvals.services.keeping import CASE, TASK
from app.db import session, transaction
from app.fields.bulk import among
from app.transfer.services.writing import savepoint
from app.types import Handing, Holding, Refused

_LIVE = ("waiting", "open")
_OPEN = ("running", "returned")


def approval_holdings(employee_id: int) -> tuple[Holding, Holding]:
    """What waits for somebody's decision, and what they have begun that goes on.

    A seat stays where the receiver may not take it: the applicant, the owner of the record, who sits there already.
    """
    seats = (
        select(TASK.c.id.label("id"), CASE.c.unit_id.label("unit_id"), null().label("with_id"))
        .join_from(TASK, CASE, CASE.c.id == TASK.c.case_id)
        .where(TASK.c.employee_id == employee_id, TASK.c.said.in_(_LIVE), TASK.c.step != APPLICANT)
    )
    cases = select(CASE.c.id.label("id"), CASE.c.unit_id.label("unit_id"), null().label("with_id")).where(
        CASE.c.applicant_id == employee_id, CASE.c.status.in_(_OPEN)
    )
    return (
        Holding("approvals.seats", _l("Approvals to decide"), "", seats, hand_seats, take_seats_back,
                order=95),
        Holding("approvals.cases", _l("Own approvals under way"), "", cases, hand_cases, take_cases_back,
                order=96),
    )  # fmt: skip


def hand_seats(asked: Handing) -> dict[int, str]:
    """Let the receiver decide in place of the giver; what they may not take stays."""
    return dict.fromkeys(_seats(asked, asked.giver_id, asked.receiver_id or 0), "")


def take_seats_back(asked: Handing) -> list[int]:
    """Give back the seats the receiver has not decided."""
    return _seats(asked, asked.receiver_id or 0, asked.giver_id)


def hand_cases(asked: Handing) -> dict[int, str]:
    """Make the receiver the applicant of the giver's cases; who is asked in one gives that seat to others."""
    return dict.fromkeys(_cases(asked, asked.giver_id, asked.receiver_id or 0), "")


def take_cases_back(asked: Handing) -> list[int]:
    """Give back the cases that go on and are still the receiver's."""
    return _cases(asked, asked.receiver_id or 0, asked.giver_id)


def _seats(asked: Handing, giver: int, receiver: int) -> list[int]:
    chosen = select(TASK.c.id, TASK.c.case_id, TASK.c.seat).where(
        among(session(), TASK.c.id, asked.records), TASK.c.employee_id == giver, TASK.c.said.in_(_LIVE)
    )
    with transaction() as current:
        rows = current.connection().execute(chosen.order_by(TASK.c.case_id, TASK.c.seat)).all()

        def hand(seat: int) -> Callable[[Moment], None]:
            def do(moment: Moment) -> None:
                there = moment.play.state.seats.get(seat)
                if there is not None and there.employee == giver:
                    moment.play.hand_over(seat, receiver)

            return do

        return [row.id for row in rows if _done(row.case_id, hand(row.seat))]


def _cases(asked: Handing, giver: int, receiver: int) -> list[int]:
    def succeed(moment: Moment) -> None:
        if moment.play.state.applicant == giver:
            moment.play.succeed(receiver)

    with transaction():
        return [case_id for case_id in sorted(asked.records) if _done(case_id, succeed)]


def _done(case_id: int, do: Callable[[Moment], None]) -> bool:
    """Whether a case changed hands; one whose receiver may not take it stays as it is."""
    changed: list[Any] = []

    def noted(moment: Moment) -> None:
        do(moment)
        changed.extend(moment.play.events)

    try:
        with savepoint(session()):
            on_case(case_id, "hand_over", noted, person=False)
    except Refused:
        return False
    return bool(changed)


__all__ = ["approval_holdings"]
