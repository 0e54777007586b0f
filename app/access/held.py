"""What each role holds, kept in the process until anything about a role changes.

Every request reads the token of `RoleVersion` along with the login; only a new token makes it read the roles again,
so that a change acts on the next request in every process and nothing is read twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import column, select, table

from app.access.models import FieldPermission, RoleScope
from app.db import session
from app.host.context import context
from app.types import Entity, FieldLevels, Level, Scope

#: FAB's role that holds every permission, sees every row and writes every field.
ADMIN_ROLE = "Admin"

# FAB's own tables, read here as plain tables: only app.base knows FAB's classes.
_role = table("ab_role", column("id"), column("name"))
_role_permission = table("ab_permission_view_role", column("role_id"), column("permission_view_id"))
_permission_view = table("ab_permission_view", column("id"), column("permission_id"), column("view_menu_id"))
_permission = table("ab_permission", column("id"), column("name"))
_view = table("ab_view_menu", column("id"), column("name"))


@dataclass(frozen=True, slots=True)
class HeldRole:
    """A role's name, its scope per entity, its (permission, view) pairs, what it may do with single fields."""

    name: str
    scopes: Mapping[str, Scope]
    permissions: frozenset[tuple[str, str]]
    fields: Mapping[str, Mapping[str, Level]] = field(default_factory=dict)


@dataclass(slots=True)
class _Held:
    """What was read under one token; a role that does not exist is kept as None."""

    token: str
    roles: dict[int, HeldRole | None] = field(default_factory=dict)
    together: dict[frozenset[int], frozenset[tuple[str, str]]] = field(default_factory=dict)
    fields: dict[frozenset[int], FieldLevels | None] = field(default_factory=dict)


def roles_held(token: str, role_ids: Iterable[int]) -> dict[int, HeldRole]:
    """What these roles hold as of `token`, which must have been read in this transaction or before it.

    Roles that do not exist are left out. At most three statements, none for roles already known.
    """
    known = _known(token)
    wanted = set(role_ids)
    if missing := wanted - known.roles.keys():
        known.roles.update(_read(missing))
    return {role_id: held for role_id in sorted(wanted) if (held := known.roles[role_id]) is not None}


def pairs_of(token: str, held: Mapping[int, HeldRole]) -> frozenset[tuple[str, str]]:
    """All (permission, view) pairs of some roles together; the same object for the same roles and token."""
    together = _known(token).together
    key = frozenset(held)
    if key not in together:
        together[key] = frozenset().union(*(role.permissions for role in held.values()))
    return together[key]


def levels_of(token: str, held: Mapping[int, HeldRole]) -> FieldLevels | None:
    """The fields some roles together keep from a person; None when they keep nothing.

    Of several roles the widest counts, but only of those that reach the entity: a role without rows of it or
    without a permission on its screens cannot open its fields.
    """
    found = _known(token).fields
    key = frozenset(held)
    if key not in found:
        levels = {} if any(role.name == ADMIN_ROLE for role in held.values()) else _levels(list(held.values()))
        found[key] = FieldLevels(levels) if levels else None
    return found[key]


def _levels(roles: list[HeldRole]) -> dict[str, dict[str, Level]]:
    found: dict[str, dict[str, Level]] = {}
    for slug in {slug for role in roles for slug in role.fields}:
        entity = context().entities.get(slug)
        reaching = [role for role in roles if entity is not None and reaches(role, entity)] or roles
        named = set.intersection(*(set(role.fields.get(slug, ())) for role in reaching))
        if together := {name: max(role.fields[slug][name] for role in reaching) for name in named}:
            found[slug] = together
    return found


def reaches(role: HeldRole, entity: Entity) -> bool:
    """Whether the role shows rows of the entity: its scope there, or on the entity it belongs to."""
    if not any(view == entity.view_name for _permission, view in role.permissions):
        return False
    above: Entity | None = entity
    while above is not None and above.scoped_by.parent is not None:
        above = context().entities.get(above.scoped_by.parent[1])
    if above is None:
        return False
    return above.scoped_by.public or role.scopes.get(above.slug, Scope.NONE) is not Scope.NONE


def _known(token: str) -> _Held:
    carried = context()
    held = carried.roles_held
    if held is None or held.token != token:
        held = carried.roles_held = _Held(token)
    found: _Held = held
    return found


def _read(role_ids: set[int]) -> dict[int, HeldRole | None]:
    names: dict[int, str] = {}
    scopes: dict[int, dict[str, Scope]] = {role_id: {} for role_id in role_ids}
    pairs: dict[int, set[tuple[str, str]]] = {role_id: set() for role_id in role_ids}
    for role_id, name, entity, scope in session.execute(
        select(_role.c.id, _role.c.name, RoleScope.entity, RoleScope.scope)
        .join_from(_role, RoleScope, RoleScope.role_id == _role.c.id, isouter=True)
        .where(_role.c.id.in_(role_ids))
    ):
        names[role_id] = name
        if entity is not None:
            scopes[role_id][entity] = Scope(scope)
    for role_id, permission, view in session.execute(
        select(_role_permission.c.role_id, _permission.c.name, _view.c.name)
        .select_from(_role_permission)
        .join(_permission_view, _permission_view.c.id == _role_permission.c.permission_view_id)
        .join(_permission, _permission.c.id == _permission_view.c.permission_id)
        .join(_view, _view.c.id == _permission_view.c.view_menu_id)
        .where(_role_permission.c.role_id.in_(role_ids))
    ):
        pairs[role_id].add((permission, view))
    fields: dict[int, dict[str, dict[str, Level]]] = {role_id: {} for role_id in role_ids}
    for role_id, entity, name, level in session.execute(
        select(FieldPermission.role_id, FieldPermission.entity, FieldPermission.field, FieldPermission.level).where(
            FieldPermission.role_id.in_(role_ids)
        )
    ):
        fields[role_id].setdefault(entity, {})[name] = Level[level.upper()]
    return {
        role_id: HeldRole(names[role_id], scopes[role_id], frozenset(pairs[role_id]), fields[role_id])
        if role_id in names
        else None
        for role_id in role_ids
    }
