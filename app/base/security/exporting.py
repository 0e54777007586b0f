"""The verb behind the role page: how many rows an export of a role may hold."""

from __future__ import annotations

from flask_babel import gettext as _

from app.access.actors import require_actor
from app.access.audit import Act, record_acts
from app.access.exporting.limits import keep_limit, limit_in_force, limit_of_role
from app.access.exporting.rules import LARGEST, is_wider, read_limit
from app.base.security.roles.grants import may_give, role_labels
from app.base.security.roles.power import is_administrator
from app.db import transaction
from app.types import Refused


def limit_exports(role_id: int, text: str) -> None:
    """Let exports of a role hold at most so many rows (as typed; nothing: the site's default), and write it down.

    Raises `Refused` for what is no number of rows, for a role the actor may not give, and for a wider limit of a
    role they hold themselves: nobody opens their own gate.
    """
    try:
        rows = read_limit(text)
    except ValueError:
        raise Refused(_("Type a whole number of rows, at most %(most)s, or nothing", most=f"{LARGEST:,}")) from None
    actor = require_actor()
    if not may_give(actor, {role_id}):
        raise Refused(_("This role does not exist, or you may not give it"))
    with transaction() as current:
        before = limit_of_role(role_id)
        if before == rows:
            return
        own = any(grant.role_id == role_id for grant in actor.grants)
        if own and is_wider(limit_in_force(rows), limit_in_force(before)) and not is_administrator(actor):
            raise Refused(_("You hold this role yourself; somebody else has to widen its exports"))
        keep_limit(role_id, rows)
        changes = {"export_limit": [before, rows]}
        record_acts(current, [Act("update", "role", str(role_id), role_labels().get(role_id, ""), changes)])
