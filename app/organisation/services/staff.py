"""Verbs of employees and their second posts."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import column, literal, select, table
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, aliased

from app.access.actors import ADMIN_ROLE, require_actor
from app.access.models import RoleInfo
from app.db import session, transaction
from app.organisation.models import Employee, Post, Unit
from app.organisation.rules import closes_circle, employment_faults
from app.types import Refused

_role = table("ab_role", column("id"), column("name"))
_OWN_POST = _l("Nobody gives themselves a second post; ask a colleague")
_FAULTS = {
    "own_manager": _l("Nobody is their own manager"),
    "left_before_joined": _l("The last day lies before the first"),
    "back_before_away": _l("The leave ends before it begins"),
}


def create_employee(values: dict[str, Any]) -> Employee:
    """An employee of an open unit. Raises `Refused` by field."""
    with transaction() as current:
        _check(current, None, values, values)
        employee = Employee(**values)
        current.add(employee)
        current.flush()
    return employee


def update_employee(employee: Employee, values: dict[str, Any]) -> None:
    """Change an employee.

    Raises `Refused` by field: a closed unit, a circle of managers, a last day before the first, and another unit for
    oneself: what one's roles see counts from there.
    """
    with transaction() as current:
        moves = values.get("unit_id", employee.unit_id) != employee.unit_id
        if moves and _is_own(employee.id):
            raise Refused(_("Nobody moves themselves to another unit; ask a colleague"), field="unit_id")
        fields = ("unit_id", "manager_id", "joined_on", "left_on", "away_from", "away_until")
        _check(current, employee.id, {**{name: getattr(employee, name) for name in fields}, **values}, values)
        for name, value in values.items():
            setattr(employee, name, value)
        current.flush()


def create_post(values: dict[str, Any]) -> Post:
    """A second post (兼岗) with its role.

    Raises `Refused` by field for a closed unit, for a role the actor may not give, and for a post of their own.
    """
    with transaction() as current:
        check_post(current, values)
        post = Post(**values)
        current.add(post)
        _flush_post(current)
    return post


def update_post(post: Post, values: dict[str, Any]) -> None:
    """Change a second post, under the same conditions."""
    with transaction() as current:
        check_post(current, {"employee_id": post.employee_id, **values})
        if _is_own(post.employee_id):  # neither extended nor passed on
            raise Refused(_OWN_POST, field="employee_id")
        for name, value in values.items():
            setattr(post, name, value)
        _flush_post(current)


def roles_to_give(zh: bool = True) -> list[tuple[int, str]]:
    """(id, name) of the roles the actor may give: those they hold; an administrator gives every role."""
    actor = require_actor()
    held = {grant.role_id for grant in actor.grants}
    every = actor.is_system or any(grant.role == ADMIN_ROLE for grant in actor.grants)
    rows = session.execute(
        select(_role.c.id, _role.c.name, RoleInfo.label_zh, RoleInfo.label_en)
        .outerjoin(RoleInfo, RoleInfo.role_id == _role.c.id)
        .order_by(_role.c.id)
    )
    return [(row.id, (row.label_zh if zh else row.label_en) or row.name) for row in rows if every or row.id in held]


def _check(current: Session, employee_id: int | None, whole: dict[str, Any], given: dict[str, Any]) -> None:
    wrong = {name: str(_FAULTS[code]) for name, code in employment_faults(whole, employee_id).items()}
    if given.get("unit_id") is not None and not _is_open(current, given["unit_id"]):
        wrong.setdefault("unit_id", _("This unit is closed"))
    manager = given.get("manager_id")
    known = employee_id is not None and manager is not None and "manager_id" not in wrong
    if known and closes_circle(employee_id or 0, managers_of(current, manager or 0)):
        wrong["manager_id"] = _("This would make the employee their own manager further up")
    if wrong:
        raise Refused(errors=wrong)


def managers_of(current: Session, manager_id: int) -> list[int]:
    """An employee and everybody above, in one statement."""
    start = select(Employee.id, Employee.manager_id, literal(0).label("step")).where(Employee.id == manager_id)
    chain = start.cte("chain", recursive=True)
    above = aliased(Employee)
    # as deep as no bank is: a circle that exists already must not turn forever
    step = select(above.id, above.manager_id, chain.c.step + 1).where(above.id == chain.c.manager_id, chain.c.step < 60)
    return list(current.scalars(select(chain.union_all(step).c.id)))


def _is_open(current: Session, unit_id: int) -> bool:
    return bool(current.scalar(select(Unit.active).where(Unit.id == unit_id)))


def check_post(current: Session, values: dict[str, Any]) -> None:
    """Raise `Refused` by field for a second post that cannot be given."""
    wrong: dict[str, Any] = {}
    if values.get("unit_id") is not None and not _is_open(current, values["unit_id"]):
        wrong["unit_id"] = _("This unit is closed")
    if values.get("role_id") is not None and values["role_id"] not in dict(roles_to_give()):
        wrong["role_id"] = _("This role does not exist, or you may not give it")
    if _is_own(values.get("employee_id")):
        wrong["employee_id"] = _OWN_POST
    if wrong:
        raise Refused(errors=wrong)


def _is_own(employee_id: int | None) -> bool:
    """Whether this is the actor, who does not hold everything anyway."""
    actor = require_actor()
    everything = actor.is_system or any(grant.role == ADMIN_ROLE for grant in actor.grants)
    return employee_id is not None and employee_id == actor.employee_id and not everything


def _flush_post(current: Session) -> None:
    try:
        current.flush()
    except IntegrityError as error:
        raise Refused(_("This employee holds this role in this unit already"), field="role_id") from error
