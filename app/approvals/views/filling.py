"""The fields a step lets whoever decides fill in: beside their decision, in a dialog, the picker of its links; files of
a case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Response, abort, jsonify, request, url_for
from flask_babel import gettext as _

from app.access.actors import acting_as, require_actor
from app.approvals.rules.document import Step
from app.approvals.rules.state import APPLICANT
from app.approvals.services import CaseView
from app.approvals.services.asking import About, record_of
from app.approvals.services.attaching import find_file
from app.approvals.services.ending import fill_in
from app.approvals.services.filling import fillable, form_of, granted, lacking
from app.approvals.views.finding import found_case
from app.approvals.views.inbox import number_asked
from app.base.page import PageView, expose
from app.base.views.cells import Cell, cell, zone
from app.base.views.dialogs import asking
from app.base.views.forms import differences_of
from app.base.views.guard import mine
from app.base.views.inputs import build_form, input_text, record_values
from app.base.views.pickers import pick
from app.base.views.replies import dialog, done
from app.base.views.saving import posted_values, posted_version
from app.base.views.titles import links_of, read_titles
from app.db import session
from app.host.context import context
from app.transfer.views.attachments import sent_file
from app.types import Entity, Field, Kind, Refused

#: What the form posts besides its fields.
_OWN = frozenset({"seat"})


@dataclass(frozen=True, slots=True)
class Filling:
    """One field beside the decision: its value now, and whether the step cannot be approved before it is there."""

    field: Field
    cell: Cell
    missing: bool


@dataclass(frozen=True, slots=True)
class Opened:
    """What a seat of the reader opens of the record."""

    entity: Entity
    step: Step
    about: About
    names: list[str]

    @property
    def record(self) -> Any:
        return self.about.record

    @property
    def form(self) -> Entity:
        """The description of the form's fields, as the step opens them."""
        return form_of(self.entity, self.step, self.names)


class FillScreen(PageView):
    """`/approvals/cases/<pk>/fields`, `/pick/<link>`, `/files/<file>`."""

    @expose("/cases/<int:pk>/fields", methods=("GET", "POST"))
    @mine
    def fields(self, pk: int) -> Response:
        """Fill in what the step lets whoever decides fill in of the record."""
        view, seat = found_case(pk), number_asked(request.values.get("seat", "0"))
        answer = fill_dialog(
            view,
            seat,
            address=url_for(f"{self.endpoint}.fields", pk=pk, seat=seat),
            pick_url=lambda name: url_for(f"{self.endpoint}.pick", pk=pk, link=name, seat=seat),
            onward=url_for(f"{self.endpoint}.case", pk=pk),
        )
        if answer is None:
            abort(404)
        return answer

    @expose("/cases/<int:pk>/pick/<link>")
    @mine
    def pick(self, pk: int, link: str) -> Response:
        """Records a link among those fields may name, within the scope of whoever acts."""
        opened = opened_by(found_case(pk), number_asked(request.args.get("seat", "0")))
        described = opened.entity.field(link) if opened is not None and link in opened.names else None
        if described is None or described.kind not in (Kind.LINK, Kind.REGION):
            abort(404)
        return jsonify(pick(described, request.args.get("q", "")))

    @expose("/cases/<int:pk>/files/<int:file>")
    @mine
    def file(self, pk: int, file: int) -> Response:
        """Fetch a file somebody added to the case with a word: the right to it is the right to the case."""
        found_case(pk)
        return sent_file(*find_file(pk, file))


def opened_by(view: CaseView, seat: int) -> Opened | None:
    """What an open seat of the reader lets them fill in; None where that is nothing, or the seat is not theirs."""
    entity, held = context().entities.get(view.case.entity), view.state.seats.get(seat)
    if entity is None or held is None or seat not in view.acts or held.step == APPLICANT:
        return None
    step = view.document.step(held.step)
    if not step.fields:
        return None
    record = record_of(entity, view.case.record_id)
    about = About(view.case.entity, record, view.state.applicant, view.case.asked, view.case.payload or {})
    names = fillable(entity, step, require_actor(), about)
    return Opened(entity, step, about, names) if names else None


def fillings(view: CaseView, seat: int) -> list[Filling]:
    """The fields of a seat with what stands in them, for the page of the case."""
    opened = opened_by(view, seat)
    if opened is None:
        return []
    titles = read_titles(links_of(opened.entity, [opened.record], opened.names))
    missing = {field.name for field in lacking(opened.step, opened.about)}
    return [
        Filling(f, cell(f, getattr(opened.record, f.name, None), titles, short=True), f.name in missing)
        for f in opened.form.fields
    ]


def fill_dialog(view: CaseView, seat: int, *, address: str, pick_url: Any, onward: str) -> Response | None:
    """The dialog of those fields, and their saving; None where the seat opens none. What was typed is never lost."""
    opened = opened_by(view, seat)
    typed = {name: text for name, text in posted_values(request.form).items() if name not in _OWN}
    refused: Refused | None = None
    if request.method == "POST":
        try:
            changed = fill_in(view.case.id, seat, _changes(opened, typed), posted_version(request.form))
            return done(onward, _("The fields are filled in") if changed else _("Nothing was changed"))
        except Refused as problem:
            session.rollback()
            refused, opened = problem, opened_by(view, seat)
    if opened is None:
        return _closed(address, refused) if refused is not None else None
    return _form(view, opened, typed, refused, {"address": address, "pick_url": pick_url, "next": onward, "seat": seat})


def _changes(opened: Opened | None, typed: Mapping[str, str]) -> dict[str, str]:
    """What differs from the record: a value shown shortened (to the minute) stays exact."""
    if opened is None:
        return dict(typed)
    clock = zone()
    return {
        name: text
        for name, text in typed.items()
        if (field := opened.entity.field(name)) is None
        or name not in opened.names
        or input_text(field, getattr(opened.record, name, None), clock) != text.strip().replace("\r\n", "\n")
    }


def _form(
    view: CaseView, opened: Opened, typed: Mapping[str, str], refused: Refused | None, shown: Mapping[str, Any]
) -> Response:
    kept = {name: text for name, text in typed.items() if name in opened.names}
    values = {**record_values(opened.entity, opened.record), **kept}
    errors = dict(refused.errors) if refused is not None else {}
    version = getattr(opened.record, "version", None)
    seen = posted_version(request.form)
    with acting_as(granted(require_actor(), opened.entity, opened.names)):
        form = build_form(opened.form, values, errors=errors)
        differing = seen is not None and version is not None and seen != version
        compared = list(differences_of(opened.entity, opened.record, kept)) if differing else []
    return dialog(
        "approvals/fill.html",
        status=422 if refused is not None else 200,
        form=form,
        entity=opened.entity,
        heading=_("Fields of this step"),
        submit=_("Save"),
        reason=str(refused.reason) if refused is not None and not errors else "",
        hidden={"seat": shown["seat"], **({} if version is None else {"_version": version})},
        differences=compared,
        address=shown["address"],
        pick_url=shown["pick_url"],
        next=shown["next"],
        note="",
        warnings=(),
    )


def _closed(address: str, refused: Refused) -> Response:
    """The seat was decided meanwhile, or was never the reader's."""
    return dialog(
        "approvals/fill.html", status=422, form=build_form(asking("nothing", "", ()), {}),
        heading=_("Fields of this step"), reason=str(refused), address=address,
        hidden={}, differences=(), submit="", note="", warnings=(),
    )  # fmt: skip


__all__ = ["FillScreen", "Filling", "Opened", "fill_dialog", "fillings", "opened_by"]
