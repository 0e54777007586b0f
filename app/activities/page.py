"""Follow-ups on a customer's page: their tab, and their lines of the timeline."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from sqlalchemy import select

from app.access.policy import as_seen
from app.activities.models import Activity
from app.activities.schemas import KINDS, RESULTS
from app.base.views.formats import duration_text, money_text
from app.base.views.related import related_list
from app.base.views.titles import record_url
from app.customers.models import Customer
from app.db import session
from app.organisation.models import Employee
from app.types import Tab, TimelineItem

ICONS = {
    "call": "phone-call",
    "meeting": "briefcase",
    "visit_in": "building-bank",
    "salon": "users",
    "invitation": "mail-opened",
    "message": "message",
    "email": "mail",
    "note": "note",
}
COLUMNS = ("at", "kind", "subject", "result", "effective", "next_step", "next_on", "employee_id")
#: As much of a long note as the timeline shows.
EXCERPT = 140


def tabs() -> Sequence[Tab]:
    """The follow-ups of a customer."""
    return (Tab("activities", _l("Follow-ups"), activities_tab, "ActivityView", order=20),)


def activities_tab(customer: Customer) -> Markup:
    """The newest follow-ups with “add” and a link to all."""
    return related_list("activity", "customer_id", customer, fields=COLUMNS)


def timeline_of(customer: Customer, before: datetime | None, limit: int) -> Sequence[TimelineItem]:
    """Follow-ups as lines, newest first, in one statement within the actor's scope."""
    statement = (
        select(Activity, Employee.name)
        .outerjoin(Employee, Employee.id == Activity.employee_id)
        .where(Activity.customer_id == customer.id)
    )
    if before is not None:
        statement = statement.where(Activity.at < before)
    rows = session.execute(statement.order_by(Activity.at.desc(), Activity.id.desc()).limit(limit)).all()
    return [_line(activity, who or "") for activity, who in rows]


def _line(activity: Activity, who: str) -> TimelineItem:
    kinds = {choice.value: str(choice.label) for choice in KINDS}
    results = {choice.value: str(choice.label) for choice in RESULTS}
    result, seconds = activity.result or "", activity.duration_seconds
    facts = [as_seen("activity", "result", result, results.get(result, ""))]
    if seconds:
        facts.append(as_seen("activity", "duration_seconds", seconds, duration_text(seconds)))
    if activity.amount is not None:
        facts.append(as_seen("activity", "amount", activity.amount, money_text(activity.amount)))
    facts.append(as_seen("activity", "content", activity.content, (activity.content or "")[:EXCERPT]))
    if step := as_seen("activity", "next_step", activity.next_step):
        label = _("Next step")
        facts.append(f"{label}: {step}")
    title = as_seen("activity", "kind", activity.kind, kinds.get(activity.kind, activity.kind)) or _("Follow-up")
    subject = as_seen("activity", "subject", activity.subject)
    return TimelineItem(
        activity.at,
        f"{title}: {subject}" if subject else title,
        " · ".join(filter(None, facts)),
        icon=ICONS.get(activity.kind, "point"),
        who=who,
        url=record_url("activity", activity.id),
        kind=activity.kind,
    )
