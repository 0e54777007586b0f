"""The screen of the blueprint: download, upload, differences, dry run, apply, history, way back."""

from __future__ import annotations

from typing import Any, ClassVar

from flask import Response, abort, flash, redirect, request, url_for
from flask_babel import gettext as _

from app.access.actors import require_actor
from app.base.page import PageView, expose, has_access
from app.base.security.audit import moment
from app.base.views.replies import say_held
from app.blueprint.approving import case_of
from app.blueprint.document import MOST_BYTES
from app.blueprint.models import BlueprintDocument
from app.blueprint.parts import BY_NAME, PARTS
from app.blueprint.rules import Problem, Unfit
from app.blueprint.services import (
    Comparison,
    applied_documents,
    apply_document,
    begin_return,
    compare_document,
    discard,
    export_document,
    find_document,
    read_text,
    text_for,
    upload,
    waiting_documents,
)
from app.host.context import context
from app.types import Held, Refused


class BlueprintView(PageView):
    """All low-code settings as one document, for whoever shapes the site."""

    route_base = "/blueprint"
    default_view = "list"
    method_permission_name: ClassVar[dict[str, str]] = {
        "list": "list",
        "download": "list",
        "file": "list",
        "show": "list",
        "add": "edit",
        "apply": "edit",
        "back": "edit",
        "discard": "edit",
    }

    @expose("/")
    @has_access
    def list(self) -> Any:
        """Download, upload, the history."""
        return self._start(())

    @expose("/download")
    @has_access
    def download(self) -> Any:
        """The document of this site."""
        return _file(export_document(context().site.name), f"{context().site.slug}.yaml")

    @expose("/upload", methods=["POST"])
    @has_access
    def add(self) -> Any:
        """Keep an uploaded document and show what it would change."""
        sent = request.files.get("file")
        if sent is None or not sent.filename:
            return self._start((Problem((), _("Choose a file")),)), 422
        try:
            row = upload(sent.filename, sent.stream.read(MOST_BYTES + 1))
        except Unfit as unfit:
            return self._start(unfit.problems), 422
        return redirect(url_for("BlueprintView.show", number=row.id))

    @expose("/<int:number>")
    @has_access
    def show(self, number: int) -> Any:
        """What a document would change, or has changed."""
        return self._page(_found(number))

    @expose("/<int:number>/file")
    @has_access
    def file(self, number: int) -> Any:
        """A document as it was uploaded."""
        return _file(text_for(_found(number)), f"blueprint-{number}.yaml")

    @expose("/<int:number>/apply", methods=["POST"])
    @has_access
    def apply(self, number: int) -> Any:
        """Try a document or apply it."""
        dry_run = request.form.get("dry_run") == "1"
        try:
            changes = apply_document(number, request.form.get("seen", ""), dry_run=dry_run)
        except Unfit as unfit:
            return self._page(_found(number), unfit.problems), 422
        except Refused as refused:
            return self._page(_found(number), (Problem((), str(refused)),)), 422
        if isinstance(changes, Held):
            say_held(changes)
            return redirect(url_for("BlueprintView.show", number=number))
        if dry_run:
            return self._page(_found(number), tried=len(changes))
        flash(_("Applied: %(count)s changes. Every screen follows within a second.", count=len(changes)), "success")
        return redirect(url_for("BlueprintView.list"))

    @expose("/<int:number>/back", methods=["POST"])
    @has_access
    def back(self, number: int) -> Any:
        """Make a document that leads back, and show what it would change."""
        try:
            row = begin_return(number, request.form.get("moment", ""))
        except (Refused, Unfit) as refused:
            flash(str(refused), "danger")
            return redirect(url_for("BlueprintView.list"))
        return redirect(url_for("BlueprintView.show", number=row.id))

    @expose("/<int:number>/discard", methods=["POST"])
    @has_access
    def discard(self, number: int) -> Any:
        """Throw a document away that was not applied."""
        try:
            discard(number)
        except Refused as refused:
            flash(str(refused), "danger")
        return redirect(url_for("BlueprintView.list"))

    def _start(self, problems: tuple[Problem, ...]) -> str:
        page: str = self.render_template(
            "blueprint/list.html",
            parts=PARTS,
            by_name=BY_NAME,
            problems=problems,
            applied=applied_documents(),
            waiting=waiting_documents(),
            moment=moment,
            can_edit=_may_edit(),
        )
        return page

    def _page(self, row: BlueprintDocument, refused: tuple[Problem, ...] = (), tried: int | None = None) -> str:
        """Differences of a document that waits; of one that was applied, what it changed."""
        comparison: Comparison | None = None
        problems = refused
        if row.applied_at is None:
            try:
                comparison = compare_document(read_text(row.text))
                problems = tuple(dict.fromkeys((*refused, *comparison.problems)))
            except Unfit as unfit:
                problems = (*refused, *unfit.problems)
        page: str = self.render_template(
            "blueprint/show.html",
            row=row,
            comparison=comparison,
            problems=problems,
            tried=tried,
            case_id=case_of(row.id) if row.before and row.applied_at is None else None,
            by_name=BY_NAME,
            moment=moment,
            can_edit=_may_edit(),
        )
        return page


def _may_edit() -> bool:
    return require_actor().can("can_edit", "BlueprintView")


def _found(number: int) -> BlueprintDocument:
    row = find_document(number)
    if row is None:
        abort(404)
    return row


def _file(text: str, name: str) -> Response:
    made = Response(text, mimetype="application/yaml")
    made.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return made
