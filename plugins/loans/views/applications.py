"""The screens of loan applications: form, states, schedule."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

from flask import Response, abort, make_response, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.api import (
    Figure,
    asking,
    chosen_ids,
    done,
    entity,
    expose,
    find_record,
    needs,
    note_file,
    percent_text,
    read_values,
    readable,
    require_actor,
)
from app.types import Field, Refused
from plugins.loans import jobs, rules
from plugins.loans.models import Application
from plugins.loans.schemas import APPLICATION
from plugins.loans.services import (
    is_in_approval,
    is_returned,
    prefill,
    preview_schedule,
    read_schedule,
    reconsiderations,
    refill,
)
from plugins.loans.views.acts import ActsView
from plugins.loans.views.tables import money_figure, schedule_table

TERM_NAMES = ("amount", "annual_rate", "months", "method", "start_on")
TERMS = asking("loans_terms", _l("Loan terms"), [one for one in APPLICATION.fields if one.name in TERM_NAMES])
GRANT = asking("loans_grant", _l("Grant"), (Field("note", _l("Decision note"), max_length=300),))
REFUSE = asking(
    "loans_refuse", _l("Refuse"), (Field("note", _l("Why it is not granted"), required=True, max_length=300),)
)


class LoansApplicationView(ActsView):
    """Loan applications, their states and schedules."""

    entity = APPLICATION
    route_base = "/loans_application"
    form_template = "loans/application_form.html"

    def badge_fields(self, record: Application) -> tuple[str, ...]:
        """Its state alone."""
        return ("state",)

    def offers(self, record: Application, act: str) -> bool:
        """The acts that fit its state."""
        if act == "edit":
            return record.state == "draft" or (record.state == "submitted" and is_returned(record))
        moves = {
            "submit": "submitted",
            "take_back": "draft",
            "withdraw": "withdrawn",
            "grant": "granted",
            "refuse": "refused",
        }
        if act == "reconsider":
            return record.state == "refused" and all(one.state == "withdrawn" for one in reconsiderations(record))
        if act in ("grant", "refuse") and is_in_approval(record):
            return False
        return act not in moves or (record.state, moves[act]) in rules.MOVES

    def figures(self, record: Application) -> Sequence[Figure]:
        """Amount, rate, the first instalment, the interest over the whole term."""
        lines = read_schedule(record)
        shown = [
            money_figure(_l("Loan amount"), record.amount, fields=("amount",)),
            Figure(_l("Annual rate"), percent_text(record.annual_rate), fields=("annual_rate",)),
        ]
        if lines:
            shown.append(money_figure(_l("First instalment"), lines[0].total, exact=True, fields=TERM_NAMES))
            shown.append(money_figure(_l("Total interest"), rules.totals(lines)[1], exact=True, fields=TERM_NAMES))
        return shown

    def first_values(self) -> dict[str, str]:
        """From the customer and the development in the address, and the site's settings."""
        refused = self._asked("loans_application", "reconsiders_id")
        values = prefill(self._asked("loans_development", "development_id")) if refused is None else refill(refused)
        return {**super().first_values(), **{name: _plain(v) for name, v in values.items()}}

    def _asked(self, slug: str, name: str) -> Any:
        number = _number(name)
        return find_record(entity(slug), number) if number else None

    @expose("/reconsider", methods=("POST",))
    @needs("can_add")
    def reconsider(self) -> Response:
        """Begin an application that asks again for what was refused: the form, filled in from it."""
        try:
            number = chosen_ids()[0]
        except Refused as refused:
            return done(self.url("list"), str(refused), "danger")
        self.find(number)
        return done(self.url("add", reconsiders_id=number))

    @expose("/submit", methods=("POST",))
    @needs("can_submit")
    def submit(self) -> Response:
        """Hand drafts in for a decision."""
        return self.post_each(jobs.SUBMIT)

    @expose("/take_back", methods=("POST",))
    @needs("can_submit")
    def take_back(self) -> Response:
        """Make drafts again of what was handed in."""
        return self.post_each(jobs.TAKE_BACK)

    @expose("/withdraw", methods=("POST",))
    @needs("can_submit")
    def withdraw(self) -> Response:
        """Give applications up."""
        return self.post_each(jobs.WITHDRAW)

    @expose("/grant", methods=("GET", "POST"))
    @needs("can_decide")
    def grant(self) -> Response:
        """Decide for applications."""
        return self.ask_each(GRANT, jobs.GRANT)

    @expose("/refuse", methods=("GET", "POST"))
    @needs("can_decide")
    def refuse(self) -> Response:
        """Decide against applications, saying why."""
        return self.ask_each(REFUSE, jobs.REFUSE)

    @expose("/terms")
    @needs("can_add", "can_edit")
    def terms(self) -> str:
        """The schedule of the terms typed into a form, as a fragment."""
        try:
            terms = read_values(TERMS, {name: request.args.get(name, "") for name in TERM_NAMES}, creating=True)
            lines = preview_schedule(
                terms["method"], terms["amount"], terms["annual_rate"], terms["months"], terms["start_on"]
            )
        except Refused as refused:
            texts = list(refused.errors.values()) or [refused.reason]
            return render_template("loans/schedule_missing.html", reason="; ".join(map(str, texts)))
        return schedule_table(lines, short=True)

    @expose("/schedule/<int:pk>.csv")
    @needs("can_export")
    def schedule_file(self, pk: int) -> Response:
        """The schedule of an application as a file."""
        record, _writable = self.find(pk)
        if not all(readable(self.entity, name, require_actor()) for name in TERM_NAMES):
            abort(403)
        file = io.StringIO()
        table = csv.writer(file)
        table.writerow(
            [_("Instalment no."), _("Due on"), _("Instalment"), _("Principal"), _("Interest"), _("Principal left")]
        )
        lines = read_schedule(record)
        table.writerows(
            [line.number, line.due_on.isoformat(), line.total, line.principal, line.interest, line.balance]
            for line in lines
        )
        principal, interest = rules.totals(lines)
        table.writerow([_("Total"), "", principal + interest, principal, interest, ""])
        number = record.number
        response = make_response(file.getvalue().encode("utf-8-sig"))
        response.headers["Content-Type"] = "text/csv; charset=utf-8"
        response.headers["Content-Disposition"] = f'attachment; filename="{number}.csv"'
        note_file(self.entity.slug, pk, number, "repayment schedule", len(lines))
        return response


def _number(name: str) -> int | None:
    text = request.args.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None


def _plain(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
