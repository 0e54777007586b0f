"""Approval flows in tests: those that modules ship, a plain one, and what waits for somebody."""

from __future__ import annotations

import json

from sqlalchemy import insert, select

from app.access.actors import acting_as
from app.approvals.models import Definition, DefinitionVersion, Task
from app.approvals.rules.document import Document, Find, Kind, Rule, Step
from app.approvals.rules.writing import write_document
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


def publish_flow(code: str, entity: str, *people: Person) -> None:
    """Publish a flow of one step, begun by its button, that asks these people."""
    asked = (Rule(Find.PEOPLE, employees=tuple(who.employee_id for who in people)),)
    document = Document((Step("one", Kind.APPROVE, name=code, assignees=asked),))
    with acting_as(SYSTEM), transaction() as current:
        made = Definition(code=code, name=code, entity=entity, published=1)
        current.add(made)
        current.flush()
        written = {"document": json.dumps(write_document(document)), "note": "", "published_by": "test"}
        current.execute(insert(DefinitionVersion).values(definition_id=made.id, number=1, **written))
