"""What a record's page asks about approvals: its cases, and the flows it can be submitted into."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, select

from app.approvals.models import Case, Definition, DefinitionVersion
from app.approvals.rules.state import Status
from app.db import session
from app.organisation.models import Employee

_CASE: Any = Case.__table__
_FLOW: Any = Definition.__table__
_VERSION: Any = DefinitionVersion.__table__
_APPLICANT: Any = Employee.__table__
_OPEN = (Status.RUNNING.value, Status.RETURNED.value)
#: Cases shown of one record.
SHOWN = 20


@dataclass(frozen=True, slots=True)
class Startable:
    """A flow a record can be submitted into by hand."""

    id: int
    name: str
    name_en: str


def open_case_of(entity: str, record_id: int) -> Any:
    """(id, status, flow, flow_en) of the case of a record that is not over; None where there is none."""
    chosen = (
        select(_CASE.c.id, _CASE.c.status, _FLOW.c.name.label("flow"), _FLOW.c.name_en.label("flow_en"))
        .join(_FLOW, _FLOW.c.id == _CASE.c.definition_id)
        .where(_CASE.c.entity == entity, _CASE.c.record_id == record_id, _CASE.c.status.in_(_OPEN))
    )
    return session.execute(chosen).first()


def cases_of(entity: str, record_id: int) -> Sequence[Any]:
    """The cases of a record, the newest first."""
    chosen = (
        select(
            _CASE.c.id, _CASE.c.status, _CASE.c.started_at, _CASE.c.ended_at, _FLOW.c.name.label("flow"),
            _FLOW.c.name_en.label("flow_en"), _APPLICANT.c.name.label("applicant"),
        )
        .join(_FLOW, _FLOW.c.id == _CASE.c.definition_id)
        .join(_APPLICANT, _APPLICANT.c.id == _CASE.c.applicant_id)
        .where(_CASE.c.entity == entity, _CASE.c.record_id == record_id)
        .order_by(_CASE.c.id.desc())
        .limit(SHOWN)
    )  # fmt: skip
    return session.execute(chosen).all()


def flows_to_start(entity: str) -> list[Startable]:
    """The published flows of an entity that are begun by hand."""
    rows = session.execute(
        select(_FLOW.c.id, _FLOW.c.name, _FLOW.c.name_en, _VERSION.c.document)
        .join(_VERSION, and_(_VERSION.c.definition_id == _FLOW.c.id, _VERSION.c.number == _FLOW.c.published))
        .where(_FLOW.c.entity == entity, _FLOW.c.active.is_(True))
        .order_by(_FLOW.c.name, _FLOW.c.id)
    )
    return [
        Startable(row.id, row.name, row.name_en)
        for row in rows
        if json.loads(row.document).get("starts", {}).get("button", True)
    ]


__all__ = ["Startable", "cases_of", "flows_to_start", "open_case_of"]
