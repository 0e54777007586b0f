"""Permission synchronisation: what the screens and role templates of a site need, written once, under a lock.

The search index of entities that are new, or are searched in another way, is made in the same step.

Runs from `qiao sync` and when a module is enabled, never when a process starts. It only adds: what a module
left behind keeps its grants, so that switching the module on again brings everything back.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

from flask import Flask, current_app
from flask_appbuilder.security.sqla.models import (
    Permission,
    PermissionView,
    Role,
    ViewMenu,
    assoc_permissionview_role,
)
from flask_babel import force_locale
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from app.access.actors import ADMIN_ROLE
from app.access.models import RoleInfo, RoleScope
from app.db import session, transaction
from app.host.context import Context, context
from app.host.lock import lock_site
from app.host.models import HostOffer
from app.search.terms import bring_in_step
from app.types import RoleTemplate

log = logging.getLogger(__name__)

PUBLIC_ROLE = "Public"
#: How a scope is kept among the offers of a template.
SCOPE = "scope"

Pair = tuple[str, str]


@dataclass(slots=True)
class Synced:
    """How many rows a synchronisation added; all zero when everything was in step."""

    permissions: int = 0
    roles: int = 0
    grants: int = 0
    scopes: int = 0

    def __bool__(self) -> bool:
        return any(getattr(self, field.name) for field in fields(self))


def needed_pairs(app: Flask) -> set[Pair]:
    """(permission, view) of every screen and REST resource of the app, and of every menu line."""
    pairs: set[Pair] = set()
    for view in app.appbuilder.baseviews:  # type: ignore[attr-defined]
        name = getattr(view, "class_permission_name", None) or type(view).__name__
        pairs.update((permission, name) for permission in view.base_permissions or ())
    for group in context(app).menu:
        pairs.update((item.permission, item.view) for item in group.items)
    return pairs


def synchronise() -> Synced:
    """Bring the current site's permissions in step with its screens and role templates."""
    with transaction() as current:
        return synchronise_in(current)


def synchronise_in(current: Session) -> Synced:
    """Add the missing permissions, roles, grants and scopes of the current app to a running transaction.

    Admin gets every permission. A role template makes its role once; afterwards it adds only what it has
    never offered before, so what an admin took away stays away.
    """
    done = Synced()
    lock_site(current.connection())
    ids = _add_pairs(current, needed_pairs(current_app), done)
    roles = _add_roles(current, (ADMIN_ROLE, PUBLIC_ROLE), done)
    _grant(current, {(roles[ADMIN_ROLE], pair_id) for pair_id in ids.values()}, done)
    _apply_templates(current, context(), ids, done)
    bring_in_step(current)
    if done:
        log.info("permissions synchronised: %s", done)
    return done


def add_screens(current: Session, pairs: set[Pair]) -> dict[Pair, int]:
    """Add the permissions of screens the site is about to have, for Admin at once; the id of each pair."""
    done = Synced()
    lock_site(current.connection())
    ids = _add_pairs(current, pairs, done)
    admin = _add_roles(current, (ADMIN_ROLE,), done)[ADMIN_ROLE]
    _grant(current, {(admin, ids[pair]) for pair in pairs}, done)
    return {pair: ids[pair] for pair in pairs}


def give_pairs(current: Session, wanted: set[tuple[int, int]]) -> None:
    """Give roles permissions they do not hold yet: (role id, pair id)."""
    if wanted:
        _grant(current, wanted, Synced())


def is_in_step() -> bool:
    """Whether `synchronise` would find nothing to add to permissions and Admin's grants (`qiao doctor`)."""
    ids = _pair_ids(session())
    held = set(
        session.scalars(
            select(assoc_permissionview_role.c.permission_view_id)
            .join(Role, Role.id == assoc_permissionview_role.c.role_id)
            .where(Role.name == ADMIN_ROLE)
        )
    )
    offered = {(o.template, o.permission, o.view) for o in session.scalars(select(HostOffer))}
    wanted = {
        offer
        for template in context().role_templates.values()
        for offer in _offers(template)
        if offer[1] == SCOPE or offer[1:] in ids
    }
    return needed_pairs(current_app) <= set(ids) and set(ids.values()) <= held and wanted <= offered


def _pair_ids(current: Session) -> dict[Pair, int]:
    rows = current.execute(
        select(Permission.name, ViewMenu.name, PermissionView.id)
        .join_from(PermissionView, Permission, Permission.id == PermissionView.permission_id)
        .join(ViewMenu, ViewMenu.id == PermissionView.view_menu_id)
    )
    return {(permission, view): pair_id for permission, view, pair_id in rows}


def _add_pairs(current: Session, pairs: set[Pair], done: Synced) -> dict[Pair, int]:
    """Make the missing pairs; returns the id of every pair there is."""
    ids = _pair_ids(current)
    missing = sorted(pairs - set(ids))
    if not missing:
        return ids
    permissions = _named(current, Permission, {permission for permission, _view in missing})
    views = _named(current, ViewMenu, {view for _permission, view in missing})
    current.execute(
        insert(PermissionView.__table__),
        [{"permission_id": permissions[p], "view_menu_id": views[v]} for p, v in missing],
    )
    done.permissions += len(missing)
    return _pair_ids(current)


def _named(current: Session, model: Any, names: set[str]) -> dict[str, int]:
    """Ids by name of a table of names, the missing ones made."""
    found: dict[str, int] = dict(current.execute(select(model.name, model.id)).all())
    if missing := sorted(names - set(found)):
        current.execute(insert(model.__table__), [{"name": name} for name in missing])
        found = dict(current.execute(select(model.name, model.id)).all())
    return found


def _add_roles(current: Session, names: Iterable[str], done: Synced) -> dict[str, int]:
    before = set(current.scalars(select(Role.name)))
    done.roles += len(set(names) - before)
    return _named(current, Role, set(names))


def _grant(current: Session, wanted: set[tuple[int, int]], done: Synced) -> None:
    """Give roles the pairs they do not hold: (role id, pair id)."""
    table = assoc_permissionview_role
    rows = current.execute(
        select(table.c.role_id, table.c.permission_view_id).where(
            table.c.role_id.in_({r for r, _p in wanted})
        )
    )
    held = {(role_id, pair_id) for role_id, pair_id in rows}
    if missing := sorted(wanted - held):
        current.execute(insert(table), [{"role_id": r, "permission_view_id": p} for r, p in missing])
        done.grants += len(missing)


def _offers(template: RoleTemplate) -> set[tuple[str, str, str]]:
    offers = {(template.slug, act, view) for view, acts in template.permissions.items() for act in acts}
    return offers | {(template.slug, SCOPE, entity) for entity in template.scopes}


def _apply_templates(current: Session, carried: Context, ids: dict[Pair, int], done: Synced) -> None:
    """Make the roles of new templates and give each role what its template offers for the first time."""
    offered = {(o.template, o.permission, o.view) for o in current.scalars(select(HostOffer))}
    new_offers: list[tuple[str, str, str]] = []
    grants: set[tuple[int, int]] = set()
    scopes: dict[tuple[int, str], str] = {}
    for template in carried.role_templates.values():
        fresh = _offers(template) - offered
        for _slug, act, view in sorted(fresh):
            if act != SCOPE and (act, view) not in ids:
                log.debug("role template %s names %s on %s, which no screen has", template.slug, act, view)
        fresh = {offer for offer in fresh if offer[1] == SCOPE or offer[1:] in ids}
        if not fresh:
            continue
        new_offers.extend(sorted(fresh))
        role_id = _role_of(current, template, template.slug in {slug for slug, _act, _view in offered}, done)
        if role_id is None:
            continue
        grants |= {(role_id, ids[offer[1:]]) for offer in fresh if offer[1] != SCOPE}
        scopes |= {(role_id, view): template.scopes[view].value for _slug, act, view in fresh if act == SCOPE}
    if new_offers:
        current.execute(
            insert(HostOffer),
            [dict(zip(("template", "permission", "view"), o, strict=True)) for o in new_offers],
        )
    if grants:
        _grant(current, grants, done)
    if scopes:
        _add_scopes(current, scopes, done)


def _role_of(current: Session, template: RoleTemplate, was_made: bool, done: Synced) -> int | None:
    """The role a template made, made now if it never was; None when an admin has deleted it since."""
    found = current.scalar(
        select(RoleInfo.role_id).where(RoleInfo.template == template.slug).order_by(RoleInfo.role_id).limit(1)
    )
    if found is not None or was_made:
        return found
    taken = set(current.scalars(select(Role.name)))
    name, number = template.slug, 2
    while name in taken:  # an admin's own role of that name is not touched
        name, number = f"{template.slug}_{number}", number + 1
    role_id = _add_roles(current, (name,), done)[name]
    labels = {}
    for locale in ("zh", "en"):
        with force_locale(locale):
            labels[f"label_{locale}"] = str(template.label)
    current.execute(insert(RoleInfo).values(role_id=role_id, template=template.slug, **labels))
    return role_id


def _add_scopes(current: Session, wanted: dict[tuple[int, str], str], done: Synced) -> None:
    held = {
        (role_id, entity) for role_id, entity in current.execute(select(RoleScope.role_id, RoleScope.entity))
    }
    rows = [
        {"role_id": role_id, "entity": entity, "scope": scope}
        for (role_id, entity), scope in sorted(wanted.items())
        if (role_id, entity) not in held
    ]
    if rows:
        current.execute(insert(RoleScope), rows)
        done.scopes += len(rows)
