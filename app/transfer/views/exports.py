"""Exporting the current list: choose the kind of file and the columns, then fetch it, now or when it is
made."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Response, abort, make_response, redirect, request, send_file, url_for
from sqlalchemy import select

from app.access.actors import require_actor
from app.base.page import PageView, expose
from app.base.saved.desk import own_columns
from app.base.saved.rules import read_columns
from app.base.views.asked import asked_links, in_words, list_of
from app.base.views.cells import zone
from app.base.views.desk import usual_columns
from app.base.views.guard import mine
from app.base.views.replies import done, say_held
from app.base.views.titles import read_titles
from app.db import now, session
from app.host.settings import setting
from app.transfer.models import Export
from app.transfer.rules.exported import LONGEST_REASON
from app.transfer.services import control, exports
from app.transfer.views.pieces import named, refusal
from app.types import Entity, Held, Refused

_LISTED = 50


class ExportView(PageView):
    """Exports of the person's own; whoever may export an entity may make one."""

    route_base = "/export"
    default_view = "list"

    @expose("/")
    @mine
    def list(self) -> str:
        """The files made lately."""
        rows = (
            select(Export)
            .where(Export.created_by == require_actor().user_id, Export.expires_at > now())
            .order_by(Export.id.desc())
            .limit(_LISTED)
        )
        return self.render_template(
            "transfer/exports.html", exports=session.scalars(rows).all(), named=named, zone=zone()
        )

    @expose("/start/<entity>", methods=("GET", "POST"))
    @mine
    def start(self, entity: str) -> Response | str:
        """Choose the kind of file and its columns; the address carries the list's filter and order."""
        try:
            described = exports.exportable_entity(entity)
        except Refused:
            abort(403)
        query = request.query_string.decode("utf-8", "replace")
        error, count = "", 0
        sentences: tuple[str, ...] = ()
        chosen = request.form.getlist("column") if request.method == "POST" else self._columns(described)
        file_format, reason = request.form.get("format", "xlsx"), request.form.get("reason", "")
        if request.method == "POST":
            try:
                made = exports.start_export(entity, query, file_format, chosen, reason)
                if isinstance(made, Held):
                    say_held(made)
                    return done(url_for("ExportView.list"))
                if made.job_id is None:
                    return redirect(url_for("ExportView.file", pk=made.id), 303)  # type: ignore[return-value]
                return done(url_for("ExportView.show", pk=made.id))
            except Refused as refused:
                error = refusal(described, refused)
        try:
            state = list_of(described, query)
            sentences = in_words(state, read_titles(asked_links(state)))
            count = exports.count_rows(state, exports.MAX_ROWS + 1)
        except Refused as refused:
            error = error or refusal(described, refused)
        page = self.render_template(
            "transfer/export.html",
            entity=described,
            query=query,
            error=error,
            sentences=sentences,
            count=count,
            most=exports.MAX_ROWS,
            limit=control.most_rows(described),
            reason=reason,
            asks_reason=setting(control.REASON),
            longest_reason=LONGEST_REASON,
            fields=exports.exportable_fields(described),
            chosen=chosen,
            file_format=file_format,
            kept_hours=setting(control.HOURS),
        )
        return make_response(page, 400 if error else 200)

    @expose("/<int:pk>/")
    @mine
    def show(self, pk: int) -> Response | str:
        """How far the file is, and the way to fetch it."""
        try:
            made = exports.find_export(pk)
        except exports.Expired:
            return self._gone()
        try:
            narrower = bool(made.stored) and not exports.fits(made, exports.exportable_entity(made.entity))
        except Refused:
            abort(403)
        if narrower:
            return self._narrower(made)
        return self.render_template("transfer/export_show.html", made=made, label=named(made.entity), zone=zone())

    @expose("/<int:pk>/file")
    @mine
    def file(self, pk: int) -> Response:
        """The file; each fetching is counted and written down. Whoever looks as somebody else gets none."""
        if require_actor().viewer:
            abort(403)
        try:
            path, name = exports.export_file(pk)
        except exports.Expired:
            return self._gone()
        except exports.Narrower:
            return self._narrower(exports.find_export(pk))
        except Refused:
            abort(403)
        if request.method != "HEAD":
            control.note_download(exports.find_export(pk), name)
        return send_file(path, as_attachment=True, download_name=name, conditional=False, max_age=0)

    def _columns(self, entity: Entity) -> Sequence[str]:
        """The columns offered first: those of the list one comes from, else one's own, else the usual ones."""
        named = read_columns(request.args.get("columns", "")) or own_columns(entity.slug)
        stored = {field.name for field in exports.exportable_fields(entity)}
        return [name for name in named if name in stored] or list_columns(entity)

    def _narrower(self, made: Export) -> Response:
        """The file is kept back: it holds more than its owner reads or reaches now."""
        again = f"{url_for('ExportView.start', entity=made.entity)}?{made.query}"
        return make_response(self.render_template("transfer/export_narrower.html", again=again), 403)

    def _gone(self) -> Response:
        """The file has been removed."""
        return make_response(self.render_template("transfer/export_gone.html"), 410)


def list_columns(entity: Entity) -> list[str]:
    """The columns the list shows when nobody chose others, as its own screen says."""
    shown = usual_columns(entity)
    stored = {field.name for field in exports.exportable_fields(entity)}
    return [name for name in shown if name in stored] or sorted(stored)
