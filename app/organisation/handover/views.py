"""The screens of handovers: choose, look at what it would do, start, follow, undo."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from flask import Response, abort, jsonify, make_response, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup

from app.access.actors import require_actor
from app.base.page import expose
from app.base.views.acts import chosen_ids
from app.base.views.entity import EntityView
from app.base.views.formats import number_text
from app.base.views.guard import needs
from app.base.views.replies import done
from app.base.views.screen import Figure, Link
from app.base.views.titles import record_url
from app.jobs.services import find_job
from app.organisation.handover import reading
from app.organisation.handover.forms import chosen_people, holding_rows, read_form
from app.organisation.handover.models import Handover
from app.organisation.handover.planning import Line, held_by, today
from app.organisation.handover.reach import VIEW, check_leaver, find_giver, search_colleagues
from app.organisation.handover.rules import HANDOVER as HANDING_OVER
from app.organisation.handover.rules import LEAVING
from app.organisation.handover.schemas import HANDOVER, KINDS, STATES
from app.organisation.handover.services import (
    PERMISSIONS,
    cancel_handover,
    may_undo,
    plan_handover,
    start_handover,
    title_of,
    undo_handover,
)
from app.organisation.models import Employee
from app.types import Action, Refused, Tab

_KIND = {choice.value: choice.label for choice in KINDS}


class HandoverView(EntityView):
    """Handovers and leavings: the list, the page with its result, and the way to a new one."""

    entity = HANDOVER
    route_base = "/handover"
    permission_labels: ClassVar[dict[str, Any]] = {
        "can_hand_over": _l("Hand over work"),
        "can_leave": _l("Let people leave"),
    }

    def title(self, record: Any) -> str:
        """Who handed over or left."""
        return f"{record.giver.name} · {_KIND.get(record.kind, record.kind)}"

    def list_links(self) -> Sequence[Link]:
        """The way to a new one."""
        if not require_actor().can(PERMISSIONS[HANDING_OVER], VIEW):
            return ()
        return (Link(_("Hand work over"), self.url("start"), "transfer"),)

    def badge_fields(self, record: Any) -> tuple[str, ...]:
        """Where it stands."""
        return ("status",)

    def figures(self, record: Any) -> Sequence[Figure]:
        """How many records moved, stayed and came back."""
        counts = reading.totals(reading.outcomes(record))
        tones = {"moved": "", "stayed": "warning", "back": "", "kept": "warning"}
        return [
            Figure(choice.label, number_text(counts[choice.value]), tone=tones[choice.value])
            for choice in STATES
            if counts.get(choice.value)
        ]

    def offers(self, record: Any, act: str) -> bool:
        """Undo what is done, call off what waits."""
        wanted = {"undo": ("done", "running"), "cancel": ("planned",)}
        return act not in wanted or (record.status in wanted[act] and may_undo(record))

    @expose("/start")
    @needs("can_hand_over", "can_leave")
    def start(self) -> str:
        """Choose whose work is handed over."""
        may = {kind: require_actor().can(name, VIEW) for kind, name in PERMISSIONS.items()}
        return self.render("organisation/handover_start.html", view=self, may=may)

    @expose("/new", methods=("GET", "POST"))
    @needs("can_hand_over")
    def new(self) -> Response:
        """Hand work over: the form, what it would do, and the start."""
        return self._form_of(HANDING_OVER)

    @expose("/leave", methods=("GET", "POST"))
    @needs("can_leave")
    def leave(self) -> Response:
        """Let somebody leave: the same with the last day, and everything goes."""
        return self._form_of(LEAVING)

    @expose("/receivers")
    @needs("can_hand_over", "can_leave")
    def receivers(self) -> Response:
        """Colleagues within reach whose name or staff number has a text, for the pickers."""
        everybody = request.args.get("left") == "1"
        found, more = search_colleagues(request.args.get("q", ""), _number("but"), left=everybody)
        items = [{"value": str(each.id), "text": each.name, "hint": f"{each.code} · {each.unit}"} for each in found]
        return jsonify(items=items, more=_("There are more; type more") if more else "")

    @expose("/undo", methods=("POST",))
    @needs("can_undo")
    def undo(self) -> Response:
        """Bring back what nobody has moved since."""
        return self._act(undo_handover, _("The undo has begun"))

    @expose("/cancel", methods=("POST",))
    @needs("can_undo")
    def cancel(self) -> Response:
        """Call off one that waits for its day."""
        return self._act(cancel_handover, _("It was called off"))

    def _act(self, verb: Any, said: str) -> Response:
        number = chosen_ids()[0]
        try:
            verb(number)
        except LookupError:
            abort(404)
        except Refused as refused:
            return done(self._result_url(number), str(refused), "danger")
        return done(self._result_url(number), said)

    def _form_of(self, kind: str) -> Response:
        if not request.args.get("employee"):
            return done(self.url("start"))
        giver = find_giver(_number("employee"))
        if giver is None:
            abort(404)
        lines: list[Line] = []
        errors: dict[str, Any] = {}
        reason = ""
        held = held_by(giver.id)
        try:
            if kind == LEAVING:
                check_leaver(giver)
            if request.method == "POST":
                asked = read_form(kind, request.form, held)
                days = {"effective_on": asked.effective_on, "last_on": asked.last_on}
                lines = plan_handover(kind, giver.id, asked.routes, reason=asked.reason, **days)
                if request.form.get("step") == "start":
                    made = start_handover(kind, giver.id, asked.routes, reason=asked.reason, **days)
                    return done(self._result_url(made.id), _("The handover was asked for"))
        except Refused as refused:
            errors, reason = dict(refused.errors), str(refused.reason) if not refused.errors else ""
        page = self.render(
            "organisation/handover_form.html",
            view=self,
            kind=kind,
            title=title_of(kind, giver),
            giver=giver,
            giver_url=record_url("employee", giver.id),
            rows=holding_rows(kind, request.form, held, errors),
            general=chosen_people(request.form),
            sent=request.form,
            errors=errors,
            reason=reason,
            lines=lines,
            today=today().isoformat(),
            receivers_url=self.url("receivers"),
        )
        return make_response(page, 422 if errors or (reason and request.method == "POST") else 200)

    def _result_url(self, number: int) -> str:
        return self.url("tab", pk=number, name="result")


def _number(name: str) -> int:
    """A number of the address; 0 for what is none."""
    text = request.args.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _given(values: dict[str, Any]) -> dict[str, Any]:
    """Those of an address's arguments that say something."""
    return {name: value for name, value in values.items() if value}


def work_tab(employee: Employee) -> Markup:
    """What an employee holds, with the ways to hand it over, for those whose reach covers them."""
    actor, giver = require_actor(), find_giver(employee.id)
    ways = {"handover": "HandoverView.new", "leaving": "HandoverView.leave"}
    may_leave = giver is not None and giver.left_on is None and giver.id != actor.employee_id
    return Markup(  # noqa: S704  (rendered by an escaping template)
        render_template(
            "organisation/work.html",
            held=held_by(employee.id) if giver is not None else None,
            urls={
                kind: url_for(ways[kind], employee=employee.id)
                for kind, name in PERMISSIONS.items()
                if actor.can(name, VIEW) and (kind != LEAVING or may_leave)
            },
        )
    )


def result_tab(handover: Handover) -> Markup:
    """Progress, counts per holding and receiver, and the rows behind them a page at a time."""
    holding, state = request.args.get("holding", "")[:40], request.args.get("state", "")[:8]
    page = max(1, min(_number("page"), 100_000))
    rows, more = reading.item_rows(handover, holding, state, page)
    here: dict[str, Any] = {"pk": handover.id, "name": "result"}
    number = handover.undo_job_id if handover.status in ("undoing", "undone") else handover.job_id
    job = find_job(number) if number is not None else None
    return Markup(  # noqa: S704  (rendered by an escaping template)
        render_template(
            "organisation/handover_result.html",
            handover=handover,
            outcomes=reading.outcomes(handover),
            states=STATES,
            rows=rows,
            chosen=(holding, state),
            job=job if job is not None and job.status not in ("done",) else None,
            url=lambda holding="", state="", page=0: url_for(
                "HandoverView.tab", **here, **_given({"holding": holding, "state": state, "page": page})
            ),
            pages=(page - 1 if page > 1 else None, page + 1 if more else None),
        )
    )


WORK = Tab("work", _l("Work held"), work_tab, VIEW, "can_hand_over", order=30)
RESULT = Tab("result", _l("Result"), result_tab, VIEW, "can_show", order=10)
ACTIONS = (
    Action(
        "undo",
        _l("Undo"),
        "HandoverView.undo",
        VIEW,
        "can_undo",
        "arrow-back-up",
        _l("Bring back everything nobody has moved since? What has changed hands meanwhile stays and is listed."),
        bulk=False,
    ),
    Action(
        "cancel",
        _l("Call off"),
        "HandoverView.cancel",
        VIEW,
        "can_undo",
        "circle-x",
        _l("Call this handover off before it begins?"),
        bulk=False,
    ),
)
