"""A case's page: where it stands, what was done, and what the reader may do now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar

from flask import Response, abort, jsonify, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.access.actors import require_actor
from app.approvals.reading.inbox import find_rows
from app.approvals.reading.people import find_people, is_unread_copy, mark_copy_read
from app.approvals.rules.document import Kind
from app.approvals.rules.state import APPLICANT, replay
from app.approvals.services import CaseView, decide_many
from app.approvals.services.attaching import MOST_AT_ONCE as MOST_AT_ONCE_FILES
from app.approvals.views.acts import ACTS, ActForm, read_given
from app.approvals.views.diagrams import diagram
from app.approvals.views.figures import FigureCells, links_of_figures, written_figures
from app.approvals.views.filling import FillScreen, fillings
from app.approvals.views.finding import found_case
from app.approvals.views.held import COLOURS, sheet_of
from app.approvals.views.imported import ImportedScreen
from app.approvals.views.inbox import local_today, my_employee, named_entity, named_flow, number_asked
from app.approvals.views.record import record_blocks, seen_in
from app.approvals.views.sayings import sayings, step_name, targets_named
from app.approvals.views.submitting import SubmitScreen
from app.approvals.views.words import ASKED, SAID, STATUSES
from app.base.page import expose
from app.base.views.cells import zone
from app.base.views.formats import moment_text
from app.base.views.guard import mine, needs, own_path
from app.base.views.replies import dialog, done
from app.base.views.titles import read_titles, record_url
from app.host.context import context
from app.transfer.rules.attached import ALLOWED, MAX_ATTACHMENT
from app.transfer.views.attachments import panel
from app.types import Refused

#: How the acts on a seat are called by the case and on screen, in the order of their buttons.
_ON_SEAT = (
    ("approve", "approve"), ("refuse", "refuse"), ("abstain", "abstain"), ("return", "return"),
    ("transfer", "transfer"), ("add_signer", "add_signers"), ("supplement", "ask_material"),
)  # fmt: skip
_ON_CASE = ("finish", "resubmit", "urge", "comment", "copy", "withdraw", "cancel")
#: Rows decided at once.
MOST_AT_ONCE = 100


class ApprovalView(SubmitScreen, ImportedScreen, FillScreen):
    """The inbox and the pages of cases."""

    route_base = "/approvals"
    default_view = "list"
    base_permissions = ["can_list", "can_administer"]
    permission_labels: ClassVar[dict[str, Any]] = {"can_administer": _l("Administer approvals")}

    @expose("/cases/<int:pk>")
    @mine
    def case(self, pk: int) -> str:
        """The page of a case; 404 for whoever has nothing to do with it. ``asof``: as it was after so many events."""
        view = found_case(pk)
        asof = _asof(view)
        shown = [line.event for line in view.events][:asof]
        state = view.state if asof == len(view.events) else replay(shown)
        url = record_url(view.case.entity, view.case.record_id) if view.case.record_id and view.sees_record else None
        live = asof == len(view.events) and not require_actor().viewer
        title = f"{named_flow(view.definition.name, view.definition.name_en)}: {view.title}"
        times = [line.at for line in view.events]
        described = context().entities.get(view.case.entity)
        return self.render_template(
            "approvals/case.html",
            view=view,
            case=view.case,
            state=state,
            status=STATUSES[state.status],
            flow=named_flow(view.definition.name, view.definition.name_en),
            thing=named_entity(view.case.entity),
            asked=ASKED.get(view.case.asked, ASKED["button"]),
            record_url=url,
            figures=case_figures(view),
            diagram=diagram(view.document, shown, view.names, times, title=title),
            said=sayings(view),
            asof=asof,
            total=len(view.events),
            seats=self._seats(view) if live else [],
            acts=[self._button(view, name, 0) for name in _ON_CASE if name in view.case_acts] if live else [],
            removable=view.removable if live else frozenset(),
            givable=view.givable if live else frozenset(),
            held=sheet_of(view.case),
            held_colours=COLOURS,
            blocks=record_blocks(view, my_employee()),
            files=panel(described, view.case.record_id)
            if described is not None and view.case.record_id is not None and view.sees_record
            else "",
            seat_words=SAID,
            open_seats=[(step_name(view.document, s.step), view.names.get(s.employee, "")) for s in state.open_seats()],
            step_name=lambda step: step_name(view.document, step),
            moment=_moment,
            unread=live and is_unread_copy(pk, my_employee()),
        )

    @expose("/cases/<int:pk>/read", methods=("POST",))
    @mine
    def read(self, pk: int) -> Response:
        """Note that the reader has looked at a case they were told of."""
        found_case(pk)
        employee = my_employee()
        if employee is not None:
            mark_copy_read(pk, employee)
        return Response(status=204)

    @expose("/cases/<int:pk>/<name>", methods=("GET", "POST"))
    @mine
    def act(self, pk: int, name: str) -> Response:
        """The dialog of one act, and the act itself."""
        view, act = found_case(pk), ACTS.get(name)
        if act is None:
            abort(404)
        seat = number_asked(request.values.get("seat", "0"))
        if request.method == "POST":
            try:
                given = read_given(request.form, self._needing(act, view, seat), request.files.getlist("files"))
                act.verb(pk, seat, given)
            except Refused as refused:
                return self._ask(view, act, seat, refused)
            return done(own_path(request.form.get("next"), url_for(f"{self.endpoint}.case", pk=pk)), act.said)
        return self._ask(view, act, seat, None)

    @expose("/many", methods=("GET", "POST"))
    @needs("can_list")
    def decide_many(self) -> Response:
        """Approve or refuse the chosen rows; each says what became of it."""
        act = ACTS.get(request.values.get("act", ""))
        if act is None or act.name not in ("approve", "refuse"):
            abort(404)
        onward = own_path(request.values.get("next"), url_for(f"{self.endpoint}.list"))
        rows, reason = chosen_rows(), ""
        if not rows:
            reason = _("Choose one or more records first")
        elif request.method == "POST":
            comment = request.form.get("comment", "").replace("\x00", "").strip()[:2000]
            if comment or act.name == "approve":
                results = decide_many([(row.case_id, row.seat) for row in rows], act.name, comment)
                named = {(row.case_id, row.seat): row.title for row in rows}
                lines = [(named[one.case_id, one.seat], one.problem) for one in results]
                return dialog("approvals/many_done.html", lines=lines, onward=onward, act=act)
            reason = _("Say why")
        return dialog(
            "approvals/many.html", status=422 if request.method == "POST" else 200, act=act, rows=rows, reason=reason,
            address=url_for(f"{self.endpoint}.decide_many", act=act.name), next=onward,
            ids=",".join(str(row.id) for row in rows),
        )  # fmt: skip

    @expose("/people")
    @mine
    def people(self) -> Response:
        """Colleagues who can act, for the pickers: at most twenty whose name or staff number matches ``q``."""
        if my_employee() is None:
            abort(404)
        found, more = find_people(request.args.get("q", ""))
        items = [{"value": str(row.id), "text": row.name, "hint": f"{row.code} · {row.unit}"} for row in found]
        return jsonify(items=items, more=_("There are more; type more") if more else "")

    def _ask(self, view: CaseView, act: ActForm, seat: int, refused: Refused | None) -> Response:
        person = view.state.seats[seat].employee if act.about == "seat" and seat in view.state.seats else None
        sent = request.form if refused is not None else {}
        needing = self._needing(act, view, seat)
        return dialog(
            "approvals/act.html",
            status=422 if refused is not None else 200,
            act=needing,
            comment_needed="comment" in needing.needed,
            address=url_for(f"{self.endpoint}.act", pk=view.case.id, name=act.name),
            next=own_path(request.values.get("next"), url_for(f"{self.endpoint}.case", pk=view.case.id)),
            title=view.title,
            who=view.names.get(view.state.applicant, ""),
            figures=case_figures(view),
            instead_of=view.names.get(person, "") if person not in (None, my_employee()) else "",
            seat=seat,
            sent=sent,
            errors=dict(refused.errors) if refused is not None else {},
            reason=str(refused.reason) if refused is not None and not refused.errors else "",
            targets=targets_named(view.document, view.targets.get(seat, (APPLICANT,))),
            accept=",".join(ALLOWED),
            most_files=MOST_AT_ONCE_FILES,
            most_megabytes=MAX_ATTACHMENT // 1024**2,
            waits=[(s.id, step_name(view.document, s.id)) for s in view.document.walk() if s.kind is Kind.APPROVE],
            waiting=request.form.getlist("waits") if refused is not None else self._own_step(view, seat),
            people_url=url_for(f"{self.endpoint}.people"),
            chosen=[(row.id, row.name) for row in find_people("", request.form.getlist("people"))[0]]
            if refused is not None and request.form.getlist("people")
            else [],
        )

    def _own_step(self, view: CaseView, seat: int) -> list[str]:
        return [view.state.seats[seat].step] if seat in view.state.seats else []

    def _needing(self, act: ActForm, view: CaseView, seat: int) -> ActForm:
        """The act, with a comment where the step wants one for an approval, too."""
        asked = view.state.seats.get(seat)
        if act.name != "approve" or asked is None or asked.step == APPLICANT:
            return act
        return replace(act, needed=("comment",)) if view.document.step(asked.step).comment_needed else act

    def _seats(self, view: CaseView) -> list[dict[str, Any]]:
        """The seats the reader decides now, with their buttons."""
        me = my_employee()
        found = []
        for number, permitted in view.acts.items():
            seat, task = view.state.seats[number], view.task(number)
            waits = [each for each in view.supplements if each.is_open and seat.step in each.waits]
            found.append(
                {
                    "step": step_name(view.document, seat.step),
                    "instead_of": view.names.get(seat.employee, "") if seat.employee != me else "",
                    "due": _moment(task.due_at) if task.due_at else "",
                    "waits": waits,
                    "fillings": fillings(view, number),
                    "fill_url": url_for(f"{self.endpoint}.fields", pk=view.case.id, seat=number),
                    "buttons": [self._button(view, shown, number) for name, shown in _ON_SEAT if name in permitted],
                }
            )
        return found

    def _button(self, view: CaseView, name: str, seat: int) -> dict[str, Any]:
        url = url_for(f"{self.endpoint}.act", pk=view.case.id, name=name, seat=seat or None)
        return {"act": ACTS[name], "url": url}


def case_figures(view: CaseView) -> FigureCells:
    """The figures of a case as its reader may see them."""
    described = context().entities.get(view.case.entity)
    if described is None:
        return ()
    seen = seen_in(view, described, my_employee())
    return written_figures(seen, view.case.figures or {}, read_titles(links_of_figures(seen, view.case.figures or {})))


def chosen_rows() -> Sequence[Any]:
    """The open seats behind the ids sent, those of whoever acts or stands in; others are as if they were not."""
    from_form = request.values.getlist("ids")
    pieces = [piece.strip() for text in from_form for piece in text.split(",") if piece.strip()]
    numbers = [int(piece) for piece in pieces if piece.isascii() and piece.isdecimal() and len(piece) < 19]
    me = my_employee()
    return find_rows(list(dict.fromkeys(numbers))[:MOST_AT_ONCE], me, local_today()) if me is not None else ()


def _asof(view: CaseView) -> int:
    text = request.args.get("asof", "")
    total = len(view.events)
    if not text.isascii() or not text.isdecimal() or len(text) > 6:
        return total
    return min(max(1, int(text)), total)


def _moment(at: Any) -> str:
    return moment_text(at, zone())


__all__ = ["ApprovalView"]
