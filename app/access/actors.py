"""Who acts now, and everything known of them, in three statements per request."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from flask import has_app_context
from flask_babel import refresh
from sqlalchemy import Label, column, select, table

from app.access.models import Preference, RoleScope
from app.db import session
from app.host.context import hooks
from app.types import SYSTEM, Actor, Grant, Placement, Scope

_current: ContextVar[Actor | None] = ContextVar("qiao_actor", default=None)

# FAB's own tables, read here as plain tables: only app.base knows FAB's classes.
_user = table("ab_user", *map(column, ("id", "username", "first_name", "last_name", "active")))
_user_role = table("ab_user_role", column("user_id"), column("role_id"))
_user_group = table("ab_user_group", column("user_id"), column("group_id"))
_group_role = table("ab_group_role", column("group_id"), column("role_id"))
_role = table("ab_role", column("id"), column("name"))
_role_permission = table("ab_permission_view_role", column("role_id"), column("permission_view_id"))
_permission_view = table("ab_permission_view", column("id"), column("permission_id"), column("view_menu_id"))
_permission = table("ab_permission", column("id"), column("name"))
_view = table("ab_view_menu", column("id"), column("name"))

#: FAB's role that holds every permission and sees every row.
ADMIN_ROLE = "Admin"


def current_actor() -> Actor | None:
    """Who acts in this request or job; None means nobody, who sees no scoped row."""
    return _current.get()


def require_actor() -> Actor:
    """Who acts. Raises `PermissionError` when nobody does: a programming error, not a refusal."""
    actor = _current.get()
    if actor is None:
        raise PermissionError("no actor: wrap the work in acting_as(...)")
    return actor


@contextmanager
def acting_as(actor: Actor | None) -> Iterator[None]:
    """Do what follows as `actor`: jobs name theirs, the installation's own work names `SYSTEM`."""
    token = _current.set(actor)
    _forget_language()
    try:
        yield
    finally:
        _current.reset(token)
        _forget_language()


def set_actor(actor: Actor | None) -> None:
    """Set the actor of the running request (the security manager, once per request)."""
    _current.set(actor)
    _forget_language()


def _forget_language() -> None:
    """Texts and times from here on are in the language and zone of whoever acts now."""
    if has_app_context():
        refresh()


def load_actor(user_id: int, *, locale: str = "zh", timezone: str = "Asia/Shanghai") -> Actor | None:
    """Everything about a login as of now; None when it does not exist or is switched off.

    `locale` and `timezone` are the site's; the person's own choice goes before them.
    A role held through a second post counts from that post's unit only; a role given to the login itself
    counts from the person's main unit only.
    """
    login = session.execute(
        select(
            _user.c.username, _user.c.first_name, _user.c.last_name, _chosen("language"), _chosen("timezone")
        ).where(_user.c.id == user_id, _user.c.active)
    ).one_or_none()
    if login is None:
        return None
    with acting_as(SYSTEM):  # nobody acts yet, and nobody sees no rows
        places: list[Placement] = hooks().gather("placements", user_id=user_id)
    direct = select(_user_role.c.role_id).where(_user_role.c.user_id == user_id)
    by_group = (
        select(_group_role.c.role_id)
        .join(_user_group, _user_group.c.group_id == _group_role.c.group_id)
        .where(_user_group.c.user_id == user_id)
    )
    own_roles = direct.union(by_group).subquery()
    posted = {role for place in places for role in place.role_ids}
    rows = session.execute(
        select(_role.c.id, _role.c.name, own_roles.c.role_id.is_not(None), RoleScope.entity, RoleScope.scope)
        .join_from(_role, own_roles, own_roles.c.role_id == _role.c.id, isouter=True)
        .join(RoleScope, RoleScope.role_id == _role.c.id, isouter=True)
        .where(own_roles.c.role_id.is_not(None) | _role.c.id.in_(posted))
    ).all()
    names: dict[int, str] = {}
    own: set[int] = set()
    scopes: dict[int, dict[str, Scope]] = {}
    for role_id, name, is_own, entity, scope in rows:
        names[role_id] = name
        scopes.setdefault(role_id, {})
        if is_own:
            own.add(role_id)
        if entity is not None:
            scopes[role_id][entity] = Scope(scope)
    main = places[0] if places else None
    return Actor(
        user_id=user_id,
        name=main.name if main else f"{login.last_name}{login.first_name}".strip() or login.username,
        employee_id=main.employee_id if main else None,
        unit_id=main.unit_id if main else None,
        unit_path=main.unit_path if main else None,
        grants=tuple(_grants(places, names, own, scopes)),
        permissions=_permissions(set(names)),
        locale=json.loads(login.language) if login.language else locale,
        timezone=json.loads(login.timezone) if login.timezone else timezone,
    )


def _chosen(key: str) -> Label[str]:
    """The person's own choice in place of the site's, read with the login."""
    choice = select(Preference.value).where(Preference.user_id == _user.c.id, Preference.key == key)
    return choice.correlate(_user).scalar_subquery().label(key)


def _grants(
    places: list[Placement], names: dict[int, str], own: set[int], scopes: dict[int, dict[str, Scope]]
) -> Iterator[Grant]:
    for role_id, name in sorted(names.items()):
        default = Scope.ALL if name == ADMIN_ROLE else Scope.NONE
        held = [p for p in places if role_id in p.role_ids or (role_id in own and not p.role_ids)]
        for place in held:
            yield Grant(role_id, name, place.unit_id, place.unit_path, scopes[role_id], default)
        if not held and role_id in own:
            yield Grant(role_id, name, None, None, scopes[role_id], default)


def _permissions(role_ids: set[int]) -> frozenset[tuple[str, str]]:
    """(permission, view) pairs of all the roles, in one statement."""
    if not role_ids:
        return frozenset()
    rows = session.execute(
        select(_permission.c.name, _view.c.name)
        .select_from(_role_permission)
        .join(_permission_view, _permission_view.c.id == _role_permission.c.permission_view_id)
        .join(_permission, _permission.c.id == _permission_view.c.permission_id)
        .join(_view, _view.c.id == _permission_view.c.view_menu_id)
        .where(_role_permission.c.role_id.in_(role_ids))
        .distinct()
    )
    return frozenset((permission, view) for permission, view in rows)
