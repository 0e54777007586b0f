"""Verbs of the unit tree: growing, changing, moving and pruning it."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import func, literal, select, update

from app.access.audit import Act, record_acts
from app.db import session, transaction
from app.organisation.models import Employee, Post, Unit
from app.organisation.services.widening import refuse_widening
from app.types import Refused


def create_unit(values: dict[str, Any]) -> Unit:
    """A unit under its parent; its path is known once it has an id. Raises `Refused` below a closed unit."""
    with transaction() as current:
        parent = current.get(Unit, values["parent_id"]) if values.get("parent_id") else None
        if parent is not None and not parent.active:
            raise Refused(_("This unit is closed"), field="parent_id")
        unit = Unit(**values)
        current.add(unit)
        current.flush()
        unit.path = f"{parent.path if parent else '/'}{unit.id}/"
        unit.depth = parent.depth + 1 if parent else 0
        current.flush()
    return unit


def update_unit(unit: Unit, values: dict[str, Any]) -> None:
    """Change a unit. Raises `Refused` when it is closed while something in it is still open."""
    with transaction() as current:
        if unit.active and values.get("active") is False:
            below = current.scalar(select(func.count(Unit.id)).where(Unit.parent_id == unit.id, Unit.active))
            staff = current.scalar(
                select(func.count(Employee.id)).where(Employee.unit_id == unit.id, Employee.left_on.is_(None))
            )
            if below or staff:
                raise Refused(_("Move its open units and its employees first"), field="active")
        for name, value in values.items():
            setattr(unit, name, value)
        current.flush()


def delete_unit(unit: Unit) -> None:
    """Remove a unit nothing refers to. Raises `Refused` saying what is still in it."""
    with transaction() as current:
        for counted, text in (
            (select(func.count(Unit.id)).where(Unit.parent_id == unit.id), "units"),
            (select(func.count(Employee.id)).where(Employee.unit_id == unit.id), "employees"),
            (select(func.count(Post.id)).where(Post.unit_id == unit.id), "posts"),
        ):
            if number := current.scalar(counted):
                raise Refused(_still(text, number))
        current.delete(unit)
        current.flush()


def _still(what: str, number: int) -> str:
    if what == "units":
        return ngettext("There is %(num)d unit below it", "There are %(num)d units below it", number)
    if what == "employees":
        return ngettext("%(num)d employee belongs to it", "%(num)d employees belong to it", number)
    return ngettext("%(num)d second post is held in it", "%(num)d second posts are held in it", number)


def branch_size(unit: Unit) -> tuple[int, int]:
    """(units, employees) of a unit with everything below it: what moving it would move."""
    inside = (Unit.path >= unit.path, Unit.path < unit.path[:-1] + "0")
    units = session.scalar(select(func.count(Unit.id)).where(*inside))
    staff = select(func.count(Employee.id)).join(Unit, Unit.id == Employee.unit_id)
    return int(units or 0), int(session.scalar(staff.where(*inside, Employee.left_on.is_(None))) or 0)


def move_unit(unit_id: int, parent_id: int | None) -> int:
    """Put a unit with everything under it below another; returns how many units moved.

    One UPDATE whatever the size of the branch. Raises `Refused` when the new parent lies inside the branch
    or is closed, and when somebody would see more by it than the actor may give. Moves are serialised: two at once
    cannot tie a knot.
    """
    with transaction() as current:
        # in the order of ids, so that two moves never wait for each other
        wanted = sorted({unit_id} | ({parent_id} if parent_id else set()))
        roots = select(Unit.id).where(Unit.parent_id.is_(None)).order_by(Unit.id)
        current.execute(roots.with_for_update())
        found = {
            u.id: u
            for u in current.scalars(
                select(Unit)
                .where(Unit.id.in_(wanted))
                .order_by(Unit.id)
                .with_for_update()
                .execution_options(populate_existing=True)
            )
        }
        unit, parent = found.get(unit_id), found.get(parent_id or 0)
        if unit is None or (parent_id and parent is None):
            raise Refused(_("This unit does not exist"), field="parent_id")
        if parent is not None and parent.path.startswith(unit.path):
            raise Refused(_("A unit cannot be moved below itself"), field="parent_id")
        if parent is not None and not parent.active:
            raise Refused(_("This unit is closed"), field="parent_id")
        if unit.parent_id == parent_id:
            return 0
        refuse_widening(unit, parent)
        old, new, former = unit.path, f"{parent.path if parent else '/'}{unit.id}/", unit.parent_id
        deeper = (parent.depth + 1 if parent else 0) - unit.depth
        moved = current.execute(
            update(Unit)
            .where(Unit.path >= old, Unit.path < old[:-1] + "0")
            .values(path=literal(new) + func.substr(Unit.path, len(old) + 1), depth=Unit.depth + deeper)
            .execution_options(synchronize_session=False)
        )
        current.execute(
            update(Unit)
            .where(Unit.id == unit_id)
            .values(parent_id=parent_id)
            .execution_options(synchronize_session=False)
        )
        record_acts(current, [Act("move", "unit", str(unit_id), unit.name, {"parent_id": [former, parent_id]})])
        for loaded in list(current.identity_map.values()):
            if isinstance(loaded, Unit):
                current.expire(loaded)
        return int(moved.rowcount)  # type: ignore[attr-defined]
