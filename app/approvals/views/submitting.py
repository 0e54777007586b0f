"""Submitting a record from its page."""

from __future__ import annotations

from flask import Response, abort, request, url_for
from flask_babel import gettext as _

from app.approvals.reading.records import flows_to_start
from app.approvals.services import start_case
from app.approvals.views.inbox import InboxScreen, named_flow
from app.base.page import expose
from app.base.views.acts import chosen_ids
from app.base.views.guard import needs, own_path
from app.base.views.replies import dialog, done
from app.base.views.titles import record_title, record_url
from app.fields.records import find_record
from app.host.context import context
from app.types import Refused


class SubmitScreen(InboxScreen):
    """`/approvals/submit/<entity>`."""

    @expose("/submit/<entity>", methods=("GET", "POST"))
    @needs("can_list")
    def submit(self, entity: str) -> Response:
        """Choose the flow, where there are several, and submit the record the actor may change."""
        described = context().entities.get(entity)
        try:
            number = chosen_ids()[0]
        except Refused:
            abort(404)
        record = find_record(described, number) if described is not None else None
        flows = flows_to_start(entity)
        if described is None or record is None or not flows:
            abort(404)
        reason, chosen = "", request.form.get("flow", "")
        if request.method == "POST":
            flow = next((flow for flow in flows if str(flow.id) == chosen), None)
            try:
                if flow is None:
                    raise Refused(_("Choose a flow"))
                case = start_case(flow.id, entity, number)
                onward = own_path(request.form.get("next"), record_url(described, number) or "/")
                return done(onward if not request.form.get("open") else url_for(f"{self.endpoint}.case", pk=case.id),
                            _("Submitted for approval"))  # fmt: skip
            except Refused as refused:
                reason = str(refused)
        return dialog(
            "approvals/submit.html",
            status=422 if reason else 200,
            address=url_for(f"{self.endpoint}.submit", entity=entity),
            ids=str(number),
            next=request.values.get("next", ""),
            title=record_title(described, record),
            flows=[(str(flow.id), named_flow(flow.name, flow.name_en)) for flow in flows],
            chosen=chosen or str(flows[0].id),
            reason=reason,
        )


__all__ = ["SubmitScreen"]
