"""The kernel's own cards on the home page."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from sqlalchemy import func, select
from sqlalchemy.orm import aliased
from werkzeug.routing import BuildError

from app.access.actors import require_actor
from app.access.policy import as_seen, may_ask, title_text
from app.activities.models import Activity
from app.activities.schemas import KINDS
from app.activities.steps import is_for
from app.base.recent import opened_records
from app.base.views.formats import date_text, number_text
from app.customers.models import Customer
from app.customers.schemas import LIFECYCLES
from app.db import now, session
from app.host.context import context
from app.jobs.models import Job
from app.jobs.rules import OPEN, Status
from app.types import Actor, Card

#: How far ahead a next date counts as due, and how long an overdue one is still shown.
AHEAD_DAYS, BACK_DAYS = 7, 90
#: Lines on a card.
LINES = 8
STATES = {Status.QUEUED: (_l("waiting"), "secondary"), Status.RUNNING: (_l("running"), "blue")}


def cards(actor: Actor) -> list[Card]:
    """What everybody gets, as far as it can have something to say."""
    found = [
        Card("workspace.recent", _l("Recently opened"), recent, order=40),
        Card("workspace.jobs", _l("My jobs under way"), jobs, order=50),
    ]
    if actor.employee_id is not None:
        found += [
            Card("workspace.my_customers", _l("My customers"), my_customers, "CustomerView", order=10),
            Card("workspace.due", _l("Follow-ups due"), due, "ActivityView", order=20, width=8),
        ]
    if steps(actor):
        found.append(Card("workspace.welcome", _l("Getting started"), welcome, order=90))
    return found


def today() -> date:
    """The date where the person is."""
    return now().astimezone(ZoneInfo(require_actor().timezone)).date()


def my_customers() -> Markup:
    """The person's own customers by lifecycle (all together where that is kept from them), in one statement."""
    actor = require_actor()
    employee_id, grouped = actor.employee_id, may_ask("customer", "lifecycle", actor)
    counted: dict[str, int] = dict(
        session.execute(
            select(Customer.lifecycle, func.count())
            .where(Customer.owner_id == employee_id)
            .group_by(Customer.lifecycle)
        ).all()
    )
    total = sum(counted.values())
    owned: dict[str, Any] = {"f.owner_id": employee_id}
    lines = [
        {
            "label": choice.label,
            "colour": choice.colour,
            "count": counted[choice.value],
            "text": number_text(counted[choice.value]),
            "url": url_for("CustomerView.list", **{**owned, "f.lifecycle": choice.value}),
        }
        for choice in LIFECYCLES
        if grouped and counted.get(choice.value)
    ]
    everybody = url_for("CustomerView.list", **owned)
    figures = {"total": total, "total_text": number_text(total), "all_url": everybody}
    return Markup(render_template("workspace/cards/my_customers.html", lines=lines, **figures))  # noqa: S704


def due() -> Markup:
    """The person's next steps that fall due, oldest first; one with a later follow-up is done."""
    day = today()
    later = aliased(Activity)
    answered = select(later.id).where(later.customer_id == Activity.customer_id, later.at > Activity.at).exists()
    rows = session.execute(
        select(Activity.next_on, Activity.next_step, Activity.kind, Customer.id, Customer.name)
        .join(Customer, Customer.id == Activity.customer_id)
        .where(
            is_for(require_actor().employee_id),
            Activity.next_on.between(day - timedelta(days=BACK_DAYS), day + timedelta(days=AHEAD_DAYS)),
            ~answered,
        )
        .order_by(Activity.next_on, Activity.id)
        .limit(LINES)
    ).all()
    kinds = {choice.value: choice.label for choice in KINDS}
    lines = [
        {
            "date": date_text(next_on),
            "overdue": next_on is not None and next_on < day,
            "customer": title_text("customer", name, customer_id),
            "url": url_for("CustomerView.show", pk=customer_id),
            "text": as_seen("activity", "next_step", step) or as_seen("activity", "kind", kind, kinds.get(kind, "")),
        }
        for next_on, step, kind, customer_id, name in rows
    ]
    return Markup(render_template("workspace/cards/due.html", lines=lines))  # noqa: S704


def recent() -> Markup:
    """The records the person opened last, in one statement per kind, within what may be seen now."""
    return Markup(render_template("workspace/cards/recent.html", lines=opened_records(LINES)))  # noqa: S704


def jobs() -> Markup | str:
    """What the person asked for and is not over; nothing at all when there is none."""
    waiting = session.execute(
        select(Job.id, Job.name, Job.title, Job.status, Job.progress_done, Job.progress_total)
        .where(Job.created_by == require_actor().user_id, Job.status.in_(OPEN))
        .order_by(Job.id.desc())
        .limit(LINES)
    ).all()
    if not waiting:
        return ""
    lines = []
    for job in waiting:
        spec = context().jobs.get(job.name)
        state, colour = STATES[Status(job.status)]
        lines.append(
            {
                "title": job.title or (spec.label if spec else job.name),
                "url": _url("JobView.show", pk=job.id),
                "done": job.progress_done,
                "total": job.progress_total,
                "state": state,
                "colour": colour,
            }
        )
    return Markup(render_template("workspace/cards/jobs.html", lines=lines))  # noqa: S704


def welcome() -> Markup | str:
    """First steps, until the person owns a customer, or sees one without being an account manager."""
    actor = require_actor()
    first = select(Customer.id).limit(1)
    if actor.employee_id is not None:
        first = first.where(Customer.owner_id == actor.employee_id)
    if session.scalar(first) is not None:
        return ""
    return Markup(render_template("workspace/cards/welcome.html", steps=steps(actor)))  # noqa: S704


def steps(actor: Actor) -> list[tuple[str, str, str]]:
    """(label, address, icon) of what the person may begin with."""
    offered: Iterable[tuple[str, str, str, str, str, dict[str, Any]]] = (
        (_("Add a customer"), "CustomerView", "can_add", "CustomerView.add", "user-plus", {}),
        (_("Look at the customers"), "CustomerView", "can_list", "CustomerView.list", "user-heart", {}),
        (_("Import customers"), "CustomerView", "can_import", "ImportView.list", "file-import", {}),
        (_("Set up institutions"), "UnitView", "can_edit", "UnitView.list", "building-bank", {}),
    )
    return [
        (label, url, icon)
        for label, view, permission, endpoint, icon, args in offered
        if actor.can(permission, view) and (url := _url(endpoint, **args))
    ]


def _url(endpoint: str, **args: Any) -> str:
    """The address of a screen that may be switched off; empty when it is."""
    try:
        return url_for(endpoint, **args)
    except BuildError:
        return ""
