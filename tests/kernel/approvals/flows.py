"""Flows and cases for the tests of approvals, without a designer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import insert

from app.access.actors import acting_as
from app.approvals.messages import told
from app.approvals.models import Case, Definition, DefinitionVersion
from app.approvals.rules.document import Document, Find, Kind, Rule, Step
from app.approvals.rules.state import State, replay
from app.approvals.rules.writing import write_document
from app.approvals.services import start_case
from app.approvals.services.keeping import read_kept
from app.db import session, transaction
from app.testing.people import Person
from app.types import SYSTEM, Refused


@contextmanager
def refuses(code: str) -> Iterator[None]:
    """What is done inside is refused for this reason, told in the language of whoever acts."""
    with pytest.raises(Refused) as caught:
        yield
    assert told(code) in str(caught.value)


def step(name: str, *people: Person, **options: Any) -> Step:
    """A step that asks these people."""
    rules = (Rule(Find.PEOPLE, employees=tuple(each.employee_id for each in people)),) if people else ()
    return Step(name, Kind.APPROVE, name=name, **{"assignees": rules, **options})


def publish(*steps: Step, code: str = "flow", entity: str = "customer", **options: Any) -> int:
    """Publish a flow, or its next version; the id of its definition."""
    written = json.dumps(write_document(Document(steps, **options)))
    with acting_as(SYSTEM), transaction() as current:
        found = current.query(Definition).filter_by(code=code).one_or_none()
        if found is None:
            found = Definition(code=code, name=code, entity=entity, published=0)
            current.add(found)
            current.flush()
        found.published += 1
        values = {"definition_id": found.id, "number": found.published, "document": written, "published_by": "test"}
        current.execute(insert(DefinitionVersion).values(note="", **values))
        return found.id


def submit(by: Person, record: Any, code: str = "flow", entity: str = "customer") -> Case:
    """Let somebody submit a record."""
    with acting_as(by.actor):
        return start_case(code, entity, record.id)


def state_of(case_id: int) -> State:
    """How a case stands by its history."""
    kept = read_kept(session(), case_id, lock=False)
    assert kept is not None
    return replay(event for event, _at in kept.history)


def seat_of(case_id: int, person: Person) -> int:
    """The number of somebody's open seat."""
    return next(seat.number for seat in state_of(case_id).open_seats() if seat.employee == person.employee_id)
