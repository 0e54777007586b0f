"""What narrows a list of the inbox: by flow, applicant, unit, kind of record, amount, age; and how many each choice
would leave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Numeric,
    Select,
    String,
    and_,
    case,
    cast,
    false,
    func,
    literal,
    not_,
    null,
    or_,
    select,
    tuple_,
    union_all,
)

from app.access.actors import require_actor
from app.access.policy import may_ask
from app.approvals.models import Case, Definition, Task
from app.approvals.reading.hidden import versions_hiding
from app.approvals.rules.state import Said
from app.approvals.services.binding import bindings
from app.db import now, session
from app.host.context import context
from app.organisation.models import Employee, Unit
from app.types import Kind

TODO, DONE, MINE, COPIED = "todo", "done", "mine", "copied"
TABS = (TODO, DONE, MINE, COPIED)
#: Lines of one's own that are looked at to count, and choices offered of one sort.
MOST_LOOKED_AT, MOST_OFFERED = 2_000, 100
_CASE: Any = Case.__table__
_TASK: Any = Task.__table__
_FLOW: Any = Definition.__table__
_EMPLOYEE: Any = Employee.__table__
_UNIT: Any = Unit.__table__
_NUMBER = r"^-?[0-9]{1,20}([.][0-9]{1,12})?$"
_AMOUNT = Numeric(34, 12)


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for: a tab, what narrows it, how it is sorted, and after which line the page begins."""

    tab: str = TODO
    q: str = ""
    flow: int | None = None
    entity: str = ""
    #: An employee; a unit, as it stands in the case.
    applicant: int | None = None
    unit: int | None = None
    #: Bounds of an amount among the figures of the case, both within.
    least: Decimal | None = None
    most: Decimal | None = None
    #: Only what has waited for so many days, at least.
    days: int = 0
    overdue: bool = False
    #: ``waiting`` the longest first, ``new`` the newest first, ``due`` what is due next.
    sort: str = "waiting"
    after: str = ""

    @property
    def asks_more(self) -> bool:
        """Whether one of the rarer conditions is asked for."""
        return self.unit is not None or self.least is not None or self.most is not None

    @property
    def is_narrowed(self) -> bool:
        return bool(self.q or self.flow or self.entity or self.applicant or self.days or self.overdue or self.asks_more)


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing the list can be narrowed to, and how many lines that leaves beside the other conditions."""

    value: str
    name: str
    name_en: str
    number: int


@dataclass(frozen=True, slots=True)
class Choices:
    """How many lines the wish leaves (no more are counted than are looked at) and what else it could choose, by
    ``flow``, ``applicant``, ``unit``, ``entity``; the most frequent first."""

    total: int = 0
    is_capped: bool = False
    offered: Mapping[str, Sequence[Choice]] = field(default_factory=dict)


def narrowed(wish: Wish, at: Any) -> list[ColumnElement[bool]]:
    """The conditions of a wish but for its words; `at` is the moment its tab counts from."""
    return [*_without_choices(wish, at), *_chosen(wish, _CASE.c).values()]


def _without_choices(wish: Wish, at: Any) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wish.days:
        found.append(at <= now() - timedelta(days=wish.days))
    if wish.least is not None or wish.most is not None:
        found.append(_amount_within(wish.least, wish.most))
    if wish.overdue:
        if wish.tab == TODO:
            found.append(_TASK.c.due_at < now())
        else:
            late = select(literal(1)).where(
                _TASK.c.case_id == _CASE.c.id, _TASK.c.said == Said.OPEN.value, _TASK.c.due_at < now()
            )
            found.append(late.correlate(_CASE).exists() if wish.tab != DONE else _TASK.c.due_at < _TASK.c.decided_at)
    return found


def _chosen(wish: Wish, of: Any) -> dict[str, ColumnElement[bool]]:
    """The choices of a wish as conditions on the columns of cases."""
    asked = {
        "flow": (of.definition_id, wish.flow), "entity": (of.entity, wish.entity or None),
        "applicant": (of.applicant_id, wish.applicant), "unit": (of.unit_id, wish.unit),
    }  # fmt: skip
    return {name: column == value for name, (column, value) in asked.items() if value is not None}


def amounts() -> dict[str, list[str]]:
    """{entity: its amounts the actor may ask by}, of what is under approval: whoever could ask by others would guess
    them."""
    actor, found = require_actor(), dict[str, list[str]]()
    for slug in sorted(bindings().entities):
        described = context().entities.get(slug)
        if described is not None:
            names = [f.name for f in described.fields if f.kind is Kind.MONEY and may_ask(described, f.name, actor)]
            found |= {slug: names} if names else {}
    return found


def _amount_within(least: Decimal | None, most: Decimal | None) -> ColumnElement[bool]:
    """Whether one of the figures kept with a case is an amount within the bounds.

    Not asked by a figure some step of its flow hides, but for one's own cases: whoever is asked there would guess it.
    """
    ways, asked_by, me = [], amounts(), require_actor().employee_id
    hiding = versions_hiding({name for names in asked_by.values() for name in names})
    for slug, names in asked_by.items():
        for name in names:
            text = _CASE.c.figures[name].as_string()
            amount = case((text.regexp_match(_NUMBER), cast(text, _AMOUNT)))
            bounds = [amount >= _literal(least)] if least is not None else []
            bounds += [amount <= _literal(most)] if most is not None else []
            if found := hiding.get(name):
                kept = tuple_(_CASE.c.definition_id, _CASE.c.version).in_(sorted(found))
                bounds.append(or_(not_(kept), _CASE.c.applicant_id == me))
            ways.append(and_(_CASE.c.entity == slug, *bounds))
    return or_(*ways) if ways else false()


def _literal(number: Decimal) -> ColumnElement[Any]:
    return cast(literal(f"{number:f}", String), _AMOUNT)


def read_choices(mine: Select[Any], wish: Wish, at: Any) -> Choices:
    """What one's own lines (`mine`, narrowed by the words of the wish) can be narrowed to, in one statement."""
    columns = (_CASE.c.definition_id, _CASE.c.applicant_id, _CASE.c.unit_id, _CASE.c.entity)
    own = mine.where(*_without_choices(wish, at)).with_only_columns(*columns).limit(MOST_LOOKED_AT + 1).cte("looked_at")
    asked = _chosen(wish, own.c)
    named = {
        "flow": (own.c.definition_id, _FLOW, _FLOW.c.name_en), "applicant": (own.c.applicant_id, _EMPLOYEE, null()),
        "unit": (own.c.unit_id, _UNIT, null()), "entity": (own.c.entity, None, null()),
    }  # fmt: skip
    parts = [_part("total", literal(""), literal(""), null()).select_from(own).where(*asked.values())]
    parts.append(_part("all", literal(""), literal(""), null()).select_from(own))
    for sort, (column, table, name_en) in named.items():
        others = [condition for name, condition in asked.items() if name != sort]
        name = literal("") if table is None else table.c.name
        part = _part(sort, cast(column, String), name, name_en).where(*others).group_by(column)
        if table is None:
            parts.append(part.select_from(own))
        else:
            grouped = (table.c.name,) if sort != "flow" else (table.c.name, table.c.name_en)
            parts.append(part.select_from(own.join(table, table.c.id == column)).group_by(*grouped))
    found: dict[str, list[Choice]] = {}
    for row in session.execute(union_all(*parts)):
        found.setdefault(row.sort, []).append(Choice(row.value, row.name, row.name_en or "", row.number))
    total, looked_at = found.pop("total")[0].number, found.pop("all")[0].number
    offered = {
        sort: sorted(few, key=lambda one: (-one.number, one.name, one.value))[:MOST_OFFERED]
        for sort, few in found.items()
    }
    return Choices(min(total, MOST_LOOKED_AT), looked_at > MOST_LOOKED_AT, offered)


def _part(sort: str, value: Any, name: Any, name_en: Any) -> Select[Any]:
    return select(
        literal(sort).label("sort"), value.label("value"), name.label("name"), cast(name_en, String).label("name_en"),
        func.count().label("number"),
    )  # fmt: skip


__all__ = [
    "COPIED", "DONE", "MINE", "TABS", "TODO", "Choice", "Choices", "Wish", "amounts", "narrowed", "read_choices",
]  # fmt: skip
