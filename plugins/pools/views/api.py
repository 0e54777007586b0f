"""Claims over REST."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify, request
from flask_babel import gettext as _

from app.api import EntityApi, answer, api_needs, expose
from plugins.pools.schemas import ENTRY
from plugins.pools.services import claim_customers
from plugins.pools.views.entries import lying


class PoolsEntryApi(EntityApi):
    """What lies in pools over REST, and claiming it."""

    entity = ENTRY
    resource_name = "pools_entry"

    @expose("/claim", methods=["POST"])
    @api_needs("can_claim")
    def claim(self) -> Response:
        """Claim entries: {"ids": […]} → {"claimed": [customer ids], "refused": {customer id: reason}}.

        409 when none could be claimed.
        """
        body = request.get_json(silent=True)
        ids = body.get("ids") if isinstance(body, dict) else None
        if not isinstance(ids, list) or not ids or not all(is_id(number) for number in ids):
            return answer(422, errors={"ids": _("Give a list of ids")})
        outcome = claim_customers(lying(ids))
        reply = jsonify(claimed=outcome.done, refused={str(key): text for key, text in outcome.refused.items()})
        reply.status_code = 200 if outcome.done else 409
        return reply


def is_id(number: Any) -> bool:
    """Whether a JSON value is a record's id."""
    return isinstance(number, int) and not isinstance(number, bool) and 0 < number < 2**63


__all__ = ["PoolsEntryApi"]
