"""Which roles the holders of a role may give others without holding them (docs/adr/0043)."""

from __future__ import annotations

from collections.abc import Iterable

from flask_appbuilder.security.sqla.models import Role
from flask_babel import gettext as _
from sqlalchemy import delete, insert, select

from app.access.actors import ADMIN_ROLE, require_actor
from app.access.audit import Act, record_acts
from app.access.models import Delegation
from app.base.security.roles.asking import ask_giving
from app.base.security.roles.grants import Holding, holdings, is_within, role_labels
from app.base.security.roles.power import PUBLIC_ROLE, is_administrator, offices
from app.base.security.roles.services import editable
from app.db import session, transaction
from app.types import Actor, Held, Refused


def delegated(role_id: int) -> set[int]:
    """The roles whose contents the holders of this one may give."""
    return set(session.scalars(select(Delegation.given_id).where(Delegation.role_id == role_id)))


def delegable(role_id: int) -> list[tuple[int, str, bool]]:
    """(id, name, whether the actor may delegate it) of every role without an administrator's permissions."""
    actor, labels = require_actor(), role_labels()
    return [
        (held.role_id, labels[held.role_id], _may_delegate(actor, role_id, held))
        for held in holdings(labels)
        if held.role_id != role_id and _is_business(held)
    ]


def save_delegation(role_id: int, given: Iterable[int], seen: Iterable[int]) -> Held | None:
    """Let whoever holds the role give exactly these roles to others; written to the log.

    Raises `Refused` for a role with an administrator's permissions, for one that holds more than the actor, for a role
    the actor holds (nobody widens their own power), and when somebody else has saved meanwhile (`seen`). The answer is
    the approval that stands for the change, where the site wants one; None: it is done.
    """
    actor, wanted = require_actor(), set(given)
    with transaction() as current:
        current.execute(select(Role.id).where(Role.id == role_id).with_for_update())
        role, before = editable(role_id), delegated(role_id)
        if before != set(seen):
            raise Refused(_("Somebody else has changed this role meanwhile; reload to see the changes"))
        added, removed = wanted - before, before - wanted
        known = {held.role_id: held for held in holdings(added)}
        if not all(i in known and i != role_id and _is_business(known[i]) for i in added):
            raise Refused(_("Roles of administrators are never given by delegation"))
        if not all(_may_delegate(actor, role_id, held) for held in known.values()):
            raise Refused(_("You cannot let others give what you do not hold yourself, nor extend a role you hold"))
        if (added or removed) and (held_back := ask_giving(role, before, wanted)) is not None:
            return held_back
        if added:
            current.execute(insert(Delegation), [{"role_id": role_id, "given_id": i} for i in sorted(added)])
        if removed:
            place = (Delegation.role_id == role_id, Delegation.given_id.in_(removed))
            current.execute(delete(Delegation).where(*place))
        if added or removed:
            labels = role_labels()
            changes = {"may_give": [[labels.get(i, str(i)) for i in sorted(held)] for held in (before, wanted)]}
            record_acts(current, [Act("update", "role", str(role_id), role.label, changes)])
    return None


def _is_business(held: Holding) -> bool:
    return held.name not in (ADMIN_ROLE, PUBLIC_ROLE) and not offices(held.pairs)


def _may_delegate(actor: Actor, role_id: int, held: Holding) -> bool:
    """Only what the actor holds, which is less than what they may give; and never to a role of their own."""
    own = any(grant.role_id == role_id for grant in actor.grants)
    return is_administrator(actor) or (not own and is_within(actor, held))
