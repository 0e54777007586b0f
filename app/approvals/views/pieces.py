"""Approvals on other pages: a tab and a button on records, a card on the home page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import g, has_request_context, render_template, url_for
from flask_babel import lazy_gettext as _l
from markupsafe import Markup

from app.access.actors import require_actor
from app.approvals.reading.inbox import TODO, Wish, count_todo, read_inbox
from app.approvals.reading.records import cases_of, flows_to_start, open_case_of
from app.approvals.rules.state import Status
from app.approvals.services import read_case
from app.approvals.services.binding import bindings
from app.approvals.views.diagrams import diagram
from app.approvals.views.inbox import aged, counted, local_today, named_flow
from app.approvals.views.words import STATUSES
from app.base.views.cells import zone
from app.base.views.formats import moment_text
from app.db import now
from app.host.context import context
from app.types import Action, Actor, Tab

#: Lines of the card.
LINES = 8


def tabs_of(entity: str) -> Sequence[Tab]:
    """The tab, for entities with a flow or a case: others are shown without a question to the database."""
    tab = Tab("approval", _l("Approval"), record_tab, order=70, badge=open_badge)
    return (tab,) if entity in bindings().entities else ()


def submit_actions(entity: str, actor: Actor) -> Sequence[Action]:
    """The button, for entities with a flow that is begun by hand."""
    if actor.employee_id is None or not bindings().flows.get(entity):
        return ()
    if not _once(f"flows.{entity}", lambda: flows_to_start(entity)):
        return ()
    address = "ApprovalView.submit"
    return (
        Action(
            "submit_approval", _l("Submit for approval"), address, "ApprovalView",
            "can_list", "send", dialog_endpoint=address, bulk=False, args={"entity": entity},
        ),
    )  # fmt: skip


def record_tab(record: Any) -> Markup:
    """The case that runs with its diagram, and those before it."""
    entity = context().by_model[type(record)]
    cases = cases_of(entity.slug, record.id)
    clock = zone()
    first = read_case(cases[0].id) if cases else None
    drawn = Markup("")
    if first is not None:
        events = [line.event for line in first.events]
        title = f"{named_flow(first.definition.name, first.definition.name_en)}: {first.title}"
        drawn = diagram(first.document, events, first.names, [line.at for line in first.events], title=title)
    rows = [
        {
            "url": url_for("ApprovalView.case", pk=case.id),
            "flow": named_flow(case.flow, case.flow_en),
            "status": STATUSES[Status(case.status)],
            "applicant": case.applicant,
            "started": moment_text(case.started_at, clock),
            "ended": moment_text(case.ended_at, clock) if case.ended_at else "",
        }
        for case in cases
    ]
    return Markup(render_template("approvals/tab.html", rows=rows, diagram=drawn))  # noqa: S704


def open_badge(record: Any) -> Markup:
    """How the record's open case stands, beside its name, with the way there."""
    case = open_case_of(context().by_model[type(record)].slug, record.id)
    if case is None:
        return Markup("")
    words, colour = STATUSES[Status(case.status)]
    return Markup('<span class="badge app-badge app-badge-{}"><a href="{}" data-approval>{} · {}</a></span>').format(
        colour, url_for("ApprovalView.case", pk=case.id), words, named_flow(case.flow, case.flow_en)
    )


def waiting_card() -> Markup | str:
    """What waits for one, the longest first."""
    employee = require_actor().employee_id
    if employee is None:
        return ""
    today, moment = local_today(), now()
    page = read_inbox(employee, Wish(tab=TODO), today)
    lines = [
        {
            "url": url_for("ApprovalView.case", pk=line.case_id),
            "title": line.title,
            "who": line.applicant,
            "age": aged(line.at, moment),
            "late": line.due_at is not None and line.due_at < moment,
        }
        for line in page.lines[:LINES]
    ]
    number = counted(count_todo(employee, today)) if len(page.lines) > LINES else str(len(page.lines))
    return Markup(  # noqa: S704
        render_template("approvals/card.html", lines=lines, number=number, all_url=url_for("ApprovalView.list"))
    )


def _once(key: str, ask: Any) -> Any:
    """What a page asks for several times, read once in its request."""
    if not has_request_context():
        return ask()
    kept = g.setdefault("approval_pieces", {})
    if key not in kept:
        kept[key] = ask()
    return kept[key]


__all__ = ["open_badge", "record_tab", "submit_actions", "tabs_of", "waiting_card"]
