"""Who acts now, and everything known of them, in two statements per request."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from flask import has_app_context
from flask_babel import refresh
from sqlalchemy import Label, Select, bindparam, column, select, table, true

from app.access.held import ADMIN_ROLE, HeldRole, levels_of, pairs_of, roles_held
from app.access.models import Preference, RoleVersion
from app.db import session
from app.host.context import hooks
from app.types import SYSTEM, Actor, Grant, Placement, Scope

_current: ContextVar[Actor | None] = ContextVar("qiao_actor", default=None)

# FAB's own tables, read here as plain tables: only app.base knows FAB's classes.
_user = table("ab_user", *map(column, ("id", "username", "first_name", "last_name", "active")))
_user_role = table("ab_user_role", column("user_id"), column("role_id"))
_user_group = table("ab_user_group", column("user_id"), column("group_id"))
_group_role = table("ab_group_role", column("group_id"), column("role_id"))


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


def _chosen(key: str) -> Label[str]:
    """The person's own choice in place of the site's, read with the login."""
    choice = select(Preference.value).where(Preference.user_id == _user.c.id, Preference.key == key)
    return choice.correlate(_user).scalar_subquery().label(key)


def _login_statement() -> Select[Any]:
    """A login's row once per role it holds itself or by a group, with the token of what roles hold."""
    direct = select(_user_role.c.role_id).where(_user_role.c.user_id == bindparam("user"))
    by_group = (
        select(_group_role.c.role_id)
        .join(_user_group, _user_group.c.group_id == _group_role.c.group_id)
        .where(_user_group.c.user_id == bindparam("user"))
    )
    own = direct.union(by_group).subquery()
    return (
        select(
            _user.c.username,
            _user.c.first_name,
            _user.c.last_name,
            _chosen("language"),
            _chosen("timezone"),
            select(RoleVersion.token).scalar_subquery().label("token"),
            own.c.role_id,
        )
        .join_from(_user, own, true(), isouter=True)
        .where(_user.c.id == bindparam("user"), _user.c.active)
    )


_login = _login_statement()


def load_actor(user_id: int, *, locale: str = "zh", timezone: str = "Asia/Shanghai") -> Actor | None:
    """Everything about a login as of now; None when it does not exist or is switched off.

    `locale` and `timezone` are the site's; the person's own choice goes before them.
    A role held through a second post counts from that post's unit only; a role given to the login itself
    counts from the person's main unit only.
    """
    rows = session.execute(_login, {"user": user_id}).all()
    if not rows:
        return None
    login = rows[0]
    with acting_as(SYSTEM):  # nobody acts yet, and nobody sees no rows
        places: list[Placement] = hooks().gather("placements", user_id=user_id)
    own = {row.role_id for row in rows if row.role_id is not None}
    held = roles_held(login.token, own | {role for place in places for role in place.role_ids})
    main = places[0] if places else None
    return Actor(
        user_id=user_id,
        name=main.name if main else f"{login.last_name}{login.first_name}".strip() or login.username,
        employee_id=main.employee_id if main else None,
        unit_id=main.unit_id if main else None,
        unit_path=main.unit_path if main else None,
        grants=tuple(_grants(places, held, own)),
        permissions=pairs_of(login.token, held),
        fields=levels_of(login.token, held),
        locale=json.loads(login.language) if login.language else locale,
        timezone=json.loads(login.timezone) if login.timezone else timezone,
    )


def _grants(places: list[Placement], held: dict[int, HeldRole], own: set[int]) -> Iterator[Grant]:
    for role_id, role in held.items():
        default = Scope.ALL if role.name == ADMIN_ROLE else Scope.NONE
        there = [p for p in places if role_id in p.role_ids or (role_id in own and not p.role_ids)]
        for place in there:
            yield Grant(role_id, role.name, place.unit_id, place.unit_path, role.scopes, default)
        if not there and role_id in own:
            yield Grant(role_id, role.name, None, None, role.scopes, default)


__all__ = [
    "ADMIN_ROLE",
    "acting_as",
    "current_actor",
    "load_actor",
    "require_actor",
    "set_actor",
]
