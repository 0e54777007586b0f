"""Where a call centre sends its calls: `POST /api/v1/call_record/`, known by its signature and by nothing else."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from flask import Response, g, jsonify, request
from flask_babel import gettext as _
from flask_limiter.util import get_remote_address
from werkzeug.exceptions import RequestEntityTooLarge

from app.access.actors import acting_as
from app.activities.calls.schemas import SENT
from app.activities.calls.services import Kept, receive_calls
from app.activities.calls.sources import acting_for, find_sender, note_use, signed_when
from app.base.errors import answer
from app.base.protection import from_elsewhere, public
from app.base.rest.records import read_object
from app.base.rest.resource import Limit, Resource, expose, told
from app.fields.values import read_values
from app.types import Refused

MOST_RECORDS = 500
MOST_BYTES = 1024 * 1024
KEY, TIMESTAMP, SIGNATURE = "X-Qiao-Key", "X-Qiao-Timestamp", "X-Qiao-Signature"

#: For the OpenAPI document.
_CALL = {
    "type": "object",
    "required": ["call_id", "started_at"],
    "additionalProperties": False,
    "properties": {
        **{field.name: {"type": "string", "nullable": not field.required} for field in SENT.fields},
        "started_at": {"type": "string", "format": "date-time"},
        "direction": {"type": "string", "enum": ["in", "out"]},
        "answered": {"type": "boolean", "nullable": True},
        "duration_seconds": {"type": "integer", "minimum": 0, "nullable": True},
    },
}
_KEPT = {
    "type": "object",
    "required": ["call_id", "status"],
    "properties": {
        "call_id": {"type": "string"},
        "status": {"type": "integer"},
        "id": {"type": "integer"},
        "state": {"type": "string"},
        "activity_id": {"type": "integer", "nullable": True},
        "outdated": {"type": "boolean"},
        "message": {"type": "string"},
        "errors": {"type": "object"},
    },
}
_BODY = {"oneOf": [_CALL, {"type": "array", "items": _CALL, "minItems": 1, "maxItems": MOST_RECORDS}]}
_RESULTS = {"type": "object", "required": ["results"], "properties": {"results": {"type": "array", "items": _KEPT}}}
_ANSWER = {"oneOf": [_KEPT, _RESULTS]}


def _unknown(_response: Any = None) -> bool:
    return not g.get("call_source")


def _known(_response: Any = None) -> bool:
    return bool(g.get("call_source"))


def _sender() -> str:
    return request.headers.get(KEY, "")[:40] or "-"  # the limiter wants a name


class CallRecordApi(Resource):
    """`/api/v1/call_record/`: one call as an object, or up to 500 as a list."""

    resource_name = "call_record"
    #: Guessing counts against the address, sending against the connection: a guesser stops nobody's calls.
    limits = [
        Limit("60 per minute", key_func=get_remote_address, scope="calls", methods=("POST",), deduct_when=_unknown),
        Limit("600 per minute", key_func=_sender, scope="calls", methods=("POST",), deduct_when=_known),
    ]

    @expose("/", methods=["POST"])
    @public
    @from_elsewhere
    @told(login=False, body=_BODY, answer=_ANSWER, refusals=("400", "409", "415", "422", "429"))
    def post(self) -> Response:
        """Keep calls of a call centre, known by its signature alone: docs/call-centre.md."""
        request.max_content_length = MOST_BYTES
        try:
            body = request.get_data()
        except RequestEntityTooLarge:
            return _too_large()
        timestamp = request.headers.get(TIMESTAMP, "")
        source = find_sender(_sender(), timestamp, request.headers.get(SIGNATURE, ""), body)
        if source is None:
            return answer(401, reason=_("The key or the signature of this request does not count"))
        signed_at = signed_when(timestamp)
        if signed_at is None:
            return answer(401, reason=_("This request was not signed within the last five minutes; look at the clock"))
        g.call_source = source.code
        with acting_as(acting_for(source)):
            note_use(source)
            return _received(source.code, body, signed_at)


def _received(source: str, body: bytes, signed_at: datetime) -> Response:
    if request.mimetype != "application/json":
        return answer(415, reason=_("Send JSON with Content-Type: application/json"))
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return answer(400, reason=_("The body is not valid JSON"))
    if not isinstance(said, dict | list) or said == []:
        return answer(400, reason=_("Send one call as a JSON object, or a list of calls"))
    sent = said if isinstance(said, list) else [said]
    if len(sent) > MOST_RECORDS:
        return _too_large()
    read = [_read(one) for one in sent]
    kept = iter(receive_calls(source, [one for one in read if not isinstance(one, Kept)], signed_at))
    results = [one if isinstance(one, Kept) else next(kept) for one in read]
    if isinstance(said, list):
        return jsonify(results=[_told(one) for one in results])
    return _one(results[0])


def _read(raw: Any) -> dict[str, Any] | Kept:
    """The typed values of one call, or why it is refused."""
    if not isinstance(raw, dict):
        return Kept("", 422, reason=_("A call is a JSON object"))
    named = raw.get("call_id")
    call_id = named[:100].encode(errors="replace").decode() if isinstance(named, str) else ""
    try:
        values = read_object(SENT, raw, creating=True)
        return read_values(SENT, values, creating=True)
    except Refused as refused:
        errors = {name: str(text) for name, text in refused.errors.items()}
        return Kept(call_id, 422, reason=_("This call cannot be kept"), errors=errors)


def _told(kept: Kept) -> dict[str, Any]:
    if kept.code < 400:
        state = {"state": kept.state, "activity_id": kept.activity_id}
        told: dict[str, Any] = {"call_id": kept.call_id, "status": kept.code, "id": kept.id, **state}
        return told | ({"outdated": True, "message": kept.reason} if kept.outdated else {})
    told = {"call_id": kept.call_id, "status": kept.code, "message": kept.reason}
    return told | ({"errors": kept.errors} if kept.errors else {})


def _one(kept: Kept) -> Response:
    if kept.code >= 400:
        return answer(kept.code, reason=kept.reason, errors=kept.errors)
    response = jsonify(_told(kept))
    response.status_code = kept.code
    return response


def _too_large() -> Response:
    most = _("At most %(count)s calls and %(size)s MB in one request", count=MOST_RECORDS, size=MOST_BYTES // 1024**2)
    return answer(413, reason=most)


__all__ = ["KEY", "MOST_BYTES", "MOST_RECORDS", "SIGNATURE", "TIMESTAMP", "CallRecordApi"]
