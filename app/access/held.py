"""What each role holds, kept in the process until anything about a role changes.

Every request reads the token of `RoleVersion` along with the login; only a new token makes it read the roles again,
so that a change acts on the next request in every process and nothing is read twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import column, select, table

from app.access.models import RoleScope
from app.db import session
from app.host.context import context
from app.types import Scope

# FAB's own tables, read here as plain tables: only app.base knows FAB's classes.
_role = table("ab_role", column("id"), column("name"))
_role_permission = table("ab_permission_view_role", column("role_id"), column("permission_view_id"))
_permission_view = table("ab_permission_view", column("id"), column("permission_id"), column("view_menu_id"))
_permission = table("ab_permission", column("id"), column("name"))
_view = table("ab_view_menu", column("id"), column("name"))


@dataclass(frozen=True, slots=True)
class HeldRole:
    """A role's name, its scope per entity, its (permission, view) pairs."""

    name: str
    scopes: Mapping[str, Scope]
    permissions: frozenset[tuple[str, str]]


@dataclass(slots=True)
class _Held:
    """What was read under one token; a role that does not exist is kept as None."""

    token: str
    roles: dict[int, HeldRole | None] = field(default_factory=dict)
    together: dict[frozenset[int], frozenset[tuple[str, str]]] = field(default_factory=dict)


def roles_held(token: str, role_ids: Iterable[int]) -> dict[int, HeldRole]:
    """What these roles hold as of `token`, which must have been read in this transaction or before it.

    Roles that do not exist are left out. At most two statements, none for roles already known.
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
    return {
        role_id: HeldRole(names[role_id], scopes[role_id], frozenset(pairs[role_id])) if role_id in names else None
        for role_id in role_ids
    }
