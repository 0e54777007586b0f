"""Who stands in for one, and for whom: a list, a new one for some days, an end before its time."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Response, abort, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.access.actors import require_actor
from app.approvals.reading.inbox import flows_of_inbox
from app.approvals.reading.people import find_people
from app.approvals.reading.standing_in import delegations
from app.approvals.services import administers, delegate, end_delegation
from app.approvals.views.inbox import local_today, my_employee, named_flow, number_asked
from app.base.page import PageView, expose
from app.base.views.formats import date_text
from app.base.views.guard import needs
from app.base.views.replies import dialog, done
from app.fields.rules import BadValue
from app.fields.values import read_value
from app.types import Field, Kind, Refused

_DAY = Field("day", _l("Day"), Kind.DATE, required=True)


class ApprovalDelegationView(PageView):
    """`/approvals/delegations`."""

    route_base = "/approvals/delegations"
    default_view = "list"

    @expose("/")
    @needs("can_list")
    def list(self) -> str:
        """One's own delegations and those given to one; administrators see everybody's that are not over."""
        may_all = administers(require_actor())
        everybody = may_all and request.args.get("all") == "1"
        me, today = my_employee(), local_today()
        rows = [
            {
                "row": row,
                "flow": named_flow(row.flow, row.flow_en) if row.flow else "",
                "days": f"{date_text(row.from_on)}～{date_text(row.until_on)}",
                "state": "over" if row.until_on < today else "ahead" if row.from_on > today else "now",
                "may_end": row.until_on >= today and (may_all or row.employee_id == me),
            }
            for row in delegations(me, today, everybody=everybody)
        ]
        return self.render_template(
            "approvals/delegations.html", rows=rows, may_all=may_all, everybody=everybody, me=me,
            may_add=me is not None and not require_actor().viewer,
        )  # fmt: skip

    @expose("/add", methods=("GET", "POST"))
    @needs("can_list")
    def add(self) -> Response:
        """Let a colleague stand in for oneself."""
        me = my_employee()
        if me is None:
            abort(404)
        refused: Refused | None = None
        if request.method == "POST":
            try:
                substitute, first, last, flow = self._read()
                delegate(me, substitute, first, last, definition_id=flow, reason=request.form.get("reason", ""))
                return done(url_for(f"{self.endpoint}.list"), _("Your colleague stands in for you"))
            except Refused as problem:
                refused = problem
        today = date_text(local_today())
        picked = request.form.getlist("substitute_id")
        return dialog(
            "approvals/delegation.html",
            status=422 if refused is not None else 200,
            address=url_for(f"{self.endpoint}.add"),
            errors=dict(refused.errors) if refused is not None else {},
            reason=str(refused.reason) if refused is not None and not refused.errors else "",
            sent={"from_on": today, "until_on": today, **request.form},
            chosen=[(row.id, row.name) for row in find_people("", picked)[0]] if any(picked) else [],
            flows=[(str(row.id), named_flow(row.name, row.name_en)) for row in flows_of_inbox()],
            people_url=url_for("ApprovalView.people"),
        )

    @expose("/<int:pk>/end", methods=("POST",))
    @needs("can_list")
    def end(self, pk: int) -> Response:
        """End one of one's own, or anybody's as an administrator."""
        back = url_for(f"{self.endpoint}.list")
        try:
            end_delegation(pk)
        except Refused as refused:
            return done(back, str(refused), "danger")
        return done(back, _("The delegation has ended"))

    def _read(self) -> tuple[int, date, date, int | None]:
        errors: dict[str, Any] = {}
        days: dict[str, date] = {}
        for name in ("from_on", "until_on"):
            try:
                days[name] = read_value(_DAY, request.form.get(name, ""))
            except BadValue:
                errors[name] = _("This is not a day, e.g. 2026-03-31")
        picked = request.form.get("substitute_id", "")
        if not picked.isascii() or not picked.isdecimal() or len(picked) > 9:
            errors["substitute_id"] = _("Name one person")
        if errors or not all(days.values()):
            raise Refused(errors=errors or {"from_on": _("This is not a day, e.g. 2026-03-31")})
        flow = request.form.get("definition_id", "")
        known = {row.id for row in flows_of_inbox()}
        number = number_asked(flow) if flow else None
        if number is not None and number not in known:
            abort(404)
        return int(picked), days["from_on"], days["until_on"], number


__all__ = ["ApprovalDelegationView"]
