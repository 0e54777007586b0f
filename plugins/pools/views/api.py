"""The acts of pools over REST."""

from __future__ import annotations

from typing import Any

from flask import Response, abort, jsonify, request
from flask_babel import gettext as _

from app.api import EntityApi, answer, api_needs, expose, read_asked
from plugins.pools.schemas import ENTRY
from plugins.pools.views import acts
from plugins.pools.views.acts import PoolAct
from plugins.pools.views.entries import lying


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


def _do(act: PoolAct) -> Response:
    if not act.allowed():
        abort(403)
    body = request.get_json(silent=True)
    given = dict(body) if isinstance(body, dict) else {}
    named = [name for name in ("ids", "customers") if name in given]
    ids = given.pop(named[0]) if len(named) == 1 else None
    if not isinstance(ids, list) or not ids or not all(_is_id(number) for number in ids):
        return answer(422, errors={"ids": _("Give a list of ids")})
    values = read_asked(act.asked, given)
    outcome = act.do(lying(ids) if named == ["ids"] else ids, values)
    refused = {str(number): reason for number, reason in outcome.refused.items()}
    reply = jsonify(done=outcome.done, refused=refused, warnings=outcome.warnings)
    reply.status_code = 200 if outcome.done else 409
    return reply


def _is_id(number: Any) -> bool:
    """Whether a JSON value is a record's id."""
    return isinstance(number, int) and not isinstance(number, bool) and 0 < number < 2**63


__all__ = ["PoolsEntryApi"]
