"""REST over one entity, generated from its description."""

from __future__ import annotations

from typing import Any, ClassVar

from flask import Response, abort, jsonify, make_response, request
from flask_appbuilder.api import BaseApi, expose
from flask_babel import gettext as _
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.orm.exc import StaleDataError

from app.base.errors import answer
from app.base.marked import Marked
from app.base.rest.access import api_needs
from app.base.rest.listing import api_page
from app.base.rest.noting import note_record
from app.base.rest.records import chosen_fields, described, etag_of, read_body, shown
from app.db import session
from app.fields.gate import held_of
from app.fields.messages import message
from app.fields.records import create_record, delete_record, find_record, update_record
from app.types import Entity, Held, Refused

#: Screen act → the routes it brings.
ROUTES = {
    "list": ("get_list",),
    "show": ("get",),
    "add": ("post",),
    "edit": ("put",),
    "delete": ("delete",),
}


class EntityApi(Marked, BaseApi):
    """Read and write records of one entity under the same permissions, scope and rules as the screens.

    A module may subclass it, add routes with `@expose` and guard them with `api_needs("can_…")`.
    """

    entity: ClassVar[Entity]
    resource_name: str | None = None
    class_permission_name: str = ""
    exclude_route_methods: set[str] = set()
    base_permissions: Any = None

    def __init__(self) -> None:
        acts = {act for act in ROUTES if act in self.entity.actions}
        self.resource_name = self.resource_name or self.entity.slug
        self.class_permission_name = self.class_permission_name or self.entity.view_name
        missing = {route for act in set(ROUTES) - acts for route in ROUTES[act]}
        self.exclude_route_methods = set(self.exclude_route_methods) | missing
        super().__init__()
        own = set(self.base_permissions or ()) - {f"can_{act}" for act in ROUTES}
        self.base_permissions = sorted(own | {f"can_{act}" for act in acts})

    @expose("/_info", methods=["GET"])
    @api_needs("can_list", "can_show")
    def info(self) -> Response:
        """The fields, their types and choices; never the records a link may point to."""
        return jsonify(described(self.entity, self.class_permission_name))

    @expose("/", methods=["GET"])
    @api_needs("can_list")
    def get_list(self) -> Response:
        """One page of the records in scope that match the filters."""
        try:
            return jsonify(api_page(self.entity, request.args, request.path))
        except Refused as refused:
            return bad_request(refused)

    @expose("/<int:pk>", methods=["GET"])
    @api_needs("can_show")
    def get(self, pk: int) -> Response:
        """One record."""
        try:
            names = chosen_fields(self.entity, request.args)
        except Refused as refused:
            return bad_request(refused)
        record = self._find(pk)
        response = self._record(record, names=names)
        if response.status_code != 304:
            note_record(self.entity, record)
        return response

    @expose("/", methods=["POST"])
    @api_needs("can_add")
    def post(self) -> Response:
        """Create a record."""
        values = read_body(self.entity, creating=True)
        if isinstance(values, Response):
            return values
        try:
            record = create_record(self.entity, values)
        except IntegrityError:
            return duplicate()
        except DataError:
            return unstorable()
        response = self._record(record, 201)
        response.headers["Location"] = f"{request.path.rstrip('/')}/{record.id}"
        if (held := held_of(self.entity, record.id)) is not None:
            response.headers["Link"] = f'<{held.url}>; rel="monitor"'
        return response

    @expose("/<int:pk>", methods=["PUT", "PATCH"])
    @api_needs("can_edit")
    def put(self, pk: int) -> Response:
        """Change the fields given; the others stay as they are. If-Match takes the record's ETag."""
        record = self._find(pk, write=True)
        if not self._matches(record):
            return changed_meanwhile(412)
        values = read_body(self.entity, creating=False)
        if isinstance(values, Response):
            return values
        try:
            held = update_record(self.entity, record, values, version=getattr(record, "version", None))
        except Refused as refused:
            if isinstance(refused.__cause__, StaleDataError):
                return changed_meanwhile(409)
            raise
        except StaleDataError:
            return changed_meanwhile(409)
        except IntegrityError:
            return duplicate()
        except DataError:
            return unstorable()
        return sent_for_approval(held) if held is not None else self._record(record)

    @expose("/<int:pk>", methods=["DELETE"])
    @api_needs("can_delete")
    def delete(self, pk: int) -> Response:
        """Delete a record nothing else needs."""
        record = self._find(pk, write=True)
        if not self._matches(record):
            return changed_meanwhile(412)
        try:
            held = delete_record(self.entity, record)
        except StaleDataError:
            return changed_meanwhile(409)
        except IntegrityError:
            session.rollback()
            return answer(409, reason=_("This record is still used by others and cannot be deleted"))
        return sent_for_approval(held) if held is not None else make_response("", 204)

    def _find(self, pk: int, *, write: bool = False) -> Any:
        """The record in the actor's scope; 404 outside of it, 403 for one that may be read only."""
        record = find_record(self.entity, pk) if 0 < pk < 2**63 else None
        if record is None:
            abort(404)
        if write and find_record(self.entity, pk, write=True) is None:
            abort(403)
        return record

    def _record(self, record: Any, code: int = 200, *, names: tuple[str, ...] | None = None) -> Response:
        response = jsonify({"id": record.id, "result": shown(self.entity, record, names)})
        response.status_code = code
        response.set_etag(etag_of(self.entity, record))
        if request.method == "GET":
            response.make_conditional(request)
        return response

    def _matches(self, record: Any) -> bool:
        """Whether the If-Match header, when there is one, names what the record is now."""
        wanted = request.if_match
        return not wanted or wanted.contains(etag_of(self.entity, record))


def sent_for_approval(held: Held) -> Response:
    """202 with the address of the case: nothing is written until it is approved."""
    response = jsonify({"held": {"case": held.number, "text": str(held.text), "url": held.url}})
    response.status_code = 202
    response.headers["Location"] = held.url
    return response


def bad_request(refused: Refused) -> Response:
    """400 for an address that is not understood; no row has been read."""
    session.rollback()
    errors = {name: str(text) for name, text in refused.errors.items()}
    reason = str(refused.reason) or _("This address asks for what is not there")
    return answer(400, reason=reason, errors=errors)


def duplicate() -> Response:
    """422 for a value another record has already (two writers at once; else the field is named)."""
    session.rollback()
    return answer(422, reason=message("duplicate"))


def unstorable() -> Response:
    """422 for a value the database cannot hold."""
    session.rollback()
    return answer(422, reason=_("A value is too large to be kept"))


def changed_meanwhile(code: int) -> Response:
    """412 for another ETag than the one named, 409 for a change at the same moment."""
    session.rollback()
    reason = _("Somebody else has changed this record meanwhile; reload to see the changes")
    return answer(code, reason=reason)
