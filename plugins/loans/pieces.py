"""What loans add to other pages: tabs and lines on the customer's, acts on their own, a card on the home page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask import render_template, url_for
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from sqlalchemy import or_, select

from app.api import (
    Customer,
    among,
    as_seen,
    attachments_tab,
    money_text,
    readable,
    record_url,
    related_list,
    require_actor,
    session,
    title_text,
)
from app.types import Action, Card, Tab, TimelineItem
from plugins.loans.models import Application, Development
from plugins.loans.schemas import STATES
from plugins.loans.services import differences, read_schedule, reconsiderations
from plugins.loans.views import difference_table, schedule_table

DEVELOPMENTS, APPLICATIONS = "LoansDevelopmentView", "LoansApplicationView"
SLUG = "loans_application"
#: What a schedule tells about.
TERMS = ("amount", "annual_rate", "months", "start_on")
#: Lines on the card.
LINES = 8

CARD = Card("loans.waiting", _l("Loan applications under way"), lambda: waiting_card(), APPLICATIONS, order=55)

CUSTOMER_TABS = (
    Tab("loans_developments", _l("Business developments"), lambda one: developments(one), DEVELOPMENTS, order=30),
    Tab("loans_applications", _l("Loan applications"), lambda one: applications(one), APPLICATIONS, order=35),
)
DEVELOPMENT_TABS = (
    Tab("loans_applications", _l("Loan applications"), lambda one: of_development(one), APPLICATIONS, order=10),
)
APPLICATION_TABS = (
    Tab("loans_schedule", _l("Repayment schedule"), lambda one: schedule(one), APPLICATIONS, "can_show", order=10),
    Tab("loans_reconsidered", _l("Reconsideration"), lambda one: reconsidered(one), APPLICATIONS, "can_show", order=15),
)

DEVELOPMENT_ACTIONS = (
    Action("forward", _l("Move forward"), "LoansDevelopmentView.forward", DEVELOPMENTS, "can_move", "arrow-right"),
    Action(
        "lose",
        _l("Give up"),
        "LoansDevelopmentView.lose",
        DEVELOPMENTS,
        "can_move",
        "ban",
        dialog_endpoint="LoansDevelopmentView.lose",
        danger=True,
    ),
)
APPLICATION_ACTIONS = (
    Action("submit", _l("Submit"), "LoansApplicationView.submit", APPLICATIONS, "can_submit", "send"),
    Action(
        "grant",
        _l("Grant"),
        "LoansApplicationView.grant",
        APPLICATIONS,
        "can_decide",
        "circle-check",
        dialog_endpoint="LoansApplicationView.grant",
    ),
    Action(
        "refuse",
        _l("Refuse"),
        "LoansApplicationView.refuse",
        APPLICATIONS,
        "can_decide",
        "circle-x",
        dialog_endpoint="LoansApplicationView.refuse",
        danger=True,
    ),
    Action(
        "reconsider",
        _l("Reconsider"),
        "LoansApplicationView.reconsider",
        APPLICATIONS,
        "can_add",
        "refresh",
        bulk=False,
    ),
    Action("take_back", _l("Take back"), "LoansApplicationView.take_back", APPLICATIONS, "can_submit", "arrow-back-up"),
    Action(
        "withdraw",
        _l("Withdraw"),
        "LoansApplicationView.withdraw",
        APPLICATIONS,
        "can_submit",
        "ban",
        _l("Withdraw this application? This is final."),
        danger=True,
    ),
)


def tabs_of(slug: str) -> Sequence[Tab]:
    """The tabs on the page of a record of that kind."""
    if slug == "customer":
        return CUSTOMER_TABS
    if slug == "loans_development":
        return DEVELOPMENT_TABS
    return (*APPLICATION_TABS, attachments_tab()) if slug == "loans_application" else ()


def actions_of(slug: str) -> Sequence[Action]:
    """The acts on records of that kind."""
    return {"loans_development": DEVELOPMENT_ACTIONS, "loans_application": APPLICATION_ACTIONS}.get(slug, ())


def developments(customer: Customer) -> Markup:
    """The developments of a customer."""
    return related_list("loans_development", "customer_id", customer)


def applications(customer: Customer) -> Markup:
    """The applications of a customer."""
    return related_list("loans_application", "customer_id", customer)


def of_development(development: Development) -> Markup:
    """The applications of a development; a new one is filled in from it."""
    return related_list(
        "loans_application", "development_id", development, add={"customer_id": development.customer_id}
    )


def schedule(application: Application) -> Markup:
    """The stored schedule of an application."""
    if not all(readable(SLUG, name, require_actor()) for name in TERMS):
        return Markup("")
    may_export = require_actor().can("can_export", APPLICATIONS)
    address = url_for("LoansApplicationView.schedule_file", pk=application.id) if may_export else ""
    return schedule_table(read_schedule(application), file_url=address)


def reconsidered(application: Application) -> Markup:
    """What differs from the application that was refused, and which applications reconsider this one."""
    return difference_table(differences(application), reconsiderations(application))


def waiting_card() -> Markup:
    """The person's own drafts and submitted applications, and what waits for a decision by whoever may decide."""
    actor = require_actor()
    mine = (Application.owner_id == actor.employee_id) & (Application.state.in_(("draft", "submitted")))
    decides = actor.can("can_decide", APPLICATIONS)
    wanted = or_(mine, Application.state == "submitted") if decides else mine
    rows = session.scalars(
        select(Application).where(wanted).order_by(Application.state.desc(), Application.id).limit(LINES)
    ).all()
    numbers = [row.customer_id for row in rows]
    found = session.execute(select(Customer.id, Customer.name).where(among(session(), Customer.id, numbers)))
    names = {number: title_text("customer", name, number) for number, name in found}
    states = {choice.value: choice for choice in STATES}
    lines = [
        {
            "number": row.number,
            "url": record_url("loans_application", row.id),
            "customer": names.get(row.customer_id, "--"),
            "amount": as_seen(SLUG, "amount", row.amount, money_text(row.amount)),
            "state": states[row.state].label,
            "colour": states[row.state].colour,
        }
        for row in rows
    ]
    return Markup(render_template("loans/card.html", lines=lines))  # noqa: S704


def timeline_of(customer: Customer, before: datetime | None, limit: int) -> Sequence[TimelineItem]:
    """What was begun, handed in and granted with a customer, within the actor's scope."""
    return [*_developments(customer, before, limit), *_applications(customer, before, limit)]


def _developments(customer: Customer, before: datetime | None, limit: int) -> Sequence[TimelineItem]:
    if not require_actor().can("can_list", DEVELOPMENTS):
        return ()
    rows = session.execute(
        select(Development.id, Development.name, Development.created_at)
        .where(Development.customer_id == customer.id, *([Development.created_at < before] if before else []))
        .order_by(Development.created_at.desc())
        .limit(limit)
    )
    label = _l("Business development begun")
    return [
        TimelineItem(
            row.created_at,
            label,
            title_text("loans_development", row.name, row.id),
            "trending-up",
            url=record_url("loans_development", row.id),
            kind="loans",
        )
        for row in rows
    ]


def _applications(customer: Customer, before: datetime | None, limit: int) -> Sequence[TimelineItem]:
    if not require_actor().can("can_list", APPLICATIONS):
        return ()
    items: list[TimelineItem] = []
    moments = (
        (Application.submitted_at, _l("Application submitted"), "send"),
        (Application.granted_at, _l("Application granted"), "circle-check"),
    )
    for column, label, icon in moments:
        rows: Any = session.execute(
            select(Application.id, Application.number, Application.amount, column.label("at"))
            .where(Application.customer_id == customer.id, column.is_not(None), *([column < before] if before else []))
            .order_by(column.desc())
            .limit(limit)
        )
        items += [
            TimelineItem(
                row.at,
                label,
                " · ".join(filter(None, (row.number, as_seen(SLUG, "amount", row.amount, money_text(row.amount))))),
                icon,
                url=record_url("loans_application", row.id),
                kind="loans",
            )
            for row in rows
        ]
    return items


__all__ = ["CARD", "actions_of", "tabs_of", "timeline_of"]
