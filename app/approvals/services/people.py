"""Who stands where: holders of a role, heads of units, the line of managers, who can act. A few statements each."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import Boolean, Row, Select, Table, and_, column, literal, or_, select, table
from sqlalchemy.orm import Session

from app.access.held import ADMIN_ROLE
from app.access.models import RoleInfo
from app.fields.bulk import among
from app.organisation.models import Employee, Post, Unit

EMPLOYEE, UNIT, POST, ROLE_INFO = (cast(Table, each.__table__) for each in (Employee, Unit, Post, RoleInfo))
# FAB's own tables, read as plain tables: only app.base knows FAB's classes.
LOGIN = table("ab_user", column("id"), column("active", Boolean))
_user_role = table("ab_user_role", column("user_id"), column("role_id"))
_user_group = table("ab_user_group", column("user_id"), column("group_id"))
_group_role = table("ab_group_role", column("group_id"), column("role_id"))
_role = table("ab_role", column("id"), column("name"))
_role_permission = table("ab_permission_view_role", column("role_id"), column("permission_view_id"))
_permission_view = table("ab_permission_view", column("id"), column("permission_id"), column("view_menu_id"))
_permission = table("ab_permission", column("id"), column("name"))
_view = table("ab_view_menu", column("id"), column("name"))

#: The permission name of the screens of approvals.
VIEW = "ApprovalView"
#: Nobody has more above them; an organisation that goes in a circle must not turn forever.
_DEEPEST = 60

#: With a login that is switched on, and has not left.
CAN_ACT = and_(EMPLOYEE.c.left_on.is_(None), EMPLOYEE.c.user_id == LOGIN.c.id, LOGIN.c.active)


@dataclass(frozen=True, slots=True)
class UnitAbove:
    """A unit on the way up, with its head."""

    id: int
    level: str
    head_id: int | None


def able(current: Session, employees: Collection[int]) -> set[int]:
    """Those who have not left and have a login that is switched on."""
    if not employees:
        return set()
    chosen = select(EMPLOYEE.c.id).join_from(EMPLOYEE, LOGIN, CAN_ACT)
    return set(current.connection().scalars(chosen.where(among(current, EMPLOYEE.c.id, employees))))


def role_holders(current: Session, role: str, units: Collection[int] | None) -> list[Row[Any]]:
    """(employee, unit) of the active holders of a role (a template's slug or its name) in these units, or anywhere.

    A role of the login or its groups counts in the person's main unit, that of a second post in the post's.
    """
    roles = select(_role.c.id).where(
        or_(_role.c.name == role, _role.c.id.in_(select(ROLE_INFO.c.role_id).where(ROLE_INFO.c.template == role)))
    )
    found = _placed(roles).cte("found")
    chosen = select(found.c.employee_id, found.c.unit_id).order_by(found.c.employee_id)
    if units is not None:
        chosen = chosen.where(among(current, found.c.unit_id, units))
    return list(current.connection().execute(chosen))


def administrators(current: Session) -> list[int]:
    """Active employees who may keep approvals going: their roles grant ``can_administer``, or they hold all roles."""
    granted = (
        select(_role_permission.c.role_id)
        .join(_permission_view, _permission_view.c.id == _role_permission.c.permission_view_id)
        .join(_permission, _permission.c.id == _permission_view.c.permission_id)
        .join(_view, _view.c.id == _permission_view.c.view_menu_id)
        .where(_permission.c.name == "can_administer", _view.c.name == VIEW)
    )
    roles = select(_role.c.id).where(or_(_role.c.id.in_(granted), _role.c.name == ADMIN_ROLE))
    found = _placed(roles).cte("found")
    return list(current.connection().scalars(select(found.c.employee_id).distinct().order_by(found.c.employee_id)))


def _placed(roles: Select[Any]) -> Any:
    """(employee_id, unit_id) of everybody active who holds one of the roles there."""
    own = select(_user_role.c.user_id).where(_user_role.c.role_id.in_(roles))
    by_group = (
        select(_user_group.c.user_id)
        .join(_group_role, _group_role.c.group_id == _user_group.c.group_id)
        .where(_group_role.c.role_id.in_(roles))
    )
    logins = own.union(by_group)
    names = (EMPLOYEE.c.id.label("employee_id"), EMPLOYEE.c.unit_id.label("unit_id"))
    main = select(*names).join_from(EMPLOYEE, LOGIN, CAN_ACT).where(EMPLOYEE.c.user_id.in_(logins))
    second = (
        select(EMPLOYEE.c.id, POST.c.unit_id)
        .join_from(EMPLOYEE, LOGIN, CAN_ACT)
        .join(POST, POST.c.employee_id == EMPLOYEE.c.id)
        .where(POST.c.role_id.in_(roles))
    )
    return main.union(second)


def units_upward(current: Session, unit_id: int | None) -> list[UnitAbove]:
    """A unit and those above it, from the nearest: two statements at most."""
    if unit_id is None:
        return []
    connection = current.connection()
    path = connection.scalar(select(UNIT.c.path).where(UNIT.c.id == unit_id)) or ""
    ids = [int(part) for part in path.split("/") if part]
    if not ids:
        return []
    chosen = select(UNIT.c.id, UNIT.c.level, UNIT.c.head_id).where(among(current, UNIT.c.id, ids))
    by_id = {row.id: UnitAbove(row.id, row.level, row.head_id) for row in connection.execute(chosen)}
    return [by_id[number] for number in reversed(ids) if number in by_id]


def managers_above(current: Session, employee_id: int) -> list[int]:
    """The line of managers of somebody, from the nearest, each once: a circle ends where it began."""
    start = select(EMPLOYEE.c.manager_id, literal(1).label("step")).where(EMPLOYEE.c.id == employee_id)
    chain = start.cte("chain", recursive=True)
    above = EMPLOYEE.alias()
    further = select(above.c.manager_id, chain.c.step + 1).where(
        above.c.id == chain.c.manager_id, chain.c.step < _DEEPEST
    )
    line = chain.union_all(further)
    found = current.connection().scalars(select(line.c.manager_id).order_by(line.c.step))
    return [number for number in dict.fromkeys(found) if number is not None and number != employee_id]


def unit_of(current: Session, employee_id: int) -> int | None:
    """The main unit of an employee."""
    found: int | None = current.connection().scalar(select(EMPLOYEE.c.unit_id).where(EMPLOYEE.c.id == employee_id))
    return found


def employee_of_login(current: Session, user_id: int | None) -> int | None:
    """The employee of a login."""
    if user_id is None:
        return None
    found: int | None = current.connection().scalar(select(EMPLOYEE.c.id).where(EMPLOYEE.c.user_id == user_id))
    return found


def employee_coded(current: Session, code: str) -> int | None:
    """The employee of a code."""
    found: int | None = current.connection().scalar(select(EMPLOYEE.c.id).where(EMPLOYEE.c.code == code))
    return found


def names_of(current: Session, employees: Iterable[int | None]) -> dict[int, str]:
    """The names of employees by id, whoever asks: whoever may read a case reads who acted in it."""
    ids = {number for number in employees if number is not None}
    if not ids:
        return {}
    chosen = select(EMPLOYEE.c.id, EMPLOYEE.c.name).where(among(current, EMPLOYEE.c.id, ids))
    return {row.id: row.name for row in current.connection().execute(chosen)}


__all__ = [
    "CAN_ACT", "EMPLOYEE", "LOGIN", "UNIT", "VIEW", "UnitAbove", "able", "administrators", "employee_coded",
    "employee_of_login", "managers_above", "names_of", "role_holders", "unit_of", "units_upward",
]  # fmt: skip
