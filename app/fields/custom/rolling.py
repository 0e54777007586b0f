"""Roll-ups: a count, sum, average, least or greatest over the records that link to a record.

All such records count, whoever may see them: who makes the field decides that its readers may know the figure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.fields.custom.rules import PREFIX
from app.fields.custom.stored import COLUMN, expression
from app.fields.expressions.checking import OF_KIND, Type
from app.fields.expressions.compiling import compile_condition, result
from app.fields.expressions.running import Surroundings
from app.fields.expressions.sql import condition
from app.host.context import context
from app.types import Entity, Field, Kind

ROLLUP = "rollup"
WAYS = ("count", "sum", "average", "min", "max")
#: What a roll-up may give.
KINDS = (Kind.INTEGER, Kind.DECIMAL, Kind.MONEY, Kind.PERCENT, Kind.DATE, Kind.DATETIME)
_NUMBERS = (Type.INTEGER, Type.DECIMAL)


@dataclass(frozen=True, slots=True)
class Rollup:
    """`by` over the `field` of the records of `child` whose `link` names the record, those that meet `where`."""

    child: str
    link: str
    by: str
    field: str | None
    where: str | None
    kind: Kind

    @property
    def uses(self) -> tuple[str, ...]:
        """The fields of its own record it follows from: none."""
        return ()

    @property
    def nothing(self) -> Any:
        """What a record has to which nothing links."""
        return 0 if self.by == "count" else None


def relations(slug: str) -> Iterator[tuple[Entity, Field]]:
    """(entity, its link) of the records that can be rolled up into those of an entity.

    Not by owner or unit: hundreds of thousands of records change theirs in one statement.
    """
    return ((child, field) for child, field in links(context().entities.values()) if field.target == slug)


def links(entities: Iterable[Entity]) -> Iterator[tuple[Entity, Field]]:
    """Every link by which records can be rolled up: (entity, field)."""
    for child in entities:
        placed = (child.scoped_by.owner, child.scoped_by.unit)
        for field in child.fields:
            stored = field.name in child.model.__table__.c and field.name not in placed
            if field.kind is Kind.LINK and stored and child.actions & {"add", "import"}:
                yield child, field


def usable(child: Entity, fields: Mapping[str, Field]) -> dict[str, Field]:
    """The fields of linking records that a roll-up may look at: none that are worked out themselves."""
    table = child.model.__table__
    return {
        name: field
        for name, field in fields.items()
        if field.kind is not Kind.LINK
        and field.compute is None
        and (name in table.c or (name.startswith(PREFIX) and not field.computed))
    }


def fits(by: str, kind: Kind, field: Field | None) -> bool:
    """Whether that over this field gives values of the kind."""
    wanted = OF_KIND.get(kind)
    if by == "count":
        return kind is Kind.INTEGER
    given = OF_KIND.get(field.kind) if field is not None else None
    if by in ("sum", "average") and given not in _NUMBERS:
        return False
    if by == "average":
        return wanted is Type.DECIMAL
    if given is Type.INTEGER:
        return wanted in _NUMBERS
    return given is wanted and given in (Type.DECIMAL, Type.DATE, Type.MOMENT)


def aggregate(rollup: Rollup, child: Entity, fields: Mapping[str, Field], around: Surroundings) -> Any:
    """The SQL of a roll-up over its linking records. Raises `BadExpression` for what it cannot ask."""

    def column(name: str) -> Any:
        if name.startswith(PREFIX):
            return expression(getattr(child.model, COLUMN), name, fields[name].kind)
        return child.model.__table__.c[name]

    value = column(rollup.field) if rollup.field else None
    ways: dict[str, Any] = {"sum": func.sum, "average": func.avg, "min": func.min, "max": func.max}
    made = func.count() if rollup.by == "count" else ways[rollup.by](value)
    if not rollup.where:
        return made
    compiled = compile_condition(rollup.where, usable(child, fields))
    return made.filter(condition(compiled.tree, column, around))


def totals(
    current: Session, rollups: Iterable[tuple[str, Rollup]], ids: Sequence[int], around: Surroundings
) -> dict[int, dict[str, Any]]:
    """{id: {roll-up: value}} of records, by one grouped query per link."""
    found = {number: {name: rollup.nothing for name, rollup in rollups} for number in ids}
    by_link: dict[tuple[str, str], list[tuple[str, Rollup]]] = defaultdict(list)
    for name, rollup in rollups:
        by_link[(rollup.child, rollup.link)].append((name, rollup))
    for (slug, link), several in by_link.items():
        child = context().entities.get(slug)
        if child is None:  # its module is off
            continue
        fields = {field.name: field for field in child.fields}
        key = child.model.__table__.c[link]
        figures = [aggregate(rollup, child, fields, around).label(name) for name, rollup in several]
        grouped = select(key.label("row_id"), *figures).where(key.in_(ids)).group_by(key)
        for row in current.connection().execute(grouped).mappings():
            found[row["row_id"]].update({name: _value(rollup, row[name]) for name, rollup in several})
    return found


def _value(rollup: Rollup, given: Any) -> Any:
    if given is None:
        return rollup.nothing
    if rollup.kind is Kind.INTEGER:
        return result(rollup.kind, int(given))
    if rollup.kind in (Kind.DATE, Kind.DATETIME):
        return given
    return result(rollup.kind, Decimal(str(given)))


__all__ = ["KINDS", "ROLLUP", "WAYS", "Rollup", "aggregate", "fits", "links", "relations", "totals", "usable"]
