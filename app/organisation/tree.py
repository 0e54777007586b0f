"""Reading the tree of units for its screen: one level at a time, or what a search finds with its way up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import aliased

from app.db import session
from app.organisation.models import Employee, Unit
from app.organisation.rules import ancestors

FOUND_LIMIT = 50


@dataclass(frozen=True, slots=True)
class Node:
    """A unit on the screen: how many units stand right below it, how many people work in it and below."""

    id: int
    name: str
    code: str
    level: str
    active: bool
    children: int
    staff: int
    #: Names of the units above, from the root; only in search results.
    above: tuple[str, ...] = ()


def children_of(parent_id: int | None) -> list[Node]:
    """The units right below a unit, or the roots; one statement."""
    at = Unit.parent_id.is_(None) if parent_id is None else Unit.parent_id == parent_id
    return [_node(row) for row in session.execute(_nodes(at).order_by(Unit.sort, Unit.code))]


def search_units(term: str) -> list[Node]:
    """Units whose name or code contains the term, each with the names above it; two statements."""
    text = term.strip()[:100]
    hit = or_(Unit.name.contains(text, autoescape=True), Unit.code.contains(text, autoescape=True))
    rows = session.execute(_nodes(hit).order_by(Unit.path).limit(FOUND_LIMIT)).all()
    wanted = {number for row in rows for number in ancestors(row.path)}
    names: dict[int, str] = {}
    if wanted:
        above = session.execute(select(Unit.id, Unit.name).where(Unit.id.in_(wanted)))
        names = {row.id: row.name for row in above}
    return [_node(row, tuple(names.get(number, "") for number in ancestors(row.path))) for row in rows]


def _nodes(condition: ColumnElement[bool]) -> Any:
    child, inner = aliased(Unit), aliased(Unit)
    children = select(func.count(child.id)).where(child.parent_id == Unit.id).scalar_subquery()
    # every path inside a branch lies between the branch's own and the same with its last slash raised
    end = func.substr(Unit.path, 1, func.length(Unit.path) - 1).concat("0")
    staff = (
        select(func.count(Employee.id))
        .join(inner, inner.id == Employee.unit_id)
        .where(inner.path >= Unit.path, inner.path < end, Employee.left_on.is_(None))
        .correlate(Unit)
        .scalar_subquery()
    )
    columns: Sequence[Any] = (Unit.id, Unit.name, Unit.code, Unit.level, Unit.active, Unit.path)
    return select(*columns, children.label("children"), staff.label("staff")).where(condition)


def _node(row: Any, above: tuple[str, ...] = ()) -> Node:
    return Node(row.id, row.name, row.code, row.level, row.active, row.children, row.staff, above)
