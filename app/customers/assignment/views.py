"""The screens of assignment rules: list with its order, form with its explanation, preview, runs and their undo."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from flask import Response, abort, make_response, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup

from app.access.actors import require_actor
from app.access.policy import seen_by
from app.base.page import expose
from app.base.views.acts import chosen_ids
from app.base.views.cells import cell
from app.base.views.entity import EntityView
from app.base.views.formats import number_text
from app.base.views.guard import needs, own_path
from app.base.views.lists import filter_inputs
from app.base.views.pages import Block, Shown
from app.base.views.related import related_list
from app.base.views.replies import done
from app.base.views.screen import Figure, Link
from app.base.views.titles import read_titles
from app.customers.assignment import reading
from app.customers.assignment.conditions import links_in, read_condition, sentences
from app.customers.assignment.explaining import explain_rule, explain_texts
from app.customers.assignment.forecast import forecast
from app.customers.assignment.models import AssignmentRule, AssignmentRun
from app.customers.assignment.running import VIEW as RUNS
from app.customers.assignment.running import start_run
from app.customers.assignment.schemas import ASSIGNMENT_RULE, ASSIGNMENT_RUN, STATES
from app.customers.assignment.setup import change_rule, order_rules
from app.customers.assignment.undoing import undo_run
from app.db import session
from app.fields.records import find_record
from app.host.context import entity
from app.jobs.services import find_job
from app.types import Action, Refused, Tab

VIEW = "AssignmentRuleView"


class AssignmentRuleView(EntityView):
    """Rules in the order they are asked, and what they would do."""

    entity = ASSIGNMENT_RULE
    route_base = "/assignment_rule"
    form_template = "customers/rule_form.html"
    own_inputs = frozenset({"condition"})

    def render(self, template: str, **values: Any) -> str:
        """The form asks the view for the inputs of its condition; the page says the condition in words."""
        if template == "entity/show.html":
            values["blocks"] = [_in_words(block, values["record"]) for block in values["blocks"]]
        return super().render(template, **{"view": self, **values})

    def home_url(self, record_id: int | None = None) -> str:
        """A rule's lines come first: without any it gives nothing."""
        if record_id is not None and self.can("show"):
            return self.url("tab", pk=record_id, name="people")
        return super().home_url(record_id)

    def list_links(self) -> Sequence[Link]:
        """Preview and order."""
        links = []
        if require_actor().can("can_preview", VIEW):
            links.append(Link(_("Preview"), self.url("preview"), "eye"))
        if self.can("edit"):
            links.append(Link(_("Order"), self.url("order"), "arrows-sort"))
        return links

    def badge_fields(self, record: Any) -> tuple[str, ...]:
        """How it finds people."""
        return ("method",)

    def posted(self) -> dict[str, str]:
        """The inputs of the condition are filters; together they are one field."""
        values = super().posted()
        inputs = [name for name in values if name.startswith(("f.", "op."))]
        for name in inputs:
            del values[name]
        if values.pop("_condition", ""):
            pairs = [(name, text) for name in inputs for text in request.form.getlist(name) if text.strip()]
            values["condition"] = urlencode(pairs)
        return values

    def condition_inputs(self, text: str) -> list[Any] | None:
        """The inputs of a condition; None for one that names what the actor may not ask by."""
        described = seen_by(entity("customer"), require_actor())
        try:
            filters = read_condition(text, as_seen=True)
        except Refused:
            return None if request.method == "GET" else filter_inputs(described, (), {})
        return filter_inputs(described, filters, read_titles(links_in(filters)))

    def condition_text(self, text: str) -> list[str]:
        """A condition in words."""
        return sentences(text)

    def customer_pick(self, name: str) -> str:
        """Where the inputs of a condition look for linked records."""
        return url_for("CustomerView.pick", field=name)

    @expose("/explain", methods=("POST",))
    @needs("can_edit")
    def explain(self) -> str:
        """What the rule in the form would mean, while it is being typed."""
        return render_template("customers/rule_explained.html", sentences=explain_texts(self.posted()))

    @expose("/order", methods=("GET", "POST"))
    @needs("can_edit")
    def order(self) -> Response:
        """Put the rules into another order: the first that matches takes a customer."""
        if request.method == "POST":
            try:
                order_rules(_numbers(request.form.getlist("order")))
            except Refused as refused:
                return done(self.url("order"), str(refused), "danger")
            return done(self.url("list"), _("The order was saved"))
        rules = session.query(AssignmentRule).order_by(AssignmentRule.position, AssignmentRule.id).limit(500).all()
        return make_response(self.render("customers/rule_order.html", rules=rules))

    @expose("/preview")
    @needs("can_preview")
    def preview(self) -> str:
        """What would happen tonight to customers nobody looks after; with a rule, as if it were in force."""
        number = _number(request.args.get("rule", ""))
        rule = None
        if number:
            rule = find_record(self.entity, number)
            if rule is None:
                abort(404)
        return self.render(
            "customers/rule_preview.html",
            rule=rule,
            seen=forecast(number or None),
            explained=explain_rule(rule) if rule is not None else (),
            may_switch=rule is not None and self.can("edit") and find_record(self.entity, number, write=True),
            may_run=require_actor().can("can_run", RUNS),
        )

    @expose("/switch", methods=("POST",))
    @needs("can_edit")
    def switch(self) -> Response:
        """Switch a rule on or off."""
        number = chosen_ids()[0]
        rule = find_record(self.entity, number, write=True)
        if rule is None:
            abort(404)
        on = not rule.active
        try:
            change_rule(rule, {"active": on})
        except Refused as refused:
            return done(self.home_url(number), str(refused), "danger")
        return done(self.home_url(number), _("The rule is in force") if on else _("The rule is switched off"))


class AssignmentRunView(EntityView):
    """Runs of the rules: what they gave to whom, and the way back."""

    entity = ASSIGNMENT_RUN
    route_base = "/assignment_run"

    def title(self, record: Any) -> str:
        """Its number."""
        return _("Run %(number)s", number=record.id)

    def badge_fields(self, record: Any) -> tuple[str, ...]:
        """Where it stands."""
        return ("kind", "status")

    def figures(self, record: Any) -> Sequence[Figure]:
        """How many it gave and left."""
        return [
            Figure(_("Customers assigned"), number_text(record.given)),
            Figure(_("Customers left without"), number_text(record.left), tone="warning" if record.left else ""),
        ]

    def offers(self, record: Any, act: str) -> bool:
        """Undo what is done."""
        return act != "undo" or record.status in ("done", "running")

    @expose("/run", methods=("POST",))
    @needs("can_run")
    def run(self) -> Response:
        """Ask the rules now: about the customers chosen in a list, or about everybody nobody looks after."""
        try:
            made = start_run(None if request.form.get("all") == "1" else chosen_ids())
        except Refused as refused:
            return done(own_path(request.form.get("next"), self.url("list")), str(refused), "danger")
        return done(self.url("tab", pk=made.id, name="result"), _("The rules were asked"))

    @expose("/undo", methods=("POST",))
    @needs("can_undo")
    def undo(self) -> Response:
        """Take back what nobody has moved since."""
        number = chosen_ids()[0]
        address = self.url("tab", pk=number, name="result")
        try:
            undo_run(number)
        except LookupError:
            abort(404)
        except Refused as refused:
            return done(address, str(refused), "danger")
        return done(address, _("The undo has begun"))


def people_tab(rule: AssignmentRule) -> Markup:
    """The rule in words, then its lines."""
    may = require_actor().can("can_preview", VIEW)
    explained = Markup(  # noqa: S704  (rendered by an escaping template)
        render_template(
            "customers/rule_explained.html",
            sentences=explain_rule(rule),
            preview_url=url_for(f"{VIEW}.preview", rule=rule.id) if may else None,
        )
    )
    return explained + related_list("assignment_target", "rule_id", rule)


def given_tab(rule: AssignmentRule) -> Markup:
    """The latest customers it gave, within the reader's scope."""
    return related_list("customer_ownership", "rule_id", rule)


def result_tab(run: AssignmentRun) -> Markup:
    """Progress, counts per rule and person, and the rows behind them a page at a time."""
    rule_id, state = _number(request.args.get("rule", "")), request.args.get("state", "")[:8]
    page = max(1, min(_number(request.args.get("page", "")), 100_000))
    rows, more = reading.rows_of(run, rule_id, state, page)
    number = run.undo_job_id if run.status in ("undoing", "undone") else run.job_id
    job = find_job(number) if number is not None else None

    def url(rule: int = 0, state: str = "", page: int | None = None) -> str:
        said: dict[str, Any] = {"rule": rule, "state": state, "page": page}
        said = {name: value for name, value in said.items() if value}
        return url_for("AssignmentRunView.tab", pk=run.id, name="result", **said)

    return Markup(  # noqa: S704  (rendered by an escaping template)
        render_template(
            "customers/run_result.html",
            run=run,
            lines=reading.lines_of(run),
            states=STATES,
            rows=rows,
            chosen=(rule_id, state),
            job=job if job is not None and job.status != "done" else None,
            url=url,
            pages=(page - 1 if page > 1 else None, page + 1 if more else None),
        )
    )


def _in_words(block: Block, rule: AssignmentRule) -> Block:
    """The block of the condition with what it says instead of how it is kept."""
    if not any(one.field.name == "condition" for one in block.fields):
        return block
    said = _("; ").join(sentences(rule.condition)) or _("Every customer nobody looks after")
    return replace(block, fields=tuple(Shown(one.field, cell(one.field, said, {})) for one in block.fields))


def _number(text: str) -> int:
    """A number of the address; 0 for what is none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


def _numbers(texts: Sequence[str]) -> list[int]:
    numbers = [_number(text) for text in texts]
    if not all(numbers):
        raise Refused(_("This is not a list of records"))
    return numbers


RULE_TABS = (
    Tab("people", _l("Who gets them"), people_tab, VIEW, "can_show", order=10),
    Tab("given", _l("Given by it"), given_tab, "CustomerOwnershipView", order=20),
)
RUN_TABS = (Tab("result", _l("Result"), result_tab, RUNS, "can_show", order=10),)
SWITCH = Action("switch", _l("Switch on or off"), f"{VIEW}.switch", VIEW, "can_edit", "power", bulk=False)
UNDO = Action(
    "undo", _l("Undo"), f"{RUNS}.undo", RUNS, "can_undo", "arrow-back-up",
    _l("Take back everything nobody has moved since? What has changed hands meanwhile stays and is listed."),
    bulk=False,
)  # fmt: skip
ASK = Action(
    "assign_by_rules", _l("Assign by rules"), f"{RUNS}.run", RUNS, "can_run", "wand",
    _l("Ask the assignment rules about the chosen customers? Only those without an account manager are touched."),
    single=False,
)  # fmt: skip
