"""Approval flows in tests: those modules ship, published as `qiao sync` does; what waits for somebody."""

from __future__ import annotations

from sqlalchemy import select

from app.access.actors import acting_as
from app.approvals.models import Task
from app.approvals.services.shipping import synchronise_flows
from app.db import session, transaction
from app.testing.people import Person
from app.types import SYSTEM


def ship_flows() -> None:
    """Publish the flows of the enabled modules."""
    with acting_as(SYSTEM), transaction() as current:
        synchronise_flows(current)


def waiting_for(person: Person) -> list[tuple[int, int]]:
    """The (case, seat) that wait for somebody, the oldest first."""
    wanted = select(Task.case_id, Task.seat).where(Task.employee_id == person.employee_id, Task.said == "open")
    with acting_as(SYSTEM):
        return [(row.case_id, row.seat) for row in session.execute(wanted.order_by(Task.id))]
