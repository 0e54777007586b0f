"""What a module asks of approvals about its own records: which flow there is, which case is open, who decided last."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import cast

from sqlalchemy import Select, Table, exists, select

from app.approvals.models import Case, CaseEvent, Definition
from app.approvals.rules.state import Status
from app.approvals.services.definitions import set_active
from app.db import session
from app.fields.bulk import among

_CASE, _EVENT, _DEFINITION = (cast(Table, each.__table__) for each in (Case, CaseEvent, Definition))
_OPEN = (Status.RUNNING.value, Status.RETURNED.value)
_DECISIONS = ("approved", "refused", "abstained")


@dataclass(frozen=True, slots=True)
class OpenCase:
    """A case that is not over. `status`: running, or returned to its applicant (an employee)."""

    id: int
    status: str
    applicant_id: int

    @property
    def is_returned(self) -> bool:
        return self.status == Status.RETURNED.value


def flow_of(entity: str) -> str | None:
    """The code of the flow that records of an entity go into: published and in force; None where there is none.

    Of several, that which a module ships, else the oldest.
    """
    named = _DEFINITION.c
    wanted = (
        select(named.code)
        .where(named.entity == entity, named.active, named.published > 0)
        .order_by(named.module == "", named.id)
        .limit(1)
    )
    found: str | None = session().connection().scalar(wanted)
    return found


def entities_in_flow() -> list[str]:
    """The entities of which some record has an open case: asked flow by flow, however many cases are open."""
    named = _DEFINITION.c
    is_open = exists().where(_CASE.c.entity == named.entity, _CASE.c.status.in_(_OPEN))
    wanted = select(named.entity).where(is_open).distinct().order_by(named.entity)
    return list(session().connection().scalars(wanted))


def records_in_flow(entity: str) -> Select[tuple[int]]:
    """A SELECT of the ids of an entity's records that have an open case, each once, whoever asks."""
    return select(_CASE.c.record_id.label("id")).where(
        _CASE.c.entity == entity, _CASE.c.record_id.is_not(None), _CASE.c.status.in_(_OPEN)
    )


def open_cases(entity: str, records: Collection[int]) -> dict[int, OpenCase]:
    """{record: its open case} of these records of an entity, whoever asks. One statement."""
    if not records:
        return {}
    wanted = select(_CASE.c.record_id, _CASE.c.id, _CASE.c.status, _CASE.c.applicant_id).where(
        _CASE.c.entity == entity, among(session(), _CASE.c.record_id, records), _CASE.c.status.in_(_OPEN)
    )
    rows = session().connection().execute(wanted)
    return {row.record_id: OpenCase(row.id, row.status, row.applicant_id) for row in rows}


def last_decision(case_id: int) -> tuple[int | None, str]:
    """(who, their words) of the last decision in a case; (None, "") where nobody has decided."""
    wanted = (
        select(_EVENT.c.employee_id, _EVENT.c.comment)
        .where(_EVENT.c.case_id == case_id, _EVENT.c.kind.in_(_DECISIONS))
        .order_by(_EVENT.c.number.desc())
        .limit(1)
    )
    row = session().connection().execute(wanted).one_or_none()
    return (None, "") if row is None else (row.employee_id, row.comment)


def switch_flow(code: str, active: bool) -> bool:
    """Let records go into a published flow from now on, or no more; whether the site has it. Raises `Refused`."""
    wanted = select(_DEFINITION.c.id, _DEFINITION.c.version).where(
        _DEFINITION.c.code == code, _DEFINITION.c.published > 0
    )
    found = session().connection().execute(wanted).one_or_none()
    if found is not None:
        set_active(found.id, active, found.version)
    return found is not None


__all__ = ["OpenCase", "entities_in_flow", "flow_of", "last_decision", "open_cases", "records_in_flow", "switch_flow"]
