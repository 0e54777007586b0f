"""What an import put into cases in place of writing it: how each stands, with its case."""

from __future__ import annotations

from flask import request, url_for

from app.approvals.reading.imported import read_held
from app.approvals.rules.state import Status
from app.approvals.views.inbox import named_entity, named_flow
from app.approvals.views.words import STATUSES
from app.base.page import PageView, expose
from app.base.views.cells import zone
from app.base.views.formats import moment_text
from app.base.views.guard import mine
from app.transfer.services.held import listed_at
from app.transfer.services.imports import find_import


class ImportedScreen(PageView):
    """`/approvals/imports/<pk>`: an import of one's own."""

    @expose("/imports/<int:pk>")
    @mine
    def imported(self, pk: int) -> str:
        """The rows of an import that cases stand for; ``state`` keeps those standing one way."""
        made = find_import(pk)
        asked, after = request.args.get("state", ""), request.args.get("after", "")
        state = asked if asked in set(Status) else None
        found = read_held(pk, state, int(after) if after.isascii() and after.isdecimal() and len(after) < 19 else 0)
        clock, here = zone(), f"{self.endpoint}.imported"
        counted = [
            (STATUSES[each], found.counts[each], url_for(here, pk=pk, state=each.value), each == state)
            for each in Status
            if found.counts.get(each)
        ]
        return self.render_template(
            "approvals/imported.html",
            made=made,
            thing=named_entity(made.entity),
            total=sum(found.counts.values()),
            counted=counted,
            all_url=url_for(here, pk=pk),
            narrowed=state is not None,
            rows=[
                {
                    "number": row.number,
                    "title": row.title,
                    "url": url_for(f"{self.endpoint}.case", pk=row.case_id) if row.case_id is not None else "",
                    "flow": named_flow(row.flow, row.flow_en),
                    "state": STATUSES[Status(row.status)] if row.status else None,
                    "ended": moment_text(row.ended_at, clock) if row.ended_at else "",
                }
                for row in found.rows
            ],
            next_url=url_for(here, pk=pk, state=state, after=found.next_after) if found.next_after else "",
            first_url=url_for(here, pk=pk, state=state) if after else "",
            back=url_for("ImportView.show", pk=pk),
        )


listed_at("ApprovalView.imported")

__all__ = ["ImportedScreen"]
