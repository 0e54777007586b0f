"""Looking at the screens as somebody else (角色预览): an actor with the other's rights who changes nothing."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import select

from app.access.actors import ADMIN_ROLE, load_actor
from app.access.held import levels_of, pairs_of, roles_held
from app.access.models import RoleVersion
from app.db import session
from app.types import Actor, Grant, Scope


def as_login(viewer: Actor, user_id: int) -> Actor | None:
    """A login as it acts now, in the viewer's language; None when it does not exist or is switched off."""
    found = load_actor(user_id)
    if found is None:
        return None
    return replace(found, viewer=viewer.name, locale=viewer.locale, timezone=viewer.timezone)


def as_role(viewer: Actor, role_id: int) -> Actor | None:
    """The viewer, at their own place, holding one role and no other; None when there is no such role."""
    token = session.scalar(select(RoleVersion.token)) or ""
    held = roles_held(token, [role_id])
    if (role := held.get(role_id)) is None:
        return None
    default = Scope.ALL if role.name == ADMIN_ROLE else Scope.NONE
    grant = Grant(role_id, role.name, viewer.unit_id, viewer.unit_path, role.scopes, default)
    return replace(
        viewer,
        viewer=viewer.name,
        grants=(grant,),
        permissions=pairs_of(token, held),
        fields=levels_of(token, held),
    )
