"""The screens of bulk edits: the dialog over a list, the result with a row per record, the file of refused rows."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from flask import Response, abort, make_response, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.access.actors import require_actor
from app.access.audit import Act, record_acts
from app.access.policy import seen_by
from app.base.bulk import reading, services
from app.base.bulk.models import BulkEdit
from app.base.bulk.services import Asked
from app.base.page import PageView, expose
from app.base.views.acts import chosen_ids, optional_url
from app.base.views.cells import zone
from app.base.views.formats import moment_text
from app.base.views.guard import mine
from app.base.views.inputs import build_form
from app.base.views.replies import dialog, done
from app.base.views.saving import posted_text
from app.db import session, transaction
from app.host.context import context
from app.jobs.services import find_job
from app.transfer.rules.cells import harmless
from app.types import Choice, Entity, Refused

STATES = (
    Choice("changed", _l("Changed"), "green"),
    Choice("unchanged", _l("As before"), "secondary"),
    Choice("refused", _l("Not allowed"), "red"),
    Choice("held", _l("Sent for approval"), "amber"),
    Choice("back", _l("Changed back"), "blue"),
    Choice("kept", _l("Not changed back"), "amber"),
)
STATUSES = {
    "waiting": (_l("Waiting"), "secondary"),
    "running": (_l("Running"), "blue"),
    "done": (_l("Done"), "green"),
    "undoing": (_l("Being undone"), "amber"),
    "undone": (_l("Undone"), "secondary"),
}
_LISTED = 50
LONGEST_QUERY = 8_000


class BulkEditView(PageView):
    """Bulk edits of the person's own; whoever may change records of an entity may begin one."""

    route_base = "/bulk_edit"
    default_view = "list"

    @expose("/list/")
    @mine
    def list(self) -> str:
        """What was asked for, the latest first."""
        wanted = select(BulkEdit).where(BulkEdit.created_by == require_actor().user_id)
        found = session.scalars(wanted.order_by(BulkEdit.id.desc()).limit(_LISTED)).all()
        lines = [(one, _label(one.entity), moment_text(one.created_at, zone()), STATUSES[one.status]) for one in found]
        return str(self.render_template("bulk/list.html", lines=lines))

    @expose("/ask/<entity>", methods=("GET", "POST"))
    @mine
    def ask(self, entity: str) -> Response:
        """The dialog: which fields and values; then the count and the question; then the job."""
        try:
            described = services.editable_entity(entity)
        except Refused:
            abort(403)
        if request.method == "GET":
            return self._dialog(described, {})
        texts, step = _texts(), request.form.get("_step", "")
        if step == "back":
            return self._dialog(described, texts)
        try:
            asked = _asked()
            services.checked_values(described, texts)
            if step == "start":
                made = services.start_edit(entity, asked, texts)
                return done(url_for("BulkEditView.show", pk=made.id), _("The bulk edit has begun"))
            count = services.count_records(described, asked)
            if not count.mine:
                raise Refused(_("You may change none of these records"))
        except Refused as refused:
            return self._dialog(described, texts, refused)
        return dialog(
            "bulk/confirm.html",
            address=url_for("BulkEditView.ask", entity=entity),
            heading=_("Change %(what)s", what=described.label),
            values=reading.shown_texts(seen_by(described, require_actor()), texts),
            count=count,
            gone=len(asked.ids) - count.found if asked.ids is not None else 0,
            hidden=_carried(texts),
        )

    @expose("/input/<entity>")
    @mine
    def input(self, entity: str) -> Response:
        """The input of one more field of the dialog."""
        described = services.editable_entity(entity)
        name = request.args.get("_field", "")
        if name not in {field.name for field in services.editable_fields(described)}:
            return make_response("", 200)
        return dialog("bulk/inputs.html", inputs=_inputs(described, {name: ""}), empty=(), pick_url=_picker(described))

    @expose("/show/<int:pk>")
    @mine
    def show(self, pk: int) -> str:
        """How far it is, what became of the records, and which."""
        made = services.find_edit(pk)
        state = request.args.get("state", "")
        state = state if state in {choice.value for choice in STATES} else ""
        rows, more = reading.item_rows(made, state, _number("after"))
        counts = reading.counts_of(made.id)
        number = made.undo_job_id if made.status in ("undoing", "undone") else made.job_id
        job = find_job(number) if number is not None else None
        address = url_for("BulkEditView.show", pk=pk)
        return str(
            self.render_template(
                "bulk/show.html",
                made=made,
                label=_label(made.entity),
                at=moment_text(made.created_at, zone()),
                status=STATUSES[made.status],
                values=reading.shown_values(made),
                states=STATES,
                counts=counts,
                rows=rows,
                chosen=state,
                job=job if job is not None and job.status != "done" else None,
                may_undo=counts.get("changed") and services.may_undo(made),
                address=address,
                next_url=url_for("BulkEditView.show", pk=pk, state=state or None, after=rows[-1].id) if more else None,
                first_url=url_for("BulkEditView.show", pk=pk, state=state or None) if _number("after") else None,
                list_url=_list_url(made),
            )
        )

    @expose("/refused/<int:pk>")
    @mine
    def refused(self, pk: int) -> Response:
        """The refused records as a CSV file; their names only for whoever may export records of this kind."""
        made = services.find_edit(pk)
        entity = context().entities.get(made.entity)
        named = entity is not None and require_actor().can("can_export", entity.view_name)
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow([_("Record number"), *([_("Name")] if named else []), _("Reason")])
        total = 0
        for row in reading.refused_rows(made):
            writer.writerow([row.record_id, *([harmless(row.name)] if named else []), harmless(row.reason)])
            total += 1
        with transaction() as current:
            record_acts(current, [Act("export", made.entity, "", _("Refused rows of bulk edit %(number)s", number=pk),
                                      {"rows": [None, total]})])  # fmt: skip
        response = make_response(("\ufeff" + text.getvalue()).encode("utf-8"))
        response.headers["Content-Type"] = "text/csv; charset=utf-8"
        response.headers["Content-Disposition"] = f'attachment; filename="bulk-edit-{pk}-refused.csv"'
        response.headers["Cache-Control"] = "no-store"
        return response

    @expose("/undo/<int:pk>", methods=("POST",))
    @mine
    def undo(self, pk: int) -> Response:
        """Change back what nobody has changed since."""
        address = url_for("BulkEditView.show", pk=pk)
        try:
            services.undo_edit(pk)
        except Refused as refused:
            return done(address, str(refused), "danger")
        return done(address, _("The undo has begun"))

    def _dialog(self, entity: Entity, texts: dict[str, str], refused: Refused | None = None) -> Response:
        errors = refused.errors if refused is not None else {}
        others = [str(text) for name, text in errors.items() if name not in texts]
        reason = str(refused.reason) if refused is not None and refused.reason and not errors else "; ".join(others)
        return dialog(
            "bulk/ask.html",
            status=422 if refused is not None else 200,
            address=url_for("BulkEditView.ask", entity=entity.slug),
            heading=_("Change %(what)s", what=entity.label),
            reason=reason,
            ids=",".join(request.values.getlist("ids")),
            number=len(_ids()) if request.method == "POST" else _number("number"),
            query=request.values.get("_of", ""),
            everything=request.values.get("_which") == "all",
            fields=[(field.name, str(field.label)) for field in services.editable_fields(entity)],
            taken=set(texts),
            inputs=_inputs(entity, texts, errors),
            empty=request.form.getlist("_empty"),
            input_url=url_for("BulkEditView.input", entity=entity.slug),
            pick_url=_picker(entity),
        )


def _label(slug: str) -> str:
    found = context().entities.get(slug)
    return str(found.label) if found is not None else slug


def _texts() -> dict[str, str]:
    """What the dialog sends: the fields that were added, each with its text, or nothing where it is to be emptied."""
    empty = set(request.form.getlist("_empty"))
    names = dict.fromkeys(request.form.getlist("_fields"))
    return {name: "" if name in empty else posted_text(request.form, name) or "" for name in names}


def _carried(texts: dict[str, str]) -> list[tuple[str, str]]:
    """The hidden values of the question, which say again what was asked for."""
    pairs = [("ids", ",".join(request.form.getlist("ids"))), ("_of", request.form.get("_of", ""))]
    pairs += [("_which", request.form.get("_which", ""))]
    for name, text in texts.items():
        pairs += [("_fields", name), (name, text)]
    return pairs + [("_empty", name) for name in request.form.getlist("_empty")]


def _asked() -> Asked:
    if request.form.get("_which") == "all":
        query = request.form.get("_of", "")
        if len(query) > LONGEST_QUERY:  # cut off, it would match more than was seen
            raise Refused(_("This list cannot be shown as asked"))
        return Asked(None, query)
    return Asked(tuple(chosen_ids()))


def _ids() -> tuple[int, ...]:
    try:
        return tuple(chosen_ids())
    except Refused:
        return ()


def _inputs(entity: Entity, texts: dict[str, str], errors: Any = None) -> Any:
    form = build_form(entity, texts, record=None, errors=errors)
    by_name = {one.name: replace(one, visible=True) for one in form.inputs}
    return [by_name[name] for name in texts if name in by_name]


def _picker(entity: Entity) -> Callable[[str], str]:
    return lambda name: url_for(f"{entity.view_name}.pick", field=name)


def _list_url(made: BulkEdit) -> str | None:
    entity = context().entities.get(made.entity)
    return optional_url(f"{entity.view_name}.list") if entity is not None else None


def _number(name: str) -> int:
    text = request.args.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 18 else 0
