"""Files of fields by REST, and for the forms: sent first, then named in the field of a record."""

from __future__ import annotations

from flask import Response, abort, jsonify, make_response, request, send_file
from flask_babel import gettext as _

from app.access.actors import require_actor
from app.access.policy import seen_by
from app.base.errors import answer
from app.base.rest.access import api_needs
from app.base.rest.resource import Resource, expose, told
from app.db import session
from app.fields.files import keeper
from app.host.context import context
from app.types import Refused

_SENT = {"type": "object", "required": ["file"], "properties": {"file": {"type": "string", "format": "binary"}}}
_KEPT = {
    "type": "object",
    "required": ["id", "name"],
    "properties": {"id": {"type": "integer"}, "name": {"type": "string"}},
}


class FileApi(Resource):
    """`/api/v1/file`: the right to a file is the right to the field of the record that names it."""

    resource_name = "file"

    @expose("/<entity>/<name>", methods=["POST"])
    @api_needs()
    @told(body=_SENT, kind="multipart/form-data", status="201", answer=_KEPT, refusals=("400", "404", "422"))
    def post(self, entity: str, name: str) -> Response:
        """Send a file (`multipart/form-data`, ``file``): its ``id`` waits a day for a record to name it."""
        found = context().entities.get(entity)
        described = seen_by(found, require_actor()).field(name) if found is not None else None
        if found is None or described is None:
            abort(404)
        sent = request.files.get("file")
        try:
            if sent is None or not sent.filename:
                raise Refused(_("Choose a file"))
            number, shown = keeper().receive(sent.stream, sent.filename, found, described)
        except LookupError:
            abort(404)
        except Refused as refused:
            session.rollback()
            return answer(422, reason=str(refused))
        return make_response(jsonify(id=number, name=shown), 201)

    @expose("/<int:pk>", methods=["GET"])
    @api_needs()
    @told(gives="application/octet-stream", answer={"type": "string", "format": "binary"}, refusals=("404",))
    def get(self, pk: int) -> Response:
        """Fetch a file: always as a download, never shown by the browser as a page of ours."""
        try:
            name, kind, path = keeper().fetch(pk)
        except LookupError:
            abort(404)
        response = send_file(path, mimetype=kind, as_attachment=True, download_name=name)
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
        return response


__all__ = ["FileApi"]
