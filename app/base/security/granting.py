"""Rights that were asked for and approved (docs/adr/0064): carried out by the verbs of the screens, as they were shown.

Whoever asked acts, with what they may give now; what was changed meanwhile refuses the whole.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from app.access.actors import require_actor
from app.base.entities import granting as entities
from app.base.language import language
from app.base.security.accounts import read_account, set_roles
from app.base.security.roles.delegation import delegated, save_delegation
from app.base.security.roles.fields import fingerprint, save_fields
from app.base.security.roles.filling import fill_role
from app.base.security.roles.grants import role_labels
from app.base.security.roles.matrix import matrix, shown_pairs
from app.base.security.roles.services import RoleFacts, read_role, save_role
from app.db import session, transaction
from app.fields.entities.models import CustomEntity
from app.host.context import context
from app.types import Level, Refused, Scope

Payload = Mapping[str, Any]
#: Any of these lets somebody ask for a change of a kind, and have it carried out.
_TAKES = {
    "matrix": (("can_edit", "RoleView"),),
    "made": (("can_add", "RoleView"),),
    "fields": (("can_edit", "RoleView"),),
    "giving": (("can_edit", "RoleView"),),
    "login": (("can_edit", "AccountView"), ("can_add", "AccountView")),
    "entity": (("can_edit", "CustomEntityView"), ("can_add", "CustomEntityView")),
}


def carry_out(payload: Payload) -> None:
    """Do what was asked for (`roles.asking`), in one transaction. Raises `Refused`; nothing is then changed."""
    kind = str(payload.get("kind"))
    if kind not in _VERBS:
        raise Refused(_("The product no longer knows this kind of change"))
    refuse_without(*_TAKES[kind])
    with transaction():
        _VERBS[kind](payload)


def refuse_without(*takes: tuple[str, str]) -> None:
    """Raise `Refused` where the acting person has none of these permissions."""
    actor = require_actor()
    if not any(actor.can(permission, view) for permission, view in takes):
        raise Refused(_("%(name)s may not make this change any more", name=actor.name))


def _matrix(payload: Payload) -> None:
    role = _role(payload)
    offered = shown_pairs(matrix())
    added, removed = ({(act, view) for act, view in payload[name]} for name in ("added", "removed"))
    scopes = {entity: after for entity, (_before, after) in payload["scopes"].items()}
    save_role(role.id, ((role.pairs & offered) - removed) | added, scopes, payload["seen"])


def _made(payload: Payload) -> None:
    role = _role(payload)
    scopes = {entity: Scope(after) for entity, (_before, after) in payload["scopes"].items()}
    levels = {
        slug: {name: Level[after.upper()] for name, (_before, after) in steps.items()}
        for slug, steps in payload["fields"].items()
    }
    fill_role(role.id, {(act, view) for act, view in payload["added"]}, scopes, levels, payload["seen"])


def _fields(payload: Payload) -> None:
    role, slug = _role(payload), payload["entity"]
    if fingerprint(role.fields.get(slug, {})) != payload["seen"]:
        raise _changed()
    steps = payload["fields"][slug]
    save_fields(role.id, slug, {name: after for name, (_before, after) in steps.items()}, payload["seen"])


def _giving(payload: Payload) -> None:
    role = _role(payload)
    _same_roles(payload)
    if delegated(role.id) != set(payload["before"]):
        raise _changed()
    save_delegation(role.id, payload["after"], payload["before"])


def _login(payload: Payload) -> None:
    asked = payload["user"]
    account = read_account(user_id=asked["id"])
    if account is None or account.username != asked["username"]:
        raise Refused(_("There is no such login"))
    _same_roles(payload)
    if set(account.role_ids) != set(payload["before"]):
        raise Refused(_("The roles of %(name)s have changed since they were asked for", name=account.name))
    set_roles(asked["id"], payload["after"])


def _entity(payload: Payload) -> None:
    made = context().entities.get(payload["entity"])
    row = session.scalar(select(CustomEntity.id).where(CustomEntity.slug == payload["entity"]))
    if made is None or row is None:
        raise Refused(_("There is nothing of this kind"))
    _same_roles(payload)
    entities.set_roles(made, payload["after"], payload["before"])


def _role(payload: Payload) -> RoleFacts:
    """The role that was asked about, not another one that has its number since."""
    role = read_role(payload["role"]["id"])
    if role is None or role.name != payload["role"]["name"]:
        raise Refused(_("There is no such role"))
    return role


def _same_roles(payload: Payload) -> None:
    """Refuse where a role is gone: its number may be another one's."""
    if gone := set(payload["names"]) - {str(role_id) for role_id in role_labels()}:
        names = ", ".join(payload["names"][each][language() != "zh"] for each in sorted(gone))
        raise Refused(_("This role is not there any more: %(names)s", names=names))


def _changed() -> Refused:
    return Refused(_("Somebody else has changed this role since the change was asked for; ask for it anew"))


_VERBS: dict[str, Callable[[Payload], None]] = {
    "matrix": _matrix,
    "made": _made,
    "fields": _fields,
    "giving": _giving,
    "login": _login,
    "entity": _entity,
}

__all__ = ["carry_out", "refuse_without"]
