"""What the engine has to look up about one case: whom rules find, who may act, whether a condition holds.

Answers are those of the moment of the act; the engine writes them into its events.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.scope import UNSCOPED
from app.approvals.rules.document import Branch, Find, Rule, Step, Within
from app.approvals.services import people
from app.approvals.services.keeping import Kept
from app.approvals.services.people import UnitAbove
from app.approvals.subjects import ACTS
from app.db import session
from app.fields.custom.derived import surroundings
from app.fields.expressions.compiling import compile_condition, compile_expression
from app.fields.expressions.syntax import BadExpression
from app.host.context import context, hooks
from app.types import Entity, Kind

log = logging.getLogger(__name__)

_NUMBERS = (Kind.DECIMAL, Kind.MONEY, Kind.PERCENT)
#: How an applicant asks for a record that is not there yet, or for other values than it has.
_OTHER_VALUES = ("create", "change")


@dataclass(frozen=True, slots=True)
class About:
    """What a case is about: a record of an entity as it is now (None: not there), and what is asked for."""

    entity: str
    record: Any
    applicant: int
    asked: str = "button"
    payload: Mapping[str, Any] = field(default_factory=dict)

    @property
    def described(self) -> Entity | None:
        """Its entity; None where this site has none of that name any more."""
        return context().entities.get(self.entity)

    def values(self, names: Iterable[str]) -> dict[str, Any]:
        """The record's values of these names, with what is asked for over them."""
        described = self.described
        found = {name: getattr(self.record, name, None) for name in names} if self.record is not None else {}
        asked = self.payload.get("values") if self.asked in _OTHER_VALUES else None
        if described is not None and isinstance(asked, Mapping):
            fields = {each.name: each.kind for each in described.fields}
            found |= {n: _typed(fields[n], asked[n]) for n in found.keys() | set(names) if n in asked and n in fields}
        return found


def about_kept(kept: Kept) -> About:
    """What a kept case is about, as its record is now."""
    case = kept.case
    record = record_of(context().entities.get(case.entity), case.record_id)
    return About(case.entity, record, kept.rows.state.applicant, case.asked, case.payload or {})


def record_of(entity: Entity | None, record_id: int | None) -> Any:
    """A record whoever asks; None where there is none: rules and conditions look at all of it."""
    if entity is None or record_id is None:
        return None
    current = session()
    chosen = select(entity.model).where(entity.model.id == record_id)
    return current.scalar(chosen.execution_options(**{UNSCOPED: True}))


class Asking:
    """The `World` of one act on one case; what was looked up once is not looked up again."""

    def __init__(self, current: Session, about: About) -> None:
        self.current, self.about = current, about
        #: Conditions that could not be answered: {text: code}.
        self.failed: dict[str, str] = {}
        self._able: dict[int, bool] = {}
        self._kept: dict[Any, Any] = {}

    # -- what the engine asks --------------------------------------------------------------------------------------

    def people(self, step: Step) -> Iterable[int]:
        """Whom the step's rules find, in their order."""
        found = dict.fromkeys(person for rule in step.assignees for person in self.by_rule(rule))
        self._look_up(found)
        return list(found)

    def may_act(self, employee: int) -> bool:
        """Whether somebody has not left and has a login that is switched on."""
        self._look_up((employee,))
        return self._able[employee]

    def heads_above(self, step: Step) -> Iterable[int]:
        """The heads of the applicant's unit and of those above it, from the nearest."""
        heads = [unit.head_id for unit in self._units(self._unit()) if unit.head_id is not None]
        self._look_up(heads)
        return heads

    def administrators(self) -> Iterable[int]:
        """Who keeps approvals going where nobody else can."""
        found: list[int] = self._once("administrators", lambda: people.administrators(self.current))
        return found

    def superiors(self, employee: int) -> Iterable[int]:
        """The managers above somebody, then the heads of the units above."""
        line = people.managers_above(self.current, employee)
        units = self._units(people.unit_of(self.current, employee))
        found = [*line, *(unit.head_id for unit in units if unit.head_id is not None)]
        self._look_up(found)
        return [person for person in dict.fromkeys(found) if person != employee]

    def holds(self, branch: Branch) -> bool:
        """Whether a condition holds for the record now; one that cannot be answered does not, and says so."""
        return self.is_so(branch.when)

    def excluded(self) -> Iterable[int]:
        """Who owns the record and who wrote it: they never decide on it."""
        found: tuple[int, ...] = self._once("excluded", self._excluded)
        return found

    # -- what else is asked ----------------------------------------------------------------------------------------

    def is_so(self, text: str) -> bool:
        """Whether a condition holds; an empty one does."""
        if not text.strip():
            return True
        described = self.about.described
        if described is None or (self.about.record is None and self.about.asked not in _OTHER_VALUES):
            self.failed[text] = "no_record"
            return False
        try:
            condition = compile_condition(text, {each.name: each for each in described.fields})
            answer = condition.run(self.about.values(condition.uses), surroundings())
        except BadExpression as bad:
            self.failed[text] = bad.code
            return False
        if answer is None:
            self.failed[text] = "no_answer"
        return answer is True

    def by_rule(self, rule: Rule) -> list[int]:
        """Whom one rule finds, as the organisation and the record are now."""
        return list(dict.fromkeys(_RULES[rule.find](self, rule)))

    # -- rules -----------------------------------------------------------------------------------------------------

    def _named(self, rule: Rule) -> Iterable[int]:
        return rule.employees

    def _applicant(self, rule: Rule) -> Iterable[int]:
        return (self.about.applicant,)

    def _holders(self, rule: Rule) -> Iterable[int]:
        """Holders of a role in a unit, else in the nearest above it where somebody may decide, or anywhere."""
        if rule.within is Within.ANYWHERE:
            return [row.employee_id for row in people.role_holders(self.current, rule.role, None)]
        upward = [unit.id for unit in self._units(self._base(rule))]
        units = upward if rule.within is Within.UNIT_AND_ABOVE else upward[:1]
        rows = people.role_holders(self.current, rule.role, units) if units else []
        barred = {self.about.applicant, *self.excluded()}
        for unit in units:
            there = [row.employee_id for row in rows if row.unit_id == unit]
            if any(person not in barred for person in there):
                return there
        return [row.employee_id for row in rows]

    def _head(self, rule: Rule) -> Iterable[int]:
        units = self._units(self._base(rule))
        if rule.unit_level:
            units = [unit for unit in units if unit.level == rule.unit_level][:1]
        else:
            units = units[rule.level - 1 : rule.level]
        return [unit.head_id for unit in units if unit.head_id is not None]

    def _managers(self, rule: Rule) -> Iterable[int]:
        line = people.managers_above(self.current, self.about.applicant)[: rule.level]
        return line[-1:] if rule.only_last else line

    def _by_field(self, rule: Rule) -> Iterable[int]:
        """The employee a field names, or the head of the unit it names."""
        described = self.about.described
        named = described.field(rule.field) if described is not None else None
        value = self.about.values([rule.field]).get(rule.field) if named is not None else None
        if named is None or value is None:
            return ()
        numbers = [int(each) for each in (value if isinstance(value, list | tuple) else [value])]
        if named.target == "unit":
            heads = [self._units(number)[:1] for number in numbers]
            return [unit.head_id for units in heads for unit in units if unit.head_id is not None]
        return numbers if named.target == "employee" else ()

    def _by_expression(self, rule: Rule) -> Iterable[int]:
        described = self.about.described
        if described is None:
            return ()
        try:
            expression = compile_expression(rule.expression, {each.name: each for each in described.fields})
        except BadExpression as bad:
            self.failed[rule.expression] = bad.code
            return ()
        code = expression.run(self.about.values(expression.uses), surroundings())
        found = people.employee_coded(self.current, code) if isinstance(code, str) else None
        return () if found is None else (found,)

    def _by_module(self, rule: Rule) -> Iterable[int]:
        """The first module that knows the rule answers it."""
        about = self.about
        given = {"rule": rule.name, "entity": about.entity, "record": about.record, "applicant_id": about.applicant}
        for _slug, ask in hooks().each("assignees", **given):
            if (found := ask()) is not None:
                return list(found)
        return ()

    # -- where the case stands in the organisation -----------------------------------------------------------------

    def _base(self, rule: Rule) -> int | None:
        return (self._record_unit() if rule.from_record else None) or self._unit()

    def _unit(self) -> int | None:
        found: int | None = self._once("unit", lambda: people.unit_of(self.current, self.about.applicant))
        return found

    def _units(self, unit_id: int | None) -> list[UnitAbove]:
        found: list[UnitAbove] = self._once(("units", unit_id), lambda: people.units_upward(self.current, unit_id))
        return found

    def _record_unit(self) -> int | None:
        return unit_of_record(self.about.described, self.about.record)

    def _excluded(self) -> tuple[int, ...]:
        if self.about.asked in ACTS:  # whose rights are to change, or who made the document
            return tuple(self.about.payload.get("concerns") or ())
        entity, record = placed_by(self.about.described, self.about.record)
        name = entity.scoped_by.owner if entity is not None else None
        owner = getattr(record, name, None) if name and record is not None else None
        # Authors are kept as logins.
        author = getattr(self.about.record, "created_by", None) if self.about.record is not None else None
        wrote = people.employee_of_login(self.current, author if isinstance(author, int) else None)
        return tuple(person for person in dict.fromkeys((owner, wrote)) if person is not None)

    def _look_up(self, employees: Collection[int]) -> None:
        if unknown := [person for person in dict.fromkeys(employees) if person not in self._able]:
            there = people.able(self.current, unknown)
            self._able.update({person: person in there for person in unknown})

    def _once(self, key: Any, ask: Callable[[], Any]) -> Any:
        if key not in self._kept:
            self._kept[key] = ask()
        return self._kept[key]


_RULES: dict[Find, Callable[[Asking, Rule], Iterable[int]]] = {
    Find.PEOPLE: Asking._named,
    Find.ROLE: Asking._holders,
    Find.UNIT_HEAD: Asking._head,
    Find.MANAGERS: Asking._managers,
    Find.FIELD: Asking._by_field,
    Find.EXPRESSION: Asking._by_expression,
    Find.APPLICANT: Asking._applicant,
    Find.MODULE: Asking._by_module,
}


def placed_by(entity: Entity | None, record: Any) -> tuple[Entity | None, Any]:
    """The record whose owner and unit count: its own, or those of the record it belongs to."""
    for _depth in range(5):
        if entity is None or record is None or entity.scoped_by.parent is None:
            break
        attribute, slug = entity.scoped_by.parent
        above = context().entities.get(slug)
        entity, record = above, record_of(above, getattr(record, attribute, None))
    return entity, record


def unit_of_record(entity: Entity | None, record: Any) -> int | None:
    """The unit a record counts for, or the one it belongs to; None where it has none."""
    placed, holder = placed_by(entity, record)
    name = placed.scoped_by.unit if placed is not None else None
    found: int | None = getattr(holder, name, None) if name and holder is not None else None
    return found


def _typed(kind: Kind, value: Any) -> Any:
    """A value that is asked for as a record would have it: amounts exactly, days as days."""
    if value is None or not isinstance(value, str | int | float) or isinstance(value, bool):
        return value
    try:
        if kind in _NUMBERS:
            return Decimal(str(value))
        if kind is Kind.DATE:
            return date.fromisoformat(str(value))
        return datetime.fromisoformat(str(value)) if kind is Kind.DATETIME else value
    except (ArithmeticError, ValueError):
        return None


__all__ = ["About", "Asking", "about_kept", "placed_by", "record_of", "unit_of_record"]
