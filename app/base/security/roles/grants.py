"""Nobody gives what they neither hold nor were let give: permissions, scopes, levels of fields."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from flask_appbuilder.security.sqla.models import (
    Permission,
    PermissionView,
    Role,
    ViewMenu,
    assoc_group_role,
    assoc_permissionview_role,
    assoc_user_group,
    assoc_user_role,
)
from flask_babel import gettext as _
from sqlalchemy import select, union

from app.access.actors import ADMIN_ROLE
from app.access.held import HeldRole, reaches
from app.access.models import FieldPermission, RoleInfo, RoleScope
from app.base.language import language
from app.base.security.roles.power import PUBLIC_ROLE, Pair, is_administrator, power_to_give
from app.db import Model, session
from app.host.context import context
from app.types import Actor, Level, Scope


@dataclass(frozen=True, slots=True)
class Holding:
    """What a role gives."""

    role_id: int
    name: str
    pairs: frozenset[Pair]
    scopes: Mapping[str, Scope]
    fields: Mapping[str, Mapping[str, Level]] = field(default_factory=dict)


def holdings(role_ids: Iterable[int]) -> list[Holding]:
    """What these roles give, in four statements."""
    wanted = set(role_ids)
    rows = session.execute(select(Role.id, Role.name).where(Role.id.in_(wanted)))
    names: dict[int, str] = {role_id: name for role_id, name in rows}  # noqa: C416
    pairs: dict[int, set[Pair]] = {role_id: set() for role_id in names}
    given = assoc_permissionview_role
    for role_id, permission, view in session.execute(
        select(given.c.role_id, Permission.name, ViewMenu.name)
        .join_from(given, PermissionView, PermissionView.id == given.c.permission_view_id)
        .join(Permission, Permission.id == PermissionView.permission_id)
        .join(ViewMenu, ViewMenu.id == PermissionView.view_menu_id)
        .where(given.c.role_id.in_(wanted))
    ):
        pairs[role_id].add((permission, view))
    scopes: dict[int, dict[str, Scope]] = {role_id: {} for role_id in names}
    for role_id, entity, scope in session.execute(
        select(RoleScope.role_id, RoleScope.entity, RoleScope.scope).where(RoleScope.role_id.in_(wanted))
    ):
        if role_id in scopes:
            scopes[role_id][entity] = Scope(scope)
    fields: dict[int, dict[str, dict[str, Level]]] = {role_id: {} for role_id in names}
    kept = select(FieldPermission.role_id, FieldPermission.entity, FieldPermission.field, FieldPermission.level)
    for role_id, entity, name, level in session.execute(kept.where(FieldPermission.role_id.in_(names))):
        fields[role_id].setdefault(entity, {})[name] = Level[level.upper()]
    return [Holding(i, names[i], frozenset(pairs[i]), scopes[i], fields[i]) for i in sorted(names)]


def is_within(actor: Actor, held: Holding) -> bool:
    """Whether the actor holds everything the role gives."""
    if is_administrator(actor):
        return True
    if held.name in (ADMIN_ROLE, PUBLIC_ROLE) or not held.pairs <= actor.permissions or opens_more(actor, held):
        return False
    return all(scope.width <= actor.widest(entity).width for entity, scope in held.scopes.items())


def opens_more(actor: Actor, held: Holding) -> bool:
    """Whether the role may do more with some field of what it shows than the actor may."""
    if actor.fields is None:
        return False
    role = HeldRole(held.name, held.scopes, held.pairs)
    for slug, mine in actor.fields.levels.items():
        entity, theirs = context().entities.get(slug), held.fields.get(slug, {})
        wider = any(theirs.get(name, Level.WRITE) > level for name, level in mine.items())
        if wider and entity is not None and reaches(role, entity):
            return True
    return False


def may_give(actor: Actor, role_ids: Iterable[int]) -> bool:
    """Whether the actor may give all these roles to somebody else."""
    wanted = set(role_ids)
    found, power = holdings(wanted), power_to_give(actor)
    return {held.role_id for held in found} == wanted and all(is_within(power, held) for held in found)


def may_manage(actor: Actor, user_id: int) -> bool:
    """Whether a login holds nothing the actor may not give: else resetting its password would be a way up."""
    return is_administrator(actor) or may_give(actor, roles_of(user_id))


def roles_of(user_id: int) -> set[int]:
    """Every role a login holds: its own, by its groups, by the second posts of its employee."""
    parts = [
        select(assoc_user_role.c.role_id).where(assoc_user_role.c.user_id == user_id),
        select(assoc_group_role.c.role_id)
        .join(assoc_user_group, assoc_user_group.c.group_id == assoc_group_role.c.group_id)
        .where(assoc_user_group.c.user_id == user_id),
    ]
    post = Model.metadata.tables.get("org_post")
    employee = Model.metadata.tables.get("org_employee")
    if post is not None and employee is not None:
        posts = select(post.c.role_id).join(employee, employee.c.id == post.c.employee_id)
        parts.append(posts.where(employee.c.user_id == user_id))
    return set(session.scalars(union(*parts)))


def roles_to_give(actor: Actor) -> list[tuple[int, str]]:
    """(id, name in the language shown) of the roles the actor may give."""
    labels, power = role_labels(), power_to_give(actor)
    given = [held for held in holdings(labels) if held.name != PUBLIC_ROLE and is_within(power, held)]
    return [(held.role_id, labels[held.role_id]) for held in given]


def role_labels() -> dict[int, str]:
    """Every role's name in the language shown."""
    label = RoleInfo.label_zh if language() == "zh" else RoleInfo.label_en
    rows = session.execute(
        select(Role.id, Role.name, label).outerjoin(RoleInfo, RoleInfo.role_id == Role.id).order_by(Role.id)
    )
    shown = {ADMIN_ROLE: _("Administrator")}
    return {role_id: text or shown.get(name, name) for role_id, name, text in rows}
