"""What follows from the values of a record: its formulas, and which fields it must and may have (docs/adr/0051).

`attached` compiles what admins wrote into the fields of an entity when an app is built; `plan_of` is the order and
the needs of all formulas of an entity. Who writes rows asks `worked_out` (see `keeping` for where that happens).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

from app.access.actors import current_actor
from app.access.policy import readable
from app.db import now
from app.fields.custom.models import CustomField
from app.fields.custom.rolling import ROLLUP, Rollup
from app.fields.expressions.compiling import (
    BadExpression,
    Cycle,
    Expression,
    Surroundings,
    compile_condition,
    compile_formula,
    in_order,
    result,
)
from app.host.context import context
from app.types import Entity, Field, Kind

log = logging.getLogger(__name__)

FORMULA = "formula"
PEOPLE = "people"


def surroundings() -> Surroundings:
    """What expressions may know besides the record, now and at this site."""
    zone = ZoneInfo(context().site.timezone)
    return Surroundings(now().astimezone(zone).date(), zone)


@dataclass(frozen=True, slots=True)
class Formula:
    """How a field is worked out from others of the same record."""

    expression: Expression
    kind: Kind
    longest: int

    @property
    def uses(self) -> tuple[str, ...]:
        return self.expression.uses

    def __call__(self, values: Mapping[str, Any], around: Surroundings) -> Any:
        return result(self.kind, self.expression.run(values, around), self.longest)


@dataclass(frozen=True, slots=True)
class Condition:
    """Whether a record has, or needs, a field.

    To who may not read all it depends on, it answers `otherwise`: the answer would tell them what they may not read.
    """

    entity: str
    expression: Expression
    otherwise: bool

    @property
    def uses(self) -> tuple[str, ...]:
        return self.expression.uses

    def __call__(self, values: Mapping[str, Any]) -> bool:
        actor = current_actor()
        is_open = actor is not None and (actor.fields is None or actor.is_system)
        if not is_open and not all(readable(self.entity, name, actor) for name in self.uses):
            return self.otherwise
        return self.expression.run(asked_values(self.entity, self.uses, values), surroundings()) is True


@dataclass(frozen=True, slots=True)
class Plan:
    """The formulas of an entity, each after those it uses, with what they need; and the fields with conditions."""

    formulas: tuple[tuple[str, Formula], ...] = ()
    rollups: tuple[tuple[str, Rollup], ...] = ()
    #: The fields formulas are worked out from, by name: built-in and custom ones that are no formulas.
    needs: tuple[Field, ...] = ()
    #: Fields whose presence or need hangs on a condition.
    conditional: tuple[Field, ...] = ()

    @property
    def derives(self) -> bool:
        """Whether records have anything that is worked out."""
        return bool(self.formulas or self.rollups)

    @property
    def by_time(self) -> bool:
        """Whether a result changes as days pass."""
        return any(formula.expression.by_time for _name, formula in self.formulas)

    def touched_by(self, names: Iterable[str]) -> bool:
        """Whether a change of these fields can change a result."""
        return not {field.name for field in self.needs}.isdisjoint(names)


def asked_values(slug: str, names: Iterable[str], values: Mapping[str, Any]) -> dict[str, Any]:
    """The values an expression asks for; formulas among them are worked out from what these values say."""
    formulas = dict(plan_of(context().entities[slug]).formulas)
    found: dict[str, Any] = {}

    def ask(name: str) -> None:
        if name in found:
            return
        if name not in formulas:
            found[name] = values.get(name)
            return
        for used in formulas[name].uses:
            ask(used)
        found[name] = formulas[name](found, surroundings())

    for name in names:
        ask(name)
    return found


def plan_of(entity: Entity) -> Plan:
    """The plan of an entity of this app; made once."""
    plans = context().derived
    if entity.slug not in plans:
        plans[entity.slug] = made_plan(context().entities.get(entity.slug, entity).fields)
    found: Plan = plans[entity.slug]
    return found


def made_plan(fields: Iterable[Field]) -> Plan:
    """The plan of these fields."""
    known = {field.name: field for field in fields}
    formulas = {name: field.compute for name, field in known.items() if isinstance(field.compute, Formula)}
    order = in_order({name: formula.uses for name, formula in formulas.items()})
    needed = dict.fromkeys(name for formula in formulas.values() for name in formula.uses if name not in formulas)
    return Plan(
        tuple((name, formulas[name]) for name in order),
        tuple((name, field.compute) for name, field in known.items() if isinstance(field.compute, Rollup)),
        tuple(known[name] for name in needed),
        tuple(field for field in known.values() if is_conditional(field)),
    )


def rolled_into(slug: str) -> tuple[tuple[Entity, str], ...]:
    """(entity, link) of those that have roll-ups over the records of an entity; found once."""
    known = context().derived.setdefault("", {})
    if slug not in known:
        links = {
            (other.slug, rollup.link): other
            for other in list(context().entities.values())
            for _name, rollup in plan_of(other).rollups
            if rollup.child == slug
        }
        known[slug] = tuple((other, link) for (_slug, link), other in links.items())
    found: tuple[tuple[Entity, str], ...] = known[slug]
    return found


def is_conditional(field: Field) -> bool:
    """Whether an admin's condition says when a record has or needs the field."""
    return field.required_when is not None or isinstance(field.visible_when, Condition)


def worked_out(plan: Plan, values: Mapping[str, Any], around: Surroundings | None = None) -> dict[str, Any]:
    """{formula: result} for the values of one record; of many, give them the same surroundings."""
    known, around = dict(values), around or surroundings()
    for name, formula in plan.formulas:
        known[name] = formula(known, around)
    return {name: known[name] for name, _formula in plan.formulas}


def attached(entity: Entity, fresh: Sequence[tuple[CustomField, Field]]) -> list[tuple[CustomField, Field]]:
    """The described fields with their formulas and conditions; one that does not fit any more is left out, logged."""
    own = {field.name: field for field in entity.fields if field.expression is None}
    known = own | {field.name: field for _row, field in fresh}
    made = [(row, with_expressions(entity.slug, row, field, known, _log)) for row, field in fresh]
    try:
        made_plan((known | {field.name: field for _row, field in made}).values())
    except Cycle as circle:  # saved in the same instant by two people
        log.error("formulas of %s use each other in a circle: %s", entity.slug, circle)
        made = [(row, replace(field, compute=None) if field.name in circle.way else field) for row, field in made]
    return made


def with_expressions(
    slug: str,
    row: CustomField,
    field: Field,
    known: Mapping[str, Field],
    fault: Callable[[CustomField, str, BadExpression], None],
) -> Field:
    """The field with what its row says compiled; `fault` is told of what cannot be: (row, its attribute, why)."""
    if row.source != PEOPLE:
        field = replace(field, computed=True, required=False, unique=False, importable=False, default=None)
    if row.source == ROLLUP:
        child, _dot, link = (row.rollup_of or "").partition(".")
        rolled = Rollup(child, link, row.rollup_by or "count", row.rollup_field, row.rollup_where, field.kind)
        field = replace(field, compute=rolled)
    parts: tuple[tuple[str, str | None, Callable[[str], Any]], ...] = (
        ("formula", row.formula if row.source == FORMULA else None, lambda text: _formula(text, known, field)),
        ("required_when", row.required_when, lambda text: Condition(slug, compile_condition(text, known), False)),
        ("visible_when", row.visible_when, lambda text: Condition(slug, compile_condition(text, known), True)),
    )
    found: dict[str, Any] = {}
    for name, text, made in parts:
        if text:
            try:
                found["compute" if name == "formula" else name] = made(text)
            except BadExpression as bad:
                fault(row, name, bad)
    return replace(field, **found) if found else field


def _formula(text: str, known: Mapping[str, Field], field: Field) -> Formula:
    return Formula(compile_formula(text, known, field.kind), field.kind, field.max_length or 200)


def _log(row: CustomField, name: str, bad: BadExpression) -> None:
    log.error("%s of the field %s of %s is left out: %s", name, row.key, row.entity, bad)


__all__ = [
    "asked_values",
    "FORMULA",
    "PEOPLE",
    "Condition",
    "Formula",
    "Plan",
    "attached",
    "is_conditional",
    "made_plan",
    "plan_of",
    "rolled_into",
    "surroundings",
    "with_expressions",
    "worked_out",
]
