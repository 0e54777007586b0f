"""The cases behind the figures of a report, a page at a time by key; and what their steps are called."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, func, or_, select

from app.access.scope import scope_condition
from app.approvals.models import Case, Copy, Definition, DefinitionVersion, Task, Visit
from app.approvals.reading.reports import IS_OPEN, Asked, conditions, during, is_late
from app.approvals.rules.reporting import age_stretch
from app.approvals.rules.state import Said
from app.approvals.rules.writing import BadDocument, read_document
from app.approvals.services.delegating import administers
from app.db import UtcDateTime, session
from app.host.context import context
from app.organisation.models import Employee, Unit
from app.types import Actor, Level

PAGE = 25
#: So many versions of a flow are looked through for the name of a step.
_VERSIONS = 20
_CASE: Any = Case.__table__
_TASK: Any = Task.__table__
_VISIT: Any = Visit.__table__
_COPY: Any = Copy.__table__
_FLOW: Any = Definition.__table__
_VERSION: Any = DefinitionVersion.__table__
_APPLICANT: Any = Employee.__table__
_UNIT: Any = Unit.__table__


@dataclass(frozen=True, slots=True)
class Which:
    """Which of a report's cases: in a state, open for so long, past a deadline, waiting at a step or for somebody."""

    state: str = ""
    age: int | None = None
    late: bool = False
    step: str = ""
    person: int | None = None
    after: int = 0

    @property
    def is_now(self) -> bool:
        """Whether it is about what is open now, whenever it began."""
        return self.late or self.age is not None or bool(self.step) or self.person is not None


@dataclass(frozen=True, slots=True)
class Cases:
    """Lines (id, title, entity, record_id, status, started_at, due_at, flow, flow_en, applicant_id, applicant, unit),
    those of them the reader may open, and what the next page begins after; 0 at the end."""

    lines: Sequence[Any]
    readable: frozenset[int]
    next_after: int


def list_cases(asked: Asked, which: Which, actor: Actor, today: date, zone: ZoneInfo, most: int = PAGE) -> Cases:
    """A page of cases: the oldest first of those that are open, else the newest."""
    way = _CASE.c.id if which.is_now else _CASE.c.id.desc()
    # The page is found by ids alone; what its lines say is read for those few.
    picked = select(_CASE.c.id).where(*conditions(asked, actor, begun=not which.is_now), *_narrowed(which, today, zone))
    if which.after:
        picked = picked.where(_CASE.c.id > which.after if which.is_now else _CASE.c.id < which.after)
    page = picked.order_by(way).limit(most + 1).subquery()
    ordered = lines_of_cases().join(page, page.c.id == _CASE.c.id).order_by(way)
    rows = session.execute(ordered).all()
    lines = rows[:most]
    return Cases(lines, _readable(lines, actor), lines[-1].id if len(rows) > most else 0)


def lines_of_cases() -> Any:
    """The select of what a line tells of a case, as `Cases` has it."""
    due = (
        select(func.min(_VISIT.c.due_at, type_=UtcDateTime))
        .where(_VISIT.c.case_id == _CASE.c.id, _VISIT.c.left_at.is_(None))
        .correlate(_CASE).scalar_subquery().label("due_at")
    )  # fmt: skip
    return (
        select(
            _CASE.c.id, _CASE.c.title, _CASE.c.entity, _CASE.c.record_id, _CASE.c.status, _CASE.c.started_at, due,
            _CASE.c.applicant_id, _FLOW.c.name.label("flow"), _FLOW.c.name_en.label("flow_en"),
            _APPLICANT.c.name.label("applicant"), _UNIT.c.name.label("unit"),
        )
        .select_from(_CASE)
        .join(_FLOW, _FLOW.c.id == _CASE.c.definition_id)
        .join(_APPLICANT, _APPLICANT.c.id == _CASE.c.applicant_id)
        .outerjoin(_UNIT, _UNIT.c.id == _CASE.c.unit_id)
    )  # fmt: skip


def _narrowed(which: Which, today: date, zone: ZoneInfo) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [_CASE.c.status == which.state] if which.state else []
    if which.is_now:
        found.append(IS_OPEN)
    if which.age is not None:
        found += during(age_stretch(which.age, today, zone))
    if which.late:
        found.append(is_late())
    if which.step or which.person is not None:
        waiting = [_TASK.c.said == Said.OPEN.value]
        waiting += [_TASK.c.step == which.step] if which.step else []
        waiting += [_TASK.c.employee_id == which.person] if which.person is not None else []
        found.append(_CASE.c.id.in_(select(_TASK.c.case_id).where(*waiting)))
    return found


def _readable(lines: Sequence[Any], actor: Actor) -> frozenset[int]:
    """The cases of these lines whose page and heading the reader may see, as `services.seeing` has it of one."""
    numbers = [line.id for line in lines]
    if not numbers or administers(actor):
        return frozenset(numbers)
    found = {line.id for line in lines if line.applicant_id == actor.employee_id and actor.employee_id is not None}
    if actor.employee_id is not None:
        me = actor.employee_id
        seats = select(_TASK.c.case_id).where(
            _TASK.c.case_id.in_(numbers), or_(_TASK.c.employee_id == me, _TASK.c.decided_by == me)
        )
        copies = select(_COPY.c.case_id).where(_COPY.c.case_id.in_(numbers), _COPY.c.employee_id == me)
        found.update(session.scalars(seats.union(copies)))
    for slug in {line.entity for line in lines}:
        entity = context().entities.get(slug)
        if entity is None or not actor.can("can_show", entity.view_name):
            continue
        if actor.field_level(slug, entity.title) < Level.READ:
            continue
        table: Any = entity.model.__table__
        records = [line.record_id for line in lines if line.entity == slug and line.record_id is not None]
        seen = set(session.scalars(select(table.c.id).where(table.c.id.in_(records), scope_condition(entity, actor))))
        found.update(line.id for line in lines if line.entity == slug and line.record_id in seen)
    return frozenset(found)


def step_names(definitions: Iterable[int]) -> dict[tuple[int, str], tuple[str, str]]:
    """{(flow, step): (name, English name)} by the newest version that has the step."""
    asked = sorted(set(definitions))
    if not asked:
        return {}
    newest = and_(_VERSION.c.definition_id == _FLOW.c.id, _VERSION.c.number > _FLOW.c.published - _VERSIONS)
    rows = session.execute(
        select(_FLOW.c.id, _VERSION.c.document)
        .join(_VERSION, newest).where(_FLOW.c.id.in_(asked)).order_by(_FLOW.c.id, _VERSION.c.number.desc())
    )  # fmt: skip
    names: dict[tuple[int, str], tuple[str, str]] = {}
    for row in rows:
        try:
            document = read_document(json.loads(row.document))
        except BadDocument:
            continue
        for step in document.walk():
            names.setdefault((row.id, step.id), (step.name or step.id, step.name_en))
    return names


__all__ = ["PAGE", "Cases", "Which", "list_cases", "step_names"]
