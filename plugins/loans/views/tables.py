"""Schedules and amounts as they are shown."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from flask import render_template
from markupsafe import Markup

from app.api import Figure, cell, money_text
from app.types import Field, Kind
from plugins.loans import rules

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


def money_figure(label: Any, amount: Decimal | None, *, exact: bool = False, fields: tuple[str, ...] = ()) -> Figure:
    """An amount in the header of a page, for those who read these fields; `exact` where every cent counts."""
    shown = cell(AMOUNT, amount, {}, short=True)
    if exact and shown.title:
        return Figure(label, shown.title, fields=fields)
    return Figure(label, shown.text, shown.title, fields=fields)
