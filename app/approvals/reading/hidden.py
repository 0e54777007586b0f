"""Which fields the steps of their readers keep from them, for many cases at once.

A flow that hides a figure in sight is not published any more (`checking.validating`), but what was published runs on:
it is asked when a figure is shown, whatever the flow was allowed to say when it was published.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select

from app.approvals.models import Case, DefinitionVersion, Task
from app.approvals.rules.document import Document
from app.approvals.rules.showing import hidden_by
from app.approvals.services.keeping import document_in
from app.db import session

_CASE: Any = Case.__table__
_TASK: Any = Task.__table__
_VERSION: Any = DefinitionVersion.__table__
#: How a level stands in the text of a document: versions without it hide nothing and are not read.
_SAYS_HIDDEN = '"hidden"'


def hidden_in(cases: Collection[int], me: int, waiting: ColumnElement[bool]) -> Mapping[int, frozenset[str]]:
    """{case: fields hidden by every step somebody is or was asked at}; a case that hides nothing is not among them.

    `waiting`: the condition on seats that wait for them, those they stand in for included. One statement, which finds
    nothing where no flow of these cases hides anything.
    """
    if not cases:
        return {}
    rows = session.execute(
        select(_CASE.c.id, _TASK.c.step, _VERSION.c.document)
        .join(_VERSION, and_(_VERSION.c.definition_id == _CASE.c.definition_id, _VERSION.c.number == _CASE.c.version))
        .join(_TASK, _TASK.c.case_id == _CASE.c.id)
        .where(_CASE.c.id.in_(sorted(cases)), _VERSION.c.document.contains(_SAYS_HIDDEN, autoescape=True))
        .where(or_(_TASK.c.employee_id == me, _TASK.c.decided_by == me, waiting))
    )
    documents: dict[int, Document] = {}
    steps: dict[int, set[str]] = defaultdict(set)
    for row in rows:
        documents[row.id] = document_in(row.document)
        steps[row.id].add(row.step)
    # What is no step of the document, the applicant's own seat, says nothing.
    return {
        case: hidden_by(step.fields for step in document.walk() if step.id in steps[case])
        for case, document in documents.items()
    }


def versions_hiding(names: Collection[str]) -> dict[str, set[tuple[int, int]]]:
    """{field: the (flow, version) in which some step hides it}."""
    chosen = select(_VERSION.c.definition_id, _VERSION.c.number, _VERSION.c.document)
    found: dict[str, set[tuple[int, int]]] = defaultdict(set)
    for row in session.execute(chosen.where(_VERSION.c.document.contains(_SAYS_HIDDEN, autoescape=True))):
        for step in document_in(row.document).walk():
            for name in names:
                if step.fields.get(name) == "hidden":
                    found[name].add((row.definition_id, row.number))
    return found


__all__ = ["hidden_in", "versions_hiding"]
