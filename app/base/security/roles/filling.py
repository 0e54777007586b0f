"""A role that was made without any rights receives those of its source, once they are approved (docs/adr/0064)."""

from __future__ import annotations

from collections.abc import Mapping

from flask_appbuilder.security.sqla.models import Role
from flask_babel import gettext as _
from sqlalchemy import select

from app.access.actors import require_actor
from app.access.audit import Act, record_acts
from app.base.security.roles.grants import Holding
from app.base.security.roles.matrix import pair_ids
from app.base.security.roles.power import Pair
from app.base.security.roles.services import (
    editable,
    refuse_beyond,
    store_fields,
    store_pairs,
    store_scopes,
    written,
)
from app.db import transaction
from app.types import Level, Refused, Scope


def fill_role(
    role_id: int, pairs: set[Pair], scopes: Mapping[str, Scope], fields: Mapping[str, Mapping[str, Level]], seen: str
) -> None:
    """Give a role that holds nothing all of this. Raises `Refused` for more than the actor may give, for permissions
    that are there no more, and for a role that has been changed since (`seen`)."""
    with transaction() as current:
        current.execute(select(Role.id).where(Role.id == role_id).with_for_update())
        role = editable(role_id)
        if role.seen != seen or role.fields:
            raise Refused(_("Somebody else has changed this role since the change was asked for; ask for it anew"))
        if gone := pairs - set(pair_ids()):
            raise Refused(_("This site has these permissions no more: %(names)s", names=", ".join(written(gone))))
        refuse_beyond(require_actor(), Holding(role_id, role.name, frozenset(pairs), scopes, fields))
        store_fields(current, role_id, fields)
        store_pairs(current, role_id, pairs, ())
        store_scopes(current, role_id, scopes)
        record_acts(current, [Act("update", "role", str(role_id), role.label, {"permissions": [[], written(pairs)]})])


__all__ = ["fill_role"]
