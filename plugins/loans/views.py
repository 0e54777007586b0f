"""The screens of loans: stages moved forward, applications from state to state, schedules to look at and to export."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from flask import Response, flash, make_response, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from sqlalchemy import select

from app.api import (
    EntityView,
    Figure,
    among,
    asking,
    cell,
    chosen_ids,
    done,
    entity,
    expose,
    find_record,
    form_dialog,
    money_text,
    needs,
    own_path,
    percent_text,
    posted_values,
    read_dialog,
    read_values,
    session,
)
from app.types import Entity, Field, Kind, Refused
from plugins.loans import rules
from plugins.loans.models import Application, Development
from plugins.loans.schemas import APPLICATION, DEVELOPMENT, STAGES
from plugins.loans.services import (
    change_state,
    move_stage,
    prefill,
    preview_schedule,
    read_schedule,
)

#: How an amount is shown: shortened, with its unit and the exact figure on hover.
AMOUNT = Field("amount", "", Kind.MONEY)
#: The most records one act is about: each has its own checks and its own answer.
MOST = 100
TERM_NAMES = ("amount", "annual_rate", "months", "method", "start_on")
TERMS = asking("loans_terms", _l("Loan terms"), [one for one in APPLICATION.fields if one.name in TERM_NAMES])
WHY_LOST = asking("loans_lost", _l("Lost business"), (Field("reason", _l("Why it was lost"), required=True, max_length=300),))
GRANT = asking("loans_grant", _l("Grant"), (Field("note", _l("Decision note"), max_length=300),))
REFUSE = asking("loans_refuse", _l("Refuse"), (Field("note", _l("Why it is not granted"), required=True, max_length=300),))


class _Acts(EntityView):
    """Acts on one or several records, each with its own answer."""

    def act_on_each(self, ids: Sequence[int], act: Callable[[Any], None], said: str) -> Response:
        """Do it to each record, each in a transaction of its own; those refused are named with their reason."""
        if len(ids) > MOST:
            raise Refused(_("At most %(count)s records at a time; please narrow the list", count=MOST))
        model = self.entity.model
        records = session.scalars(select(model).where(among(session(), model.id, ids))).all()
        count, refusals = 0, []
        for record in records:
            try:
                act(record)
                count += 1
            except Refused as refused:
                refusals.append(f"{self.title(record)}: {refused.reason or '; '.join(map(str, refused.errors.values()))}")
        if len(records) < len(ids):
            refusals.append(_("%(count)s records were not found", count=len(ids) - len(records)))
        for text in refusals[:10]:
            flash(text, "warning")
        back = own_path(request.form.get("next"), self.home_url(ids[0] if len(ids) == 1 else None))
        return done(back, said % {"count": count} if count else "")

    def post_each(self, act: Callable[[Any], None], said: str) -> Response:
        """The act of a plain button."""
        try:
            return self.act_on_each(chosen_ids(), act, said)
        except Refused as refused:
            return done(own_path(request.form.get("next"), self.url("list")), str(refused), "danger")

    def ask_each(self, asked: Entity, route: str, submit: str, act: Callable[[Any, str], None], said: str) -> Response:
        """The act of a button that asks for a sentence first: the dialog, then the act."""
        ids: list[int] = []
        refused: Refused | None = None
        try:
            ids = chosen_ids()
            if request.method == "POST":
                text = next(iter(read_dialog(asked).values()), None) or ""
                return self.act_on_each(ids, lambda record: act(record, text), said)
        except Refused as wrong:
            refused = wrong
        return form_dialog(
            asked,
            posted_values(request.form) if request.method == "POST" else {},
            address=self.url(route),
            heading=asked.label,
            submit=submit,
            pick_url=lambda _name: "",
            note=_("%(count)s records chosen", count=len(ids)) if len(ids) > 1 else "",
            ids=ids,
            next_url=request.values.get("next", ""),
            refused=refused,
        )


class LoansDevelopmentView(_Acts):
    """Business developments and their stages."""

    entity = DEVELOPMENT
    route_base = "/loans_development"

    def offers(self, record: Development, act: str) -> bool:
        """What is over neither moves nor changes."""
        return not rules.is_closed(record.stage)

    def figures(self, record: Development) -> Sequence[Figure]:
        """What it may bring, and what comes next."""
        following = rules.next_stage(record.stage)
        labels = {choice.value: choice.label for choice in STAGES}
        shown = [_money(_l("Expected amount"), record.expected_amount)]
        if following is not None:
            shown.append(Figure(_l("Next stage"), str(labels[following])))
        return shown

    @expose("/forward", methods=("POST",))
    @needs("can_move")
    def forward(self) -> Response:
        """Move developments one stage forward."""

        def act(record: Development) -> None:
            move_stage(record, rules.next_stage(record.stage) or "")

        return self.post_each(act, _("%(count)s business developments moved one stage forward"))

    @expose("/lose", methods=("GET", "POST"))
    @needs("can_move")
    def lose(self) -> Response:
        """Give developments up, saying why."""

        def act(record: Development, reason: str) -> None:
            move_stage(record, rules.LOST, reason)

        return self.ask_each(WHY_LOST, "lose", _("Give up"), act, _("%(count)s business developments are given up"))


class LoansApplicationView(_Acts):
    """Loan applications, their states and schedules."""

    entity = APPLICATION
    route_base = "/loans_application"
    form_template = "loans/application_form.html"

    def offers(self, record: Application, act: str) -> bool:
        """The acts that fit its state."""
        if act == "edit":
            return record.state == "draft"
        moves = {"submit": "submitted", "take_back": "draft", "withdraw": "withdrawn", "grant": "granted", "refuse": "refused"}
        return act not in moves or (record.state, moves[act]) in rules.MOVES

    def figures(self, record: Application) -> Sequence[Figure]:
        """Amount, rate, the first instalment, the interest over the whole term."""
        lines = read_schedule(record)
        shown = [_money(_l("Loan amount"), record.amount), Figure(_l("Annual rate"), percent_text(record.annual_rate))]
        if lines:
            shown.append(_money(_l("First instalment"), lines[0].total))
            shown.append(_money(_l("Total interest"), rules.totals(lines)[1]))
        return shown

    def first_values(self) -> dict[str, str]:
        """From the customer and the development in the address, and the site's settings."""
        number = _number("development_id")
        development = find_record(entity("loans_development"), number) if number else None
        return {**super().first_values(), **{name: _plain(v) for name, v in prefill(development).items()}}

    @expose("/submit", methods=("POST",))
    @needs("can_submit")
    def submit(self) -> Response:
        """Hand drafts in for a decision."""
        return self.post_each(lambda one: change_state(one, "submitted"), _("%(count)s applications were submitted"))

    @expose("/take_back", methods=("POST",))
    @needs("can_submit")
    def take_back(self) -> Response:
        """Make drafts again of what was handed in."""
        return self.post_each(lambda one: change_state(one, "draft"), _("%(count)s applications were taken back"))

    @expose("/withdraw", methods=("POST",))
    @needs("can_submit")
    def withdraw(self) -> Response:
        """Give applications up."""
        return self.post_each(lambda one: change_state(one, "withdrawn"), _("%(count)s applications were withdrawn"))

    @expose("/grant", methods=("GET", "POST"))
    @needs("can_decide")
    def grant(self) -> Response:
        """Decide for applications."""
        return self.ask_each(
            GRANT, "grant", _("Grant"), lambda one, note: change_state(one, "granted", note),
            _("%(count)s applications were granted"),
        )  # fmt: skip

    @expose("/refuse", methods=("GET", "POST"))
    @needs("can_decide")
    def refuse(self) -> Response:
        """Decide against applications, saying why."""
        return self.ask_each(
            REFUSE, "refuse", _("Refuse"), lambda one, note: change_state(one, "refused", note),
            _("%(count)s applications were refused"),
        )  # fmt: skip

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
        file = io.StringIO()
        table = csv.writer(file)
        table.writerow([_("Instalment no."), _("Due on"), _("Instalment"), _("Principal"), _("Interest"), _("Principal left")])
        lines = read_schedule(record)
        table.writerows(
            [line.number, line.due_on.isoformat(), line.total, line.principal, line.interest, line.balance] for line in lines
        )
        principal, interest = rules.totals(lines)
        table.writerow([_("Total"), "", principal + interest, principal, interest, ""])
        response = make_response(file.getvalue().encode("utf-8-sig"))
        response.headers["Content-Type"] = "text/csv; charset=utf-8"
        response.headers["Content-Disposition"] = f'attachment; filename="{record.number}.csv"'
        return response


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


def _money(label: Any, amount: Decimal | None) -> Figure:
    shown = cell(AMOUNT, amount, {}, short=True)
    return Figure(label, shown.text, shown.title)


def _number(name: str) -> int | None:
    text = request.args.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None


def _plain(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


__all__ = ["LoansApplicationView", "LoansDevelopmentView", "schedule_table"]
