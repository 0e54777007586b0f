"""Who may see a customer and why: the owner, colleagues it is shared with, people in charge of its unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import CompoundSelect, Select, and_, column, func, literal, or_, select, table, union_all

from app.access.actors import ADMIN_ROLE
from app.access.models import RoleInfo, RoleScope
from app.base.views.cells import language
from app.customers.models import Customer, CustomerShare
from app.db import session
from app.organisation.models import Employee, Post, Unit
from app.types import Scope

LIMIT = 40

# FAB's own tables, read as plain tables.
_user = table("ab_user", column("id"), column("active"))
_user_role = table("ab_user_role", column("user_id"), column("role_id"))
_user_group = table("ab_user_group", column("user_id"), column("group_id"))
_group_role = table("ab_group_role", column("group_id"), column("role_id"))
_role = table("ab_role", column("id"), column("name"))


@dataclass(frozen=True, slots=True)
class Viewer:
    """Someone who may see a customer: `why` in words; whether they may change it, too."""

    employee_id: int
    name: str
    unit: str
    why: str
    may_change: bool


def who_may_see(customer: Customer) -> tuple[list[Viewer], bool]:
    """(viewers, whether there are more): owner first, then shares, then by role; at most `LIMIT`.

    Modules may widen or narrow this; ownership, shares and roles are what it explains. Two statements.
    """
    found: dict[int, Viewer] = {}
    for row in session.execute(_by_name(customer)):
        why = _("Shared with") if row.is_share else _("Account manager")
        found.setdefault(row.id, Viewer(row.id, row.name, row.unit, why, bool(row.may_change)))
    zh = language() == "zh"
    by_role = session.execute(_by_role(customer).limit(LIMIT + 1)).all()
    for row in by_role:
        named = (row.label_zh if zh else row.label_en) or row.label_en or row.role
        why = f"{named}: {_reach(row.scope)}"
        found.setdefault(row.id, Viewer(row.id, row.name, row.unit, why, True))
    viewers = list(found.values())
    return viewers[:LIMIT], len(viewers) > LIMIT or len(by_role) > LIMIT


def _reach(scope: str | None) -> str:
    reaches = {Scope.UNIT: _("own unit"), Scope.UNIT_AND_BELOW: _("own unit and all below")}
    return reaches.get(Scope(scope), _("all customers")) if scope else _("all customers")


def _by_name(customer: Customer) -> CompoundSelect[*tuple[Any, ...]]:
    shown = (Employee.id, Employee.name, Unit.name.label("unit"))
    owner = select(*shown, literal(False).label("is_share"), literal(True).label("may_change"))
    owner = owner.join(Unit, Unit.id == Employee.unit_id).where(Employee.id == customer.owner_id)
    share = select(*shown, literal(True), CustomerShare.can_write).join(Unit, Unit.id == Employee.unit_id)
    share = share.join(CustomerShare, CustomerShare.employee_id == Employee.id)
    return union_all(owner, share.where(CustomerShare.customer_id == customer.id)).order_by("is_share")


def _by_role(customer: Customer) -> Select[Any]:
    """Active people whose role reaches the customer's unit, from any of their places."""
    path = customer.unit.path if customer.unit is not None else ""
    own = select(_user_role.c.user_id, _user_role.c.role_id).union(
        select(_user_group.c.user_id, _group_role.c.role_id).join(
            _group_role, _group_role.c.group_id == _user_group.c.group_id
        )
    )
    roles = own.subquery()
    places = select(Employee.id.label("employee_id"), Employee.unit_id).union(select(Post.employee_id, Post.unit_id))
    place = places.subquery()
    everywhere = (
        select(place.c.employee_id, place.c.unit_id, roles.c.role_id)
        .join(Employee, Employee.id == place.c.employee_id)
        .join(roles, roles.c.user_id == Employee.user_id)
    )
    held = everywhere.union(select(Post.employee_id, Post.unit_id, Post.role_id)).subquery()
    above = func.substr(literal(path), 1, func.length(Unit.path)) == Unit.path
    reaches = or_(
        _role.c.name == ADMIN_ROLE,
        RoleScope.scope == Scope.ALL.value,
        and_(RoleScope.scope == Scope.UNIT.value, Unit.id == customer.unit_id),
        and_(RoleScope.scope == Scope.UNIT_AND_BELOW.value, above),
    )
    entity_scope = and_(RoleScope.role_id == _role.c.id, RoleScope.entity == "customer")
    return (
        select(
            Employee.id,
            Employee.name,
            Unit.name.label("unit"),
            _role.c.name.label("role"),
            RoleInfo.label_zh,
            RoleInfo.label_en,
            RoleScope.scope,
        )
        .select_from(held)
        .join(Employee, Employee.id == held.c.employee_id)
        .join(_user, and_(_user.c.id == Employee.user_id, _user.c.active))
        .join(Unit, Unit.id == held.c.unit_id)
        .join(_role, _role.c.id == held.c.role_id)
        .outerjoin(RoleScope, entity_scope)
        .outerjoin(RoleInfo, RoleInfo.role_id == _role.c.id)
        .where(reaches, Employee.left_on.is_(None))
        .order_by(Unit.path.desc(), Employee.id)
    )
