"""What lies in pools, and the ways out of them: claim, assign, return, mark invalid."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from flask import Response, flash, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.api import (
    UNSCOPED,
    EntityView,
    among,
    entity,
    own_path,
    require_actor,
    scope_condition,
    session,
)
from app.types import Refused
from plugins.pools.models import PoolEntry
from plugins.pools.schemas import ENTRY
from plugins.pools.views.acts import EntryActs, PoolAct, perform


class PoolsEntryView(EntryActs, EntityView):
    """What lies in pools, and the ways out of them."""

    entity = ENTRY
    route_base = "/pools_entry"
    permission_labels: ClassVar[dict[str, Any]] = {
        "can_ask": _l("Apply to keep"),
        "can_keep": _l("Keep for some days"),
        "can_release": _l("Release into a pool"),
        "can_lock": _l("Lock against the rules"),
        "can_close": _l("Mark invalid"),
    }

    def do_act(self, act: PoolAct) -> Response:
        """Do it with the customers of the entries chosen."""
        return perform(act, self.url(act.name), lying, self._back)

    def _back(self, _ids: Sequence[int]) -> str:
        """The list one came from; the page of an entry is gone with the entry."""
        back = own_path(request.form.get("next"), self.url("list"))
        return self.url("list") if "/show/" in back and back.startswith(f"{self.route_base}/") else back


def lying(entry_ids: Sequence[int]) -> list[int]:
    """The customers of entries the actor sees, in the order of the entries. Raises `Refused` when all are gone."""
    seen = scope_condition(entity("pools_entry"), require_actor())
    statement = select(PoolEntry.id, PoolEntry.customer_id).where(among(session(), PoolEntry.id, entry_ids), seen)
    found = {row.id: row.customer_id for row in session.execute(statement.execution_options(**{UNSCOPED: True}))}
    gone = len(entry_ids) - len(found)
    if gone and not found:
        raise Refused(_("No longer in a pool you can take it from: somebody was faster"))
    if gone:
        flash(_("%(count)s of them were no longer in the pool", count=gone), "warning")
    return [found[number] for number in entry_ids if number in found]


__all__ = ["PoolsEntryView", "lying"]
