"""Where a login stands: the main place of its employee and the second posts."""

from __future__ import annotations

from sqlalchemy import bindparam, select
from sqlalchemy.orm import aliased

from app.db import session
from app.organisation.models import Employee, Post, Unit
from app.types import Placement

_second = aliased(Unit)
_PLACES = (
    select(Employee.id, Employee.name, Employee.unit_id, Unit.path, Post.unit_id, _second.path, Post.role_id)
    .join(Unit, Unit.id == Employee.unit_id)
    .outerjoin(Post, Post.employee_id == Employee.id)
    .outerjoin(_second, _second.id == Post.unit_id)
    .where(Employee.user_id == bindparam("user"), Employee.left_on.is_(None))
    .order_by(Post.id)
)


def placements_of(user_id: int) -> list[Placement]:
    """The main place of a login's employee, then the second posts with their roles."""
    rows = session.execute(_PLACES, {"user": user_id}).all()
    return [
        *(Placement(row[0], row[1], row[2], row[3]) for row in rows[:1]),
        *(Placement(row[0], row[1], row[4], row[5], (row[6],)) for row in rows if row[4] is not None),
    ]
