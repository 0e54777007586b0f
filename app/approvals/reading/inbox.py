"""The inbox (APR-4): what waits for somebody, what they did, what they asked for, what they were told of.

Read straight off the tables, a page at a time by key, so that a hundred thousand cases cost what a hundred do.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, literal, not_, or_, select, tuple_

from app.access.actors import require_actor
from app.access.policy import may_ask
from app.approvals.models import Case, CaseEvent, Copy, Definition, DefinitionVersion, Delegation, Task
from app.approvals.reading.hidden import hidden_in
from app.approvals.reading.narrowing import COPIED, DONE, MINE, TABS, TODO, Choices, Wish, narrowed, read_choices
from app.approvals.rules.state import APPLICANT, Said
from app.approvals.services.seeing import heading
from app.db import UtcDateTime, session
from app.host.context import context
from app.organisation.models import Employee, Unit

#: Cases of a page, and where counting ends.
PAGE, MOST_COUNTED = 25, 99
_FAR = datetime(9999, 1, 1, tzinfo=UTC)

_CASE: Any = Case.__table__
_TASK: Any = Task.__table__
_COPY: Any = Copy.__table__
_EVENT: Any = CaseEvent.__table__
_FLOW: Any = Definition.__table__
_VERSION: Any = DefinitionVersion.__table__
_STAND_IN: Any = Delegation.__table__
_APPLICANT: Any = Employee.__table__.alias("applicant")
_ASKED: Any = Employee.__table__.alias("asked")
_UNIT: Any = Unit.__table__
_STOOD_IN_FOR = "approvals_stood_in_for"


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the inbox. `task` is the id of a seat's row, None where the tab is about cases."""

    case_id: int
    task: int | None
    seat: int | None
    step: str
    title: str
    flow_id: int
    flow: str
    flow_en: str
    entity: str
    #: As submitted, but for those the reader's steps hide; what their roles keep from them is still there.
    figures: Mapping[str, Any]
    applicant: str
    unit: str
    status: str
    round: int
    #: Since when it waits, when it was decided, begun, or told of.
    at: datetime
    due_at: datetime | None
    said: str
    #: Whom the seat belongs to where somebody stands in; empty: the reader.
    instead_of: str
    urged_at: datetime | None = None

    @property
    def is_resubmission(self) -> bool:
        """Whether it waits for its applicant to submit it again."""
        return self.step == APPLICANT


@dataclass(frozen=True, slots=True)
class Chosen:
    """An open seat chosen to be decided with others: the id of its row, its case, its number in it."""

    id: int
    case_id: int
    seat: int
    title: str


@dataclass(frozen=True, slots=True)
class Page:
    """Lines and where the next page begins; empty at the end."""

    lines: tuple[Line, ...]
    next_after: str


def absent_colleagues(employee_id: int, today: date) -> ColumnElement[bool] | None:
    """The condition on open seats somebody decides for others today; None: they stand in for nobody.

    Left out: the applicant's own seat, cases one has asked for oneself, and flows nobody stands in for.
    Kept with the transaction that asked: a page shows its list and counts it.
    """
    current, asked = session(), (employee_id, today)
    kept = current.info.get(_STOOD_IN_FOR)
    if kept is None or kept[:2] != (current.get_transaction(), asked):
        found = _absent_colleagues(employee_id, today)
        kept = current.info[_STOOD_IN_FOR] = (current.get_transaction(), asked, found)
    condition: ColumnElement[bool] | None = kept[2]
    return condition


def _absent_colleagues(employee_id: int, today: date) -> ColumnElement[bool] | None:
    rows = session.execute(
        select(_STAND_IN.c.employee_id, _STAND_IN.c.definition_id).where(
            _STAND_IN.c.substitute_id == employee_id, _STAND_IN.c.from_on <= today, _STAND_IN.c.until_on >= today
        )
    ).all()
    if not rows:
        return None
    everywhere = sorted({row.employee_id for row in rows if row.definition_id is None})
    somewhere = sorted({(row.employee_id, row.definition_id) for row in rows if row.definition_id is not None})
    ways: list[ColumnElement[bool]] = [
        and_(_TASK.c.employee_id == person, _CASE.c.definition_id == flow) for person, flow in somewhere
    ]
    if everywhere:
        ways.append(_TASK.c.employee_id.in_(everywhere))
    conditions = [or_(*ways), _TASK.c.step != APPLICANT, _CASE.c.applicant_id != employee_id]
    if personal := _undelegable({row.employee_id for row in rows}):
        conditions.append(not_(tuple_(_CASE.c.definition_id, _CASE.c.version).in_(personal)))
    return and_(*conditions)


def _undelegable(people: Collection[int]) -> list[tuple[int, int]]:
    """(flow, version) of what waits for these people and may be decided by nobody else."""
    waiting = (
        select(_CASE.c.definition_id, _CASE.c.version)
        .join(_TASK, _TASK.c.case_id == _CASE.c.id)
        .where(_TASK.c.employee_id.in_(sorted(people)), _TASK.c.said == Said.OPEN.value)
        .distinct()
        .subquery()
    )
    found = select(_VERSION.c.definition_id, _VERSION.c.number, _VERSION.c.document).join(
        waiting,
        and_(waiting.c.definition_id == _VERSION.c.definition_id, waiting.c.version == _VERSION.c.number),
    )
    return [
        (row.definition_id, row.number)
        for row in session.execute(found)
        if json.loads(row.document).get("delegable") is False
    ]


def _todo(employee_id: int, today: date) -> ColumnElement[bool]:
    others = absent_colleagues(employee_id, today)
    own = _TASK.c.employee_id == employee_id
    return and_(_TASK.c.said == Said.OPEN.value, own if others is None else or_(own, others))


def count_todo(employee_id: int, today: date) -> int:
    """How many seats wait for somebody, also those they stand in for; counting ends behind `MOST_COUNTED`."""
    few = (
        select(_TASK.c.id)
        .join(_CASE, _CASE.c.id == _TASK.c.case_id)
        .where(_todo(employee_id, today))
        .limit(MOST_COUNTED + 1)
        .subquery()
    )
    return int(session.scalar(select(func.count()).select_from(few)) or 0)


def count_tabs(employee_id: int, today: date) -> dict[str, int]:
    """How many lines each tab has, counted to `MOST_COUNTED` and one more, in one statement."""
    parts = {
        TODO: select(_TASK.c.id).join(_CASE, _CASE.c.id == _TASK.c.case_id).where(_todo(employee_id, today)),
        DONE: select(_TASK.c.id).where(_TASK.c.decided_by == employee_id, _TASK.c.decided_at.is_not(None)),
        MINE: select(_CASE.c.id).where(_CASE.c.applicant_id == employee_id),
        COPIED: select(_COPY.c.id).where(_COPY.c.employee_id == employee_id),
    }
    counted = [
        select(func.count()).select_from(part.limit(MOST_COUNTED + 1).subquery()).scalar_subquery().label(name)
        for name, part in parts.items()
    ]
    return {name: int(number) for name, number in session.execute(select(*counted)).one()._mapping.items()}


def read_inbox(employee_id: int, wish: Wish, today: date) -> Page:
    """A page of one tab. An `after` that is none begins at the start."""
    statement, at, number = _TAB_READERS[wish.tab](employee_id, today)
    statement = statement.where(*narrowed(wish, at))
    if wish.q:
        statement = statement.where(number.in_(_named(statement, number, wish.q)))
    statement = statement.add_columns(at.label("shown_at"))
    if wish.sort == "due" and wish.tab == TODO:
        at = func.coalesce(_TASK.c.due_at, literal(_FAR, UtcDateTime), type_=UtcDateTime)
    down = wish.sort == "new" or wish.tab != TODO
    if (place := _place(wish.after)) is not None:
        key = tuple_(at, number)
        mark = tuple_(literal(place[0], UtcDateTime), literal(place[1]))
        statement = statement.where(key < mark if down else key > mark)
    order = (at.desc(), number.desc()) if down else (at, number)
    keyed = statement.add_columns(at.label("key_at"), number.label("key_id"))
    rows = session.execute(keyed.order_by(*order).limit(PAGE + 1)).all()
    lines = _sighted([_line(row, employee_id) for row in rows[:PAGE]], employee_id, today)
    last = rows[PAGE - 1] if len(rows) > PAGE else None
    onward = f"{last.key_at.astimezone(UTC).isoformat()}~{last.key_id}" if last is not None else ""
    return Page(tuple(_urged(lines) if wish.tab == TODO else lines), onward)


def find_rows(numbers: Sequence[int], employee_id: int, today: date) -> Sequence[Chosen]:
    """These open seats, as far as they wait for somebody; the applicant's own are none to decide."""
    if not numbers:
        return ()
    chosen = (
        select(_TASK.c.id, _TASK.c.case_id, _TASK.c.seat, _CASE.c.title, _CASE.c.entity, _CASE.c.record_id)
        .join(_CASE, _CASE.c.id == _TASK.c.case_id)
        .where(_TASK.c.id.in_(numbers), _TASK.c.step != APPLICANT, _todo(employee_id, today))
    )
    rows = session.execute(chosen.order_by(_TASK.c.opened_at, _TASK.c.id))
    return [Chosen(row.id, row.case_id, row.seat, heading(row)) for row in rows]


def choices_of(employee_id: int, wish: Wish, today: date) -> Choices:
    """What a tab can be narrowed to, and how many lines each leaves."""
    statement, at, number = _TAB_READERS[wish.tab](employee_id, today)
    if wish.q:
        statement = statement.where(number.in_(_named(statement, number, wish.q)))
    return read_choices(statement, wish, at)


def flows_of_inbox() -> Sequence[Any]:
    """(id, name, name_en) of every flow, to choose one."""
    return session.execute(select(_FLOW.c.id, _FLOW.c.name, _FLOW.c.name_en).order_by(_FLOW.c.name, _FLOW.c.id)).all()


# -- statements --------------------------------------------------------------------------------------------------------

_COMMON = (
    _CASE.c.id.label("case_id"), _CASE.c.title, _CASE.c.entity, _CASE.c.record_id, _CASE.c.figures, _CASE.c.status,
    _CASE.c.round, _CASE.c.definition_id, _FLOW.c.name.label("flow"), _FLOW.c.name_en.label("flow_en"),
    _APPLICANT.c.name.label("applicant"), _UNIT.c.name.label("unit"),
)  # fmt: skip
_SEAT = (_TASK.c.id.label("task"), _TASK.c.seat, _TASK.c.step, _TASK.c.due_at, _TASK.c.said,
         _TASK.c.employee_id.label("asked_id"), _ASKED.c.name.label("asked"))  # fmt: skip


def _of_case(statement: Select[Any]) -> Select[Any]:
    return (
        statement.join(_FLOW, _FLOW.c.id == _CASE.c.definition_id)
        .join(_APPLICANT, _APPLICANT.c.id == _CASE.c.applicant_id)
        .outerjoin(_UNIT, _UNIT.c.id == _CASE.c.unit_id)
    )


def _seats() -> Select[Any]:
    joined = select(*_COMMON, *_SEAT).select_from(_TASK).join(_CASE, _CASE.c.id == _TASK.c.case_id)
    return _of_case(joined).join(_ASKED, _ASKED.c.id == _TASK.c.employee_id)


def _todo_rows(employee_id: int, today: date) -> tuple[Select[Any], Any, Any]:
    return _seats().where(_todo(employee_id, today)), _TASK.c.opened_at, _TASK.c.id


def _done_rows(employee_id: int, today: date) -> tuple[Select[Any], Any, Any]:
    mine = and_(_TASK.c.decided_by == employee_id, _TASK.c.decided_at.is_not(None))
    return _seats().where(mine), _TASK.c.decided_at, _TASK.c.id


def _my_rows(employee_id: int, today: date) -> tuple[Select[Any], Any, Any]:
    mine = select(*_COMMON).select_from(_CASE).where(_CASE.c.applicant_id == employee_id)
    return _of_case(mine), _CASE.c.started_at, _CASE.c.id


def _copied_rows(employee_id: int, today: date) -> tuple[Select[Any], Any, Any]:
    copied = select(*_COMMON, _COPY.c.read_at).select_from(_COPY).join(_CASE, _CASE.c.id == _COPY.c.case_id)
    return _of_case(copied.where(_COPY.c.employee_id == employee_id)), _COPY.c.at, _COPY.c.id


_TAB_READERS = {TODO: _todo_rows, DONE: _done_rows, MINE: _my_rows, COPIED: _copied_rows}


def _named(mine: Select[Any], number: Any, text: str) -> Select[Any]:
    """The numbers of one's own lines with a text in title, applicant or unit, but for titles one may not read.

    One's own are found first: the planner would rather look for the text in everybody's cases.
    """
    read = mine.with_only_columns(
        number.label("id"), _CASE.c.title, _CASE.c.entity, _CASE.c.record_id, _APPLICANT.c.name.label("applicant"),
        _UNIT.c.name.label("unit"),
    )  # fmt: skip
    own = read.cte("own").prefix_with("MATERIALIZED", dialect="postgresql")
    title, applicant, unit = (
        column.icontains(text, autoescape=True) for column in (own.c.title, own.c.applicant, own.c.unit)
    )
    actor = require_actor()
    kept = [slug for slug, one in context().entities.items() if not may_ask(one, one.title, actor)]
    if kept:
        title = and_(title, or_(own.c.record_id.is_(None), own.c.entity.not_in(kept)))
    return select(own.c.id).where(or_(title, applicant, unit))


def _place(after: str) -> tuple[datetime, int] | None:
    """The key a page begins after."""
    moment, mark, number = after.partition("~")
    if not mark or not (number.isascii() and number.isdecimal() and len(number) < 19):
        return None
    try:
        found = datetime.fromisoformat(moment)
    except ValueError:
        return None
    return (found, int(number)) if found.tzinfo is not None else None


def _line(row: Any, employee_id: int) -> Line:
    given = row._mapping
    asked = given.get("asked_id")
    return Line(
        case_id=row.case_id,
        task=given.get("task"),
        seat=given.get("seat"),
        step=given.get("step", ""),
        title=heading(row),
        flow_id=row.definition_id,
        flow=row.flow,
        flow_en=row.flow_en,
        entity=row.entity,
        figures=row.figures or {},
        applicant=row.applicant,
        unit=row.unit or "",
        status=row.status,
        round=row.round,
        at=row.shown_at,
        due_at=given.get("due_at"),
        said=given.get("said", ""),
        instead_of=given["asked"] if asked is not None and asked != employee_id else "",
    )


def _sighted(lines: Sequence[Line], employee_id: int, today: date) -> list[Line]:
    """The same lines without the figures which every step hides that the reader is or was asked at."""
    cases = {line.case_id for line in lines if line.figures}
    hidden = hidden_in(cases, employee_id, _todo(employee_id, today)) if cases else {}
    return [
        replace(line, figures={name: raw for name, raw in line.figures.items() if name not in names})
        if (names := hidden.get(line.case_id))
        else line
        for line in lines
    ]


def _urged(lines: Sequence[Line]) -> list[Line]:
    """The same lines with when their applicants asked to hurry."""
    if not lines:
        return []
    urged = (
        select(_EVENT.c.case_id, func.max(_EVENT.c.at, type_=UtcDateTime).label("at"))
        .where(_EVENT.c.case_id.in_(sorted({line.case_id for line in lines})), _EVENT.c.kind == "urged")
        .group_by(_EVENT.c.case_id)
    )
    found = {row.case_id: row.at for row in session.execute(urged)}
    return [
        replace(line, urged_at=at) if (at := found.get(line.case_id)) is not None and at >= line.at else line
        for line in lines
    ]


__all__ = [
    "COPIED", "DONE", "MINE", "MOST_COUNTED", "PAGE", "TABS", "TODO", "Choices", "Line", "Page", "Wish",
    "absent_colleagues", "choices_of", "count_tabs", "count_todo", "find_rows", "flows_of_inbox", "read_inbox",
]  # fmt: skip
