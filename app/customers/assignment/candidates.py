"""Who may get customers by some rules: their lines as people who work today, within the unit of the rule."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, cast

from sqlalchemy import Table, func, or_, select

from app.customers.assignment.models import AssignmentRule, AssignmentTarget, AssignmentTurn
from app.customers.assignment.rules import Fallback, Method, Seat, Way, lies_below
from app.customers.models import Customer
from app.db import session
from app.fields.bulk import among
from app.organisation.handover.planning import today
from app.organisation.handover.rules import nearest_head
from app.organisation.models import Employee, Unit
from app.organisation.rules import is_at_work

_CUSTOMER, _EMPLOYEE, _RULE, _TARGET, _TURN, _UNIT = (
    cast(Table, each.__table__) for each in (Customer, Employee, AssignmentRule, AssignmentTarget, AssignmentTurn, Unit)
)


@dataclass(frozen=True, slots=True)
class Person:
    """An employee as a rule sees them."""

    id: int
    name: str
    unit_id: int
    path: str
    works: bool


@dataclass(frozen=True, slots=True)
class Deck:
    """Everything needed to deal customers out by some rules, as of now."""

    rules: Mapping[int, AssignmentRule]
    #: {rule: path of its unit, None for the whole institution}
    tops: Mapping[int, str | None]
    #: {(rule, key): its people in order}
    seats: Mapping[tuple[int, str], list[Seat]]
    keys: Mapping[int, tuple[str, ...]]
    people: Mapping[int, Person]
    #: {unit: path}, {unit: head who works}
    paths: Mapping[int, str]
    heads: Mapping[int, int]
    #: {(rule, key): who was served last}
    turns: Mapping[tuple[int, str], int | None]
    #: {employee: customers held}; empty where no rule asks.
    held: dict[int, int]

    def head_for(self, rule: AssignmentRule, unit_id: int | None) -> int | None:
        """The head of a customer's unit or of the nearest above, within the rule's unit; else that unit's own."""
        path = self.paths.get(unit_id or 0) or self.tops[rule.id]
        head = nearest_head(path, self.heads) if path else None
        return head if head is not None and self.may_get(rule, head) else None

    def may_get(self, rule: AssignmentRule, employee_id: int | None) -> bool:
        """Whether somebody works today, within the rule's unit."""
        person = self.people.get(employee_id or 0)
        return person is not None and person.works and lies_below(person.path, self.tops[rule.id])


def read_deck(rules: Sequence[AssignmentRule]) -> Deck:
    """The deck of these rules; six statements, however many people and customers."""
    day = today()
    units = session.execute(select(_UNIT.c.id, _UNIT.c.path, _UNIT.c.head_id)).all()
    known = {row.id: row.path for row in units}
    heads = {row.id: row.head_id for row in units if row.head_id is not None}
    lines = session.execute(
        select(_TARGET)
        .where(among(session(), _TARGET.c.rule_id, [rule.id for rule in rules]))
        .order_by(_TARGET.c.rule_id, _TARGET.c.position, _TARGET.c.id)
    ).all()
    named = {line.employee_id for line in lines} | {rule.fallback_id for rule in rules}
    if any(rule.fallback == Fallback.HEAD for rule in rules) or any(line.way == Way.HEAD for line in lines):
        named |= set(heads.values())
    people = _people(named - {None}, {line.unit_id for line in lines if line.way == Way.UNIT}, known, day)
    tops = {rule.id: known.get(rule.unit_id or 0) for rule in rules}
    seats = _seats(rules, lines, people, heads, tops)
    limited = any(rule.method == Method.LOAD for rule in rules) or any(
        seat.most is not None for each in seats.values() for seat in each
    )
    turns = session.execute(select(_TURN).where(among(session(), _TURN.c.rule_id, [rule.id for rule in rules])))
    return Deck(
        {rule.id: rule for rule in rules},
        tops,
        seats,
        {rule.id: tuple(key for number, key in seats if number == rule.id) for rule in rules},
        people,
        known,
        {unit: head for unit, head in heads.items() if head in people and people[head].works},
        {(row.rule_id, row.key): row.last_id for row in turns},
        _held(people) if limited else {},
    )


def _people(
    named: Iterable[int | None], unit_ids: Iterable[int | None], paths: Mapping[int, str], day: date
) -> dict[int, Person]:
    rows = session.execute(
        select(
            *(_EMPLOYEE.c.id, _EMPLOYEE.c.name, _EMPLOYEE.c.unit_id),
            *(_EMPLOYEE.c.joined_on, _EMPLOYEE.c.left_on, _EMPLOYEE.c.away_from, _EMPLOYEE.c.away_until),
        )
        .where(
            or_(
                among(session(), _EMPLOYEE.c.id, sorted(number for number in named if number)),
                among(session(), _EMPLOYEE.c.unit_id, sorted(number for number in unit_ids if number)),
            )
        )
        .order_by(_EMPLOYEE.c.id)
    )
    return {
        row.id: Person(
            *(row.id, row.name, row.unit_id, paths.get(row.unit_id, "")),
            is_at_work(row.joined_on, row.left_on, row.away_from, row.away_until, day),
        )
        for row in rows
    }


def _seats(
    rules: Sequence[AssignmentRule],
    lines: Iterable[Any],
    people: Mapping[int, Person],
    heads: Mapping[int, int],
    tops: Mapping[int, str | None],
) -> dict[tuple[int, str], list[Seat]]:
    limits = {rule.id: rule.most for rule in rules}
    staff: dict[int, list[int]] = defaultdict(list)
    for person in people.values():
        staff[person.unit_id].append(person.id)
    seats: dict[tuple[int, str], list[Seat]] = defaultdict(list)
    for line in lines:
        if line.way == Way.UNIT:
            numbers = staff[line.unit_id]
        else:
            one = line.employee_id if line.way == Way.PERSON else heads.get(line.unit_id)
            numbers = [one] if one is not None and one in people else []
        for number in numbers:
            fits = people[number].works and lies_below(people[number].path, tops[line.rule_id])
            most = line.most if line.most is not None else limits[line.rule_id]
            seats[line.rule_id, line.key].append(Seat(number, fits, line.weight, most))
        seats.setdefault((line.rule_id, line.key), [])
    return dict(seats)


def _held(people: Mapping[int, Person]) -> dict[int, int]:
    rows = session.execute(
        select(_CUSTOMER.c.owner_id, func.count().label("n"))
        .where(among(session(), _CUSTOMER.c.owner_id, sorted(people)))
        .group_by(_CUSTOMER.c.owner_id)
    )
    return {row.owner_id: row.n for row in rows}


__all__ = ["Deck", "Person", "read_deck"]
