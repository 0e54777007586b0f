"""The reports on approvals as a workbook, held to what every export is held to."""

from __future__ import annotations

from typing import ClassVar

from flask import Response, abort, make_response, request, send_file, url_for
from flask_babel import lazy_gettext as _l

from app.access.actors import require_actor
from app.approvals.views.inbox import local_today
from app.approvals.views.report_sheets import asked_in_words, report_sheets
from app.approvals.views.reports import read_wish
from app.base.page import PageView, expose
from app.base.views.guard import needs
from app.fields.custom.derived import surroundings
from app.host.settings import setting
from app.transfer.rules.exported import LONGEST_REASON
from app.transfer.services import control
from app.transfer.services.sheets import FIGURES, export_sheets
from app.types import Refused

SLUG = "approval_report"
FIGURES[SLUG] = _l("Approval reports")


class ApprovalReportExportView(PageView):
    """`/approvals/reports/export`: with a permission of its own beside that to read the figures."""

    route_base = "/approvals/reports/export"
    default_view = "file"
    class_permission_name = "ApprovalReportView"
    method_permission_name: ClassVar[dict[str, str]] = {"file": "export"}

    @expose("/", methods=("GET", "POST"))
    @needs("can_export")
    def file(self) -> Response:
        """Ask for the reason, then hand the file over; whoever looks as somebody else gets none."""
        actor, wish, error = require_actor(), read_wish(), ""
        if not actor.can("can_list", self.class_permission_name):
            abort(403)
        asked = asked_in_words(wish.asked, wish.month, wish.unit_name)
        if request.method == "POST":
            if actor.viewer:
                abort(403)
            try:
                sheets = report_sheets(wish.asked, actor, local_today(), surroundings().zone)
                reason = request.form.get("reason", "")
                out, name = export_sheets(SLUG, self.class_permission_name, sheets, asked, reason)
                return send_file(out, as_attachment=True, download_name=name, mimetype=_MIME, max_age=0)
            except Refused as refused:
                error = str(refused)
        page = self.render_template(
            "approvals/report_export.html",
            error=error,
            asked=asked,
            reason=request.form.get("reason", ""),
            asks_reason=setting(control.REASON),
            longest_reason=LONGEST_REASON,
            back=url_for("ApprovalReportView.list", **wish.arguments()),
        )
        return make_response(page, 400 if error else 200)


_MIME = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

__all__ = ["ApprovalReportExportView"]
