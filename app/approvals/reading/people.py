"""Colleagues by name, for whoever names one in an act."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Boolean, Integer, column, or_, select, table

from app.approvals.models import Copy
from app.db import now, session, transaction
from app.organisation.models import Employee, Unit

_EMPLOYEE: Any = Employee.__table__
_UNIT: Any = Unit.__table__
_COPY: Any = Copy.__table__
# FAB's own table, read as a plain table.
_user = table("ab_user", column("id", Integer), column("active", Boolean))
PICKED = 20


def find_people(text: str, ids: Sequence[str] = ()) -> tuple[list[Any], bool]:
    """(id, name, code, unit) of those who can act and whose name or staff number has a text, or those of these ids;
    and whether there are more. Whoever takes part in approvals may name any colleague."""
    words = text.strip()[:100].replace("\x00", "")
    like = or_(*(_EMPLOYEE.c[name].icontains(words, autoescape=True) for name in ("name", "code")))
    numbers = [int(one) for one in ids if one.isascii() and one.isdecimal() and len(one) < 10]
    rows = session.execute(
        select(_EMPLOYEE.c.id, _EMPLOYEE.c.name, _EMPLOYEE.c.code, _UNIT.c.name.label("unit"))
        .join(_UNIT, _UNIT.c.id == _EMPLOYEE.c.unit_id)
        .join(_user, _user.c.id == _EMPLOYEE.c.user_id)
        .where(_user.c.active.is_(True), _EMPLOYEE.c.left_on.is_(None), _EMPLOYEE.c.id.in_(numbers) if ids else like)
        .order_by(_EMPLOYEE.c.name, _EMPLOYEE.c.id)
        .limit(PICKED + 1)
    ).all()
    return list(rows[:PICKED]), len(rows) > PICKED


def is_unread_copy(case_id: int, employee_id: int | None) -> bool:
    """Whether somebody was told of a case and has not looked at it yet."""
    if employee_id is None:
        return False
    unread = select(_COPY.c.id).where(
        _COPY.c.case_id == case_id, _COPY.c.employee_id == employee_id, _COPY.c.read_at.is_(None)
    )
    return session.scalar(unread.limit(1)) is not None


def mark_copy_read(case_id: int, employee_id: int) -> None:
    """Note that somebody has looked at a case they were told of."""
    with transaction() as current:
        current.execute(
            _COPY.update()
            .where(_COPY.c.case_id == case_id, _COPY.c.employee_id == employee_id, _COPY.c.read_at.is_(None))
            .values(read_at=now())
        )


__all__ = ["find_people", "is_unread_copy", "mark_copy_read"]
