"""Verbs of the organisation: where a login stands, growing and moving the tree."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from sqlalchemy import func, literal, select, update
from sqlalchemy.orm import aliased

from app.db import session, transaction
from app.organisation.models import Employee, Post, Unit
from app.types import Placement, Refused


def placements_of(user_id: int) -> list[Placement]:
    """The main place of a login's employee, then the second posts with their roles."""
    second = aliased(Unit)
    rows = session.execute(
        select(
            Employee.id, Employee.name, Employee.unit_id, Unit.path, Post.unit_id, second.path, Post.role_id
        )
        .join(Unit, Unit.id == Employee.unit_id)
        .outerjoin(Post, Post.employee_id == Employee.id)
        .outerjoin(second, second.id == Post.unit_id)
        .where(Employee.user_id == user_id, Employee.left_on.is_(None))
        .order_by(Post.id)
    ).all()
    return [
        *(Placement(row[0], row[1], row[2], row[3]) for row in rows[:1]),
        *(Placement(row[0], row[1], row[4], row[5], (row[6],)) for row in rows if row[4] is not None),
    ]


def create_unit(values: dict[str, Any]) -> Unit:
    """A unit under its parent; its path is known once it has an id."""
    parent = session.get(Unit, values["parent_id"]) if values.get("parent_id") else None
    with transaction() as current:
        unit = Unit(**values)
        current.add(unit)
        current.flush()
        unit.path = f"{parent.path if parent else '/'}{unit.id}/"
        unit.depth = parent.depth + 1 if parent else 0
        current.flush()
    return unit


def move_unit(unit_id: int, parent_id: int | None) -> int:
    """Put a unit with everything under it below another; returns how many units moved.

    One UPDATE whatever the size of the branch. Raises `Refused` when the new parent lies inside the branch.
    """
    with transaction() as current:
        unit = current.get_one(Unit, unit_id, with_for_update=True)
        parent = current.get_one(Unit, parent_id, with_for_update=True) if parent_id else None
        if parent is not None and parent.path.startswith(unit.path):
            raise Refused(_("A unit cannot be moved below itself"), field="parent_id")
        old, new = unit.path, f"{parent.path if parent else '/'}{unit.id}/"
        deeper = (parent.depth + 1 if parent else 0) - unit.depth
        moved = current.execute(
            update(Unit)
            .where(Unit.path >= old, Unit.path < old[:-1] + "0")
            .values(path=literal(new) + func.substr(Unit.path, len(old) + 1), depth=Unit.depth + deeper)
            .execution_options(synchronize_session=False)
        )
        current.expire(unit)
        unit.parent_id = parent_id
        current.flush()
        return int(moved.rowcount)  # type: ignore[attr-defined]
