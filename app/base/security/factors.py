"""Verbs of the second factor: one's own, a role's, and what an administrator does for somebody who lost it."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _

from app.access.actors import current_actor, require_actor
from app.access.audit import Act, record_acts
from app.access.sessions import end_sessions, set_step
from app.access.signin.factors import (
    confirm_factor,
    has_factor,
    is_required,
    new_recovery_codes,
    remove_factor,
    require_of_role,
    role_requires,
)
from app.base.security.roles.grants import may_give, role_labels
from app.base.security.sessions import current_session
from app.base.security.steps import first_step
from app.db import transaction
from app.types import Actor, Refused


def is_asked_of(actor: Actor | None) -> bool:
    """Whether the site or a role of this person asks for a second factor."""
    return actor is not None and is_required({grant.role_id for grant in actor.grants})


def switch_on(user: Any, code: str) -> list[str]:
    """Switch one's own second factor on; returns the recovery codes, told once.

    Every other session and token of the login ends: from now on a password alone opens none. Raises `Refused`
    for a wrong code.
    """
    with transaction() as current:
        codes = confirm_factor(user.id, code)
        if not codes:
            raise Refused(_("This code is not right; wait for the next one and try again"), field="code")
        row = current_session()
        end_sessions(user.id, "factor", but=row.id if row else None)
        if row is not None:
            set_step(row.id, first_step(user, row.provider))
        record_acts(current, [Act("factor_on", "user", str(user.id), user.username)])
    return codes


def switch_off(user: Any) -> None:
    """Switch one's own second factor off. Raises `Refused` when the site or a role asks for it."""
    if is_asked_of(current_actor()):
        raise Refused(_("Your role or the site asks for a second factor; it cannot be switched off"))
    with transaction() as current:
        if remove_factor(user.id):
            record_acts(current, [Act("factor_off", "user", str(user.id), user.username)])


def renew_codes(user: Any) -> list[str]:
    """New recovery codes in the place of the earlier ones, told once. Raises `Refused` without a second factor."""
    if not has_factor(user.id):
        raise Refused(_("There is no second factor"))
    with transaction() as current:
        record_acts(current, [Act("factor_codes", "user", str(user.id), user.username)])
        return new_recovery_codes(user.id)


def require_factor(role_id: int, required: bool) -> None:
    """Let a role ask for a second factor, or no longer. Raises `Refused` for a role the actor may not give."""
    if not may_give(require_actor(), {role_id}):
        raise Refused(_("This role does not exist, or you may not give it"))
    with transaction() as current:
        before = role_requires(role_id)
        if before == required:
            return
        require_of_role(role_id, required)
        changes = {"second_factor": [before, required]}
        record_acts(current, [Act("update", "role", str(role_id), role_labels().get(role_id, ""), changes)])
