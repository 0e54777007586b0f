"""Handovers in tests of a module: its holdings and places, asked for, run, undone, looked at."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from app.access.actors import acting_as
from app.db import session
from app.organisation.handover.models import HandoverItem
from app.organisation.handover.rules import How, Route
from app.organisation.handover.services import start_handover, undo_handover
from app.testing.jobs import run_pending
from app.testing.people import Person


def route_of(holding: str, *receivers: Person, place: str = "", follow: bool = False) -> Route:
    """Where a holding goes: to people, to a place of a module, or along with the customers."""
    how = How.PLACE if place else How.FOLLOW if follow else How.PEOPLE
    return Route(holding, how, tuple(each.employee_id for each in receivers), place)


def hand_over(by: Person, giver: Person, *routes: Route, reason: str = "") -> int:
    """Let `by` hand over what `giver` holds and the job run; the id of the handover. Raises `Refused`."""
    with acting_as(by.actor):
        made = start_handover("handover", giver.employee_id, routes, reason=reason)
    run_pending()
    session.expire_all()
    return made.id


def take_back(by: Person, handover_id: int) -> None:
    """Undo a handover and let the job run."""
    with acting_as(by.actor):
        undo_handover(handover_id)
    run_pending()
    session.expire_all()


def states_of(handover_id: int) -> dict[tuple[str, int], str]:
    """{(holding, record): moved, stayed, back or kept} of a handover."""
    chosen = select(HandoverItem.holding, HandoverItem.record_id, HandoverItem.state)
    rows: Sequence[tuple[str, int, str]] = session.execute(chosen.where(HandoverItem.handover_id == handover_id)).all()
    return {(holding, number): state for holding, number, state in rows}
