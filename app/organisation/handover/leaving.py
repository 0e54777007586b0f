"""The end of somebody's employment besides the work they hand over, and its way back."""

from __future__ import annotations

from typing import Any

from sqlalchemy import column, select, table, update
from sqlalchemy.orm import Session

from app.access.audit import Act, record_acts
from app.access.scope import UNSCOPED
from app.access.sessions import end_sessions
from app.organisation.handover.models import Handover
from app.organisation.models import Employee, Post, Unit

_user = table("ab_user", column("id"), column("username"), column("active"))
_role = table("ab_role", column("id"))
_OPEN = {UNSCOPED: True}


def end_employment(current: Session, handover: Handover) -> dict[str, Any]:
    """Switch the login off, end second posts and headships, set the last day; what an undo needs to know of it.

    Its sessions end at once; whatever else it has open, a key or token, ends with its next request.
    """
    employee = current.get_one(Employee, handover.giver_id, execution_options=_OPEN)
    ended: dict[str, Any] = {
        "left_on": employee.left_on.isoformat() if employee.left_on else None,
        "login": _switch(current, employee, active=False),
        "posts": [],
        "heads": [],
    }
    employee.left_on = handover.last_on
    for post in current.scalars(select(Post).where(Post.employee_id == employee.id).execution_options(**_OPEN)):
        ended["posts"].append({"unit_id": post.unit_id, "role_id": post.role_id, "title": post.title})
        current.delete(post)
    for unit in current.scalars(select(Unit).where(Unit.head_id == employee.id).execution_options(**_OPEN)):
        ended["heads"].append(unit.id)
        unit.head_id = None
    current.flush()
    return ended


def bring_back(current: Session, handover: Handover) -> None:
    """Undo `end_employment`: posts whose role is gone and headships somebody else has taken over stay ended."""
    employee, ended = current.get_one(Employee, handover.giver_id, execution_options=_OPEN), handover.ended
    employee.left_on = None
    if ended.get("login"):
        _switch(current, employee, active=True)
    held = select(Post.unit_id, Post.role_id).where(Post.employee_id == employee.id)
    known = {(row.unit_id, row.role_id) for row in current.execute(held.execution_options(**_OPEN))}
    roles = set(current.scalars(select(_role.c.id)))
    for post in ended.get("posts", ()):
        if post["role_id"] in roles and (post["unit_id"], post["role_id"]) not in known:
            current.add(Post(employee_id=employee.id, **post))
    free = select(Unit).where(Unit.id.in_(ended.get("heads", ())), Unit.head_id.is_(None))
    for unit in current.scalars(free.execution_options(**_OPEN)):
        unit.head_id = employee.id
    current.flush()


def _switch(current: Session, employee: Employee, *, active: bool) -> bool:
    """Switch the employee's login on or off; False when there is none or it is so already."""
    if employee.user_id is None:
        return False
    changed = current.scalar(
        update(_user)
        .where(_user.c.id == employee.user_id, _user.c.active.is_(not active))
        .values(active=active)
        .returning(_user.c.username)
    )
    if changed is None:
        return False
    act = Act("update", "user", str(employee.user_id), changed, {"active": [not active, active]})
    record_acts(current, [act])
    if not active:
        end_sessions(employee.user_id, "left")
    return True
