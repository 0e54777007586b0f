"""The import wizard: upload, columns, check, run, result, review, undo."""

from __future__ import annotations

from collections.abc import Callable

import yaml
from flask import Response, abort, make_response, redirect, request, send_file, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.access.actors import require_actor
from app.access.policy import title_text
from app.access.scope import UNSCOPED
from app.base.page import PageView, expose
from app.base.views.cells import zone
from app.base.views.guard import mine
from app.base.views.replies import done
from app.base.views.titles import record_title
from app.db import session
from app.jobs.models import Job
from app.jobs.rules import OPEN
from app.transfer.messages import problems_text
from app.transfer.models import Import
from app.transfer.rules.mapping import BadMapping, Mapping, read_mapping
from app.transfer.services import control, held, imports, review, storage
from app.transfer.services.mappings import importable_fields
from app.transfer.services.undo import may_undo, start_undo
from app.transfer.views.columns import column_rows, fixed_fields, mapping_from, other_sources
from app.transfer.views.pieces import importable, named, refusal, shown_value
from app.types import Entity, Kind, Refused
from config import settings

STATUS = {
    "uploaded": (_l("Uploaded"), "secondary"),
    "mapped": (_l("Checked"), "blue"),
    "queued": (_l("Running"), "blue"),
    "running": (_l("Running"), "blue"),
    "review": (_l("To be decided"), "amber"),
    "done": (_l("Done"), "green"),
    "cancelled": (_l("Cancelled"), "secondary"),
    "failed": (_l("Failed"), "red"),
    "undoing": (_l("Being undone"), "amber"),
    "undone": (_l("Undone"), "secondary"),
}
POLICIES = (
    ("skip", _l("Skip the row")),
    ("update", _l("Update the record; blank cells change nothing")),
    ("create", _l("Make a second record")),
    ("ask", _l("Ask me for each")),
)
_LISTED = 50
_MOST_MAPPING = 256 * 1024


class ImportView(PageView):
    """Imports of the person's own; whoever may import an entity may begin one."""

    route_base = "/import"
    default_view = "list"

    @expose("/")
    @mine
    def list(self) -> str:
        """What was imported, the latest first, and what can be."""
        actor = require_actor()
        rows = select(Import).where(Import.created_by == actor.user_id).order_by(Import.id.desc()).limit(_LISTED)
        found = session.scalars(rows).all()
        return self.render_template(
            "transfer/imports.html",
            imports=found,
            entities=importable(),
            status=STATUS,
            named=named,
            zone=zone(),
        )

    @expose("/start/<entity>", methods=("GET", "POST"))
    @mine
    def start(self, entity: str) -> Response | str:
        """Choose the file."""
        try:
            described = imports.importable_entity(entity)
        except Refused:
            abort(403)
        error = ""
        if request.method == "POST":
            try:
                made = self._upload(entity)
                return redirect(url_for("ImportView.columns", pk=made.id), 303)  # type: ignore[return-value]
            except Refused as refused:
                error = refusal(described, refused)
        page = self.render_template(
            "transfer/start.html",
            entity=described,
            error=error,
            most_megabytes=settings().max_upload_bytes // 1024**2,
            fields=importable_fields(described),
        )
        return make_response(page, 400 if error else 200)

    def _upload(self, slug: str) -> Import:
        file = request.files.get("file")
        if file is None or not file.filename:
            raise Refused(_("Choose a file"))
        given = request.files.get("mapping")
        mapping = _mapping_file(given.stream.read(_MOST_MAPPING + 1)) if given and given.filename else None
        return imports.upload(file.stream, file.filename, slug, mapping=mapping, limit=settings().max_upload_bytes)

    @expose("/<int:pk>/columns", methods=("GET", "POST"))
    @mine
    def columns(self, pk: int) -> Response | str:
        """Which column becomes which field, and what happens to duplicates."""
        made = imports.find_import(pk)
        if made.status not in ("uploaded", "mapped"):
            return redirect(url_for("ImportView.show", pk=pk))  # type: ignore[return-value]
        entity = _entity(made)
        mapping = read_mapping(made.mapping) if made.mapping.get("fields") else Mapping({})
        errors: dict[str, str] = {}
        duplicates = made.duplicates
        if request.method == "POST":
            duplicates = request.form.get("duplicates", "")
            try:
                mapping = mapping_from(request.form, entity, made.header, mapping)
                imports.set_mapping(pk, mapping, duplicates)
                imports.check(pk, limit=imports.CHECKED_AT_ONCE)
                return redirect(url_for("ImportView.show", pk=pk), 303)  # type: ignore[return-value]
            except Refused as refused:
                session.rollback()
                made = imports.find_import(pk)
                errors = {name: str(text) for name, text in refused.errors.items()} or {"": str(refused)}
        page = self.render_template(
            "transfer/columns.html",
            made=made,
            entity=entity,
            rows=column_rows(made.header, imports.preview_rows(made), mapping),
            fields=importable_fields(entity),
            fixed=fixed_fields(entity, mapping),
            others=other_sources(entity, mapping),
            policies=POLICIES,
            duplicates=duplicates,
            errors=errors,
            same=imports.same_file_before(made),
            can_match=bool(entity.match_fields or any(f.unique for f in entity.fields)),
            kinds=Kind,
            zone=zone(),
        )
        return make_response(page, 400 if errors else 200)

    @expose("/<int:pk>/")
    @mine
    def show(self, pk: int) -> Response | str:
        """Where the import stands: check, progress or result."""
        made = imports.find_import(pk)
        if made.status == "uploaded" or (made.status == "mapped" and made.checked is None):
            return redirect(url_for("ImportView.columns", pk=pk))  # type: ignore[return-value]
        entity = _entity(made)
        job = session.get(Job, made.job_id, execution_options={UNSCOPED: True}) if made.job_id else None
        is_open = job is not None and job.status in OPEN
        return self.render_template(
            "transfer/show.html",
            made=made,
            entity=entity,
            job=job,
            is_open=is_open,
            stopped=job is not None and job.status in ("failed", "cancelled") and made.status != "undone",
            status=STATUS,
            failed=[
                (one["number"], problems_text(entity, one["problems"]))
                for one in (made.checked or {}).get("failed", ())[:50]
            ],
            may_undo=may_undo(made),
            left=_left(entity, made),
            doubts=review.count_doubts(pk) if made.status == "review" else (0, 0),
            held=held.count_held(pk),
            held_page=held.held_page(),
            zone=zone(),
        )

    @expose("/<int:pk>/check", methods=("POST",))
    @mine
    def check(self, pk: int) -> Response:
        """Check every row, as a background task."""
        return self._act(pk, lambda: imports.start_check(pk))

    @expose("/<int:pk>/run", methods=("POST",))
    @mine
    def run(self, pk: int) -> Response:
        """Begin the import."""
        return self._act(pk, lambda: imports.start_import(pk))

    @expose("/<int:pk>/undo", methods=("POST",))
    @mine
    def undo(self, pk: int) -> Response:
        """Undo the whole import."""
        return self._act(pk, lambda: start_undo(pk))

    @expose("/<int:pk>/discard", methods=("POST",))
    @mine
    def discard(self, pk: int) -> Response:
        """Throw the upload away."""
        slug = imports.find_import(pk).entity
        try:
            imports.cancel_unstarted(pk)
        except Refused as refused:
            return done(url_for("ImportView.show", pk=pk), str(refused), "danger")
        return done(url_for("ImportView.start", entity=slug), _("The file was thrown away; nothing was imported"))

    def _act(self, pk: int, act: Callable[[], object]) -> Response:
        imports.find_import(pk)
        address = url_for("ImportView.show", pk=pk)
        try:
            act()
        except Refused as refused:
            return done(address, str(refused), "danger")
        return done(address)

    @expose("/<int:pk>/errors")
    @mine
    def errors(self, pk: int) -> Response:
        """The file of failed rows."""
        made = imports.find_import(pk)
        if not made.error_file:
            raise LookupError(pk)
        path = storage.path_of("imports", made.error_file)
        if not path.is_file():
            raise LookupError(pk)
        stem = made.file_name.rpartition(".")[0] or made.file_name
        name = storage.shown_name(stem + "-" + _("errors") + path.suffix)
        control.note_file(made.entity, "", name, "import errors", made.failed_count)
        return send_file(path, as_attachment=True, download_name=name)

    @expose("/<int:pk>/mapping")
    @mine
    def mapping(self, pk: int) -> Response:
        """The mapping as a file, to be used again elsewhere."""
        made = imports.find_import(pk)
        text = yaml.safe_dump(
            {"entity": made.entity, **made.mapping, "duplicates": made.duplicates},
            allow_unicode=True,
            sort_keys=False,
        )
        response = make_response(text)
        response.headers["Content-Type"] = "application/yaml; charset=utf-8"
        response.headers["Content-Disposition"] = f'attachment; filename="{made.entity}-mapping.yaml"'
        return response

    @expose("/<int:pk>/review", methods=("GET", "POST"))
    @mine
    def review(self, pk: int) -> Response | str:
        """Decide about the rows whose record seems to be there already."""
        made = imports.find_import(pk)
        address = url_for("ImportView.show", pk=pk)
        if made.status != "review":
            return redirect(address)  # type: ignore[return-value]
        if request.method == "POST":
            chosen = {
                int(key.removeprefix("row-")): value
                for key, value in request.form.items()
                if key.startswith("row-") and key.removeprefix("row-").isdecimal() and value
            }
            try:
                review.decide(pk, chosen, request.form.get("rest", ""))
            except Refused as refused:
                return done(url_for("ImportView.review", pk=pk), str(refused), "danger")
            return done(address)
        return self.render_template(
            "transfer/review.html",
            made=made,
            entity=_entity(made),
            doubts=review.read_doubts(pk, size=100),
            counts=review.count_doubts(pk),
            shown=shown_value,
            title=record_title,
            zone=zone(),
        )


def _entity(made: Import) -> Entity:
    try:
        return imports.importable_entity(made.entity)
    except Refused:
        abort(403)


def _left(entity: Entity, made: Import) -> list[tuple[str, str]]:
    """(record, why) of what the undo had to leave."""
    rows = (made.undone or {}).get("list", [])
    return [(title_text(entity, one["label"], one["record_id"]), problems_text(entity, [one])) for one in rows]


def _mapping_file(content: bytes) -> Mapping:
    try:
        if len(content) > _MOST_MAPPING:
            raise BadMapping("too large")
        return read_mapping(yaml.safe_load(content.decode("utf-8-sig")))
    except (UnicodeDecodeError, yaml.YAMLError, BadMapping) as wrong:
        raise Refused(_("The mapping %(name)s cannot be used: %(reason)s", name="", reason=wrong)) from wrong
