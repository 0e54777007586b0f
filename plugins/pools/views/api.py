"""The acts of pools over REST: what lies in them, and the ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Response, abort, jsonify, request
from flask_babel import gettext as _

from app.api import EntityApi, answer, api_needs, expose, read_asked
from plugins.pools.schemas import ENTRY, MOVEMENT
from plugins.pools.services.reversing import reverse_movements
from plugins.pools.views import acts
from plugins.pools.views.acts import PoolAct
from plugins.pools.views.entries import lying
from plugins.pools.views.movements import WHY


class PoolsEntryApi(EntityApi):
    """What lies in pools over REST, and the acts: POST {"ids": [entries]} or {"customers": [ids]}, with what the act
    asks for besides → {"done": [customer ids], "refused": {customer id: reason}, "warnings": […]}.

    409 when it was done with none of them.
    """

    entity = ENTRY
    resource_name = "pools_entry"

    @expose("/claim", methods=["POST"])
    @api_needs("can_claim")
    def claim(self) -> Response:
        """Claim."""
        return _do(acts.CLAIM)

    @expose("/assign", methods=["POST"])
    @api_needs("can_assign", "can_list")
    def assign(self) -> Response:
        """Assign: employee_id, reason."""
        return _do(acts.ASSIGN)

    @expose("/return", methods=["POST"])
    @api_needs("can_return", "can_list")
    def give_back(self) -> Response:
        """Return to the former account managers: reason."""
        return _do(acts.RETURN)

    @expose("/ask", methods=["POST"])
    @api_needs("can_ask")
    def ask(self) -> Response:
        """Apply to keep red customers: reason."""
        return _do(acts.ASK)

    @expose("/keep", methods=["POST"])
    @api_needs("can_keep")
    def keep(self) -> Response:
        """Keep red customers: days, reason."""
        return _do(acts.KEEP)

    @expose("/release", methods=["POST"])
    @api_needs("can_release")
    def release(self) -> Response:
        """Release: reason, pool_id."""
        return _do(acts.RELEASE)

    @expose("/lock", methods=["POST"])
    @api_needs("can_lock")
    def lock(self) -> Response:
        """Lock: reason, until."""
        return _do(acts.LOCK)

    @expose("/unlock", methods=["POST"])
    @api_needs("can_lock")
    def unlock(self) -> Response:
        """Unlock: reason."""
        return _do(acts.UNLOCK)

    @expose("/invalid", methods=["POST"])
    @api_needs("can_close")
    def invalid(self) -> Response:
        """Mark invalid: reason."""
        return _do(acts.INVALID)

    @expose("/reopen", methods=["POST"])
    @api_needs("can_close")
    def reopen(self) -> Response:
        """Take back that customers are invalid: reason."""
        return _do(acts.REOPEN)


class PoolsMovementApi(EntityApi):
    """The ledger over REST, and taking movements back."""

    entity = MOVEMENT
    resource_name = "pools_movement"

    @expose("/reverse", methods=["POST"])
    @api_needs("can_reverse")
    def reverse(self) -> Response:
        """Take back: {"ids": […], "reason": "…"} → {"reversed": [ids], "refused": {id: reason}}.

        409 when none could be.
        """
        _named, ids, given = _asked("ids")
        if not ids:
            return _no_ids()
        taken = reverse_movements(ids, read_asked(WHY, given)["reason"])
        return _told(taken.done, reversed=taken.done, refused=taken.refused)


def _do(act: PoolAct) -> Response:
    if not act.allowed():
        abort(403)
    named, ids, given = _asked("ids", "customers")
    if not ids:
        return _no_ids()
    values = read_asked(act.asked, given)
    outcome = act.do(lying(ids) if named == "ids" else ids, values)
    return _told(outcome.done, done=outcome.done, refused=outcome.refused, warnings=outcome.warnings)


def _asked(*names: str) -> tuple[str, list[int], dict[str, Any]]:
    """(the one of these names the body gives ids by, the ids, the rest of the body); no ids where it gives none."""
    body = request.get_json(silent=True)
    given = dict(body) if isinstance(body, dict) else {}
    named = [name for name in names if name in given]
    ids = given.pop(named[0]) if len(named) == 1 else None
    if isinstance(ids, list) and all(type(number) is int and 0 < number < 2**63 for number in ids):
        return named[0], ids, given
    return "", [], given


def _no_ids() -> Response:
    return answer(422, errors={"ids": _("Give a list of ids")})


def _told(made: Sequence[int], *, refused: Mapping[int, str], **said: Any) -> Response:
    reply = jsonify(**said, refused={str(number): reason for number, reason in refused.items()})
    reply.status_code = 200 if made else 409
    return reply


__all__ = ["PoolsEntryApi", "PoolsMovementApi"]
