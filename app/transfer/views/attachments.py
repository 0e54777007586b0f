"""Files of a record: the tab, adding, fetching, removing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask import Response, abort, flash, make_response, redirect, render_template, request, send_file
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup

from app.base.page import PageView, expose
from app.base.views.cells import zone
from app.base.views.guard import is_htmx, mine
from app.base.views.titles import record_url
from app.db import session
from app.host.context import context
from app.transfer.models import Attachment
from app.transfer.rules.attached import ALLOWED, MAX_ATTACHMENT
from app.transfer.services.attachments import (
    attach,
    attachments_of,
    detach,
    find_attachment,
    may_change,
)
from app.types import Entity, Refused, Tab


def attachments_tab() -> Tab:
    """The tab “Attachments” for a record's page; a module's `record_tabs` hook returns it for its
    entities."""
    return Tab("attachments", _l("Attachments"), render_tab, order=80)


def render_tab(record: Any) -> Markup:
    """The files of a record, and the form to add one for whoever may change the record."""
    return panel(context().by_model[type(record)], record.id)


def panel(entity: Entity, record_id: int, error: str = "") -> Markup:
    """The tab's content."""
    return Markup(  # noqa: S704  (made by our own template)
        render_template(
            "transfer/attachments.html",
            entity=entity,
            record_id=record_id,
            files=attachments_of(entity, record_id),
            may_change=may_change(entity, record_id),
            accept=",".join(ALLOWED),
            most_megabytes=MAX_ATTACHMENT // 1024**2,
            error=error,
            zone=zone(),
        )
    )


def sent_file(found: Attachment, path: Path) -> Response:
    """The answer that carries a file: always a download."""
    response = send_file(path, mimetype=found.type, as_attachment=True, download_name=found.name)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response


class AttachmentView(PageView):
    """Files of records. The right to a file is the right to its record."""

    route_base = "/attachment"

    @expose("/<entity>/<int:record_id>", methods=("POST",))
    @mine
    def add(self, entity: str, record_id: int) -> Response:
        """Keep a file with a record."""
        described = context().entities.get(entity)
        if described is None:
            abort(404)
        error = ""
        file = request.files.get("file")
        try:
            if file is None or not file.filename:
                raise Refused(_("Choose a file"))
            attach(file.stream, file.filename, described, record_id)
        except Refused as refused:
            session.rollback()
            error = str(refused)
        return self._answer(described, record_id, error)

    @expose("/<int:pk>/file")
    @mine
    def file(self, pk: int) -> Response:
        """Fetch a file: always as a download, never shown by the browser as a page of ours."""
        return sent_file(*find_attachment(pk))

    @expose("/<int:pk>/delete", methods=("POST",))
    @mine
    def delete(self, pk: int) -> Response:
        """Remove a file."""
        found, _path = find_attachment(pk)
        entity, record_id = context().entities[found.entity], found.record_id
        error = ""
        try:
            detach(pk)
        except Refused as refused:
            error = str(refused)
        return self._answer(entity, record_id, error)

    def _answer(self, entity: Entity, record_id: int, error: str) -> Response:
        if is_htmx():
            return make_response(panel(entity, record_id, error))
        if error:
            flash(error, "danger")
        return redirect(record_url(entity, record_id) or "/", 303)  # type: ignore[return-value]
