"""Schedules and amounts as they are shown."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from flask import render_template
from markupsafe import Markup

from app.api import Figure, as_seen, cell, links_of, money_text, read_titles, readable, record_url, require_actor
from app.types import Field, Kind
from plugins.loans import rules
from plugins.loans.models import Application
from plugins.loans.schemas import APPLICATION, STATES
from plugins.loans.services.reconsidering import Difference

#: How an amount is shown: shortened, with its unit and the exact figure on hover.
AMOUNT = Field("amount", "", Kind.MONEY)


def schedule_table(lines: Sequence[rules.Instalment], *, short: bool = False, file_url: str = "") -> Markup:
    """A schedule as a table with its totals; `short` leaves out the middle of a long one."""
    shown = [*lines[:6], None, *lines[-2:]] if short and len(lines) > 12 else list(lines)
    principal, interest = rules.totals(lines)
    return Markup(  # noqa: S704  (made by our own template)
        render_template(
            "loans/schedule.html",
            lines=shown,
            count=len(lines),
            principal=principal,
            interest=interest,
            money=money_text,
            file_url=file_url,
        )
    )


def difference_table(found: tuple[Application, Sequence[Difference]] | None, later: Sequence[Application]) -> Markup:
    """The terms of an application beside those refused, and links to the applications that reconsider it."""
    actor = require_actor()
    refused, terms = found or (None, ())
    shown = [one for one in terms if readable(APPLICATION, one.field.name, actor)]
    titles = read_titles(links_of(APPLICATION, [refused], {one.field.name for one in shown})) if refused else {}
    states = {choice.value: choice for choice in STATES}
    return Markup(  # noqa: S704  (made by our own template)
        render_template(
            "loans/reconsidered.html",
            refused=refused,
            note=as_seen(APPLICATION, "decision_note", refused.decision_note or "") if refused else "",
            lines=[(one, cell(one.field, one.before, titles), cell(one.field, one.after, titles)) for one in shown],
            changed=sum(one.changed for one in shown),
            later=[(one, states[one.state]) for one in later],
            url=lambda one: record_url(APPLICATION, one.id),
        )
    )


def money_figure(label: Any, amount: Decimal | None, *, exact: bool = False, fields: tuple[str, ...] = ()) -> Figure:
    """An amount in the header of a page, for those who read these fields; `exact` where every cent counts."""
    shown = cell(AMOUNT, amount, {}, short=True)
    if exact and shown.title:
        return Figure(label, shown.title, fields=fields)
    return Figure(label, shown.text, shown.title, fields=fields)
