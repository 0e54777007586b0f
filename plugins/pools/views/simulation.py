"""What a draft of a rule would have done over the last nights: figures, the customers behind, and a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any, ClassVar

from flask import Response, make_response, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from app.api import (
    FIGURES,
    PageView,
    Sheet,
    check_condition,
    check_links,
    condition_text,
    date_text,
    expose,
    needs,
    number_text,
    read_titles,
    read_values,
    readable,
    record_url,
    require_actor,
    session,
)
from app.types import Field, Kind, Refused
from plugins.pools.charts import steps_chart
from plugins.pools.models import PoolRule
from plugins.pools.schemas import RULE
from plugins.pools.services.setup import document_of, refuse_faults
from plugins.pools.services.simulation import DAYS, Simulated, Step, draft, simulate, simulated_steps
from plugins.pools.views.addresses import whole_number
from plugins.pools.views.files import VIEW, Book, Content, hand_over, may_export
from plugins.pools.views.ladder import typed_texts

SLUG = "pools_simulation"
FIGURES[SLUG] = _l("Trial of a pool rule")
#: Customers on one page, and people in the table.
PAGE, MOST = 50, 100
RUNGS = ("amber", "red", "pool")
#: What a draft may say in an address.
RULE_NAMES = tuple(field.name for field in RULE.fields if not field.computed)
RUNG_TEXTS = {"amber": _l("Turned amber"), "red": _l("Turned red"), "pool": _l("Into a pool")}
#: A file holds no more than the widest role may export anyway.
LONGEST_FILE = 100_000


class PoolsSimulationView(PageView):
    """`/pools_simulation/`: a draft stands in the address, nothing of it is saved."""

    route_base = "/pools_simulation"
    default_view = "list"
    class_permission_name = VIEW
    method_permission_name: ClassVar[dict[str, str]] = {"list": "preview", "file": "export"}

    @expose("/list/")
    @needs("can_preview")
    def list(self) -> Response:
        """The figures of the trial, and its customers a page at a time; without a draft the rules one may try."""
        if not set(request.args) & {"rule", *RULE_NAMES}:
            return make_response(self._page("pools/simulation.html", found=None, rules=self._rules()))
        try:
            rule, said = read_draft(request.args)
            found = simulate(rule)
        except Refused as refused:
            reason = "; ".join(str(text) for text in refused.errors.values()) or str(refused)
            return make_response(
                self._page("pools/simulation.html", reason=reason, found=None, rules=self._rules()), 400
            )
        steps = list(islice(simulated_steps(rule, after=number("after"), rung=asked_rung()), PAGE + 1))
        shown = steps[:PAGE]
        titles = names_of(shown)
        return make_response(
            self._page(
                "pools/simulation.html",
                reason="",
                found=found,
                said=said,
                condition=condition_text("customer", rule.condition),
                people=owners(found),
                steps=[self._line(step, titles) for step in shown],
                rung=asked_rung(),
                rungs=[(name, RUNG_TEXTS[name], self._at(rung=name)) for name in RUNGS],
                all_url=self._at(rung=None),
                next_url=self._at(after=shown[-1].customer_id) if len(steps) > PAGE else "",
                first_url=self._at(after=None) if number("after") else "",
                chart=steps_chart(found),
                file_url=address(f"{self.endpoint}.file", request.args) if may_export() else "",
            )
        )

    @expose("/file", methods=("GET", "POST"))
    @needs("can_export")
    def file(self) -> Response:
        """Ask for the reason, then hand the trial over as a workbook."""
        holds = _("An XLSX workbook: by night, by account manager, and the customers you see.")
        trial = _("Trial of the last %(count)s nights", count=DAYS)
        back = address(f"{self.endpoint}.list", request.args)
        return hand_over(self, Book(SLUG, _("Export of the trial"), holds, back, trial, file_content))

    def _page(self, template: str, **values: Any) -> str:
        list_url = url_for("PoolsRuleView.list")
        return self.render_template(
            template, days=DAYS, number=number_text, date=date_text, list_url=list_url, **values
        )

    def _at(self, **changes: Any) -> str:
        """The same page with something else in its address; the page of customers begins anew."""
        return address(f"{self.endpoint}.list", {**request.args, "after": None, **changes})

    def _rules(self) -> Any:
        """(name, address of its trial) of the rules in force."""
        statement = select(PoolRule.id, PoolRule.name).where(PoolRule.active)
        found = session.execute(statement.order_by(PoolRule.position, PoolRule.id).limit(MOST))
        return [(row.name, address(f"{self.endpoint}.list", {"rule": row.id})) for row in found]

    def _line(self, step: Any, titles: Mapping[tuple[str, int], str]) -> dict[str, Any]:
        hidden = _("not visible to you")
        return {
            "customer": titles.get(("customer", step.customer_id), hidden),
            "url": record_url("customer", step.customer_id) if ("customer", step.customer_id) in titles else "",
            "owner": titles.get(("employee", step.owner_id), hidden),
            "rung": RUNG_TEXTS[step.rung],
            "colour": {"amber": "amber", "red": "red"}.get(step.rung, "secondary"),
            "day": date_text(step.day),
        }


def address(endpoint: str, given: Mapping[str, Any]) -> str:
    """A page with what is given in its address."""
    wanted: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    return url_for(endpoint, **wanted)


def read_draft(args: MultiDict[str, str]) -> tuple[Any, list[tuple[Any, str]]]:
    """(the rule of an address, what it changes as (field, text)). Raises `Refused` for what no rule can say."""
    saved = session.get(PoolRule, number("rule")) if args.get("rule") else None
    if args.get("rule") and saved is None:
        raise Refused(_("There is no such rule"))
    values = read_values(RULE, typed_texts(args), creating=False)
    check_links(RULE, values)
    if "condition" in values:
        values["condition"] = check_condition("customer", values["condition"] or "", "condition")
    rule = draft(values, saved)
    refuse_faults(vars(rule))
    kept = document_of(saved) if saved is not None else {}
    said = [(field.label, args[field.name]) for field in RULE.fields if field.name in values and field.kind in _PLAIN
            and values[field.name] != kept.get(field.name)]  # fmt: skip
    return rule, said


#: Fields of a draft that read the same as they are typed.
_PLAIN = (Kind.INTEGER, Kind.TEXT, Kind.DATE)


def number(name: str) -> int:
    """A number of the address; 0 for none."""
    return whole_number(request.args.get(name, ""))


def asked_rung() -> str:
    """The rung the rows are narrowed to."""
    text = request.args.get("rung", "")
    return text if text in RUNGS else ""


def owners(found: Simulated) -> list[tuple[str, dict[str, int]]]:
    """(account manager, {rung: customers}), whoever loses most first."""
    by_owner: dict[int, dict[str, int]] = {}
    for (owner, rung), count in found.by_owner.items():
        by_owner.setdefault(owner, {})[rung] = count
    order = sorted(by_owner, key=lambda owner: (-by_owner[owner].get("pool", 0), -sum(by_owner[owner].values()), owner))
    titles = read_titles({("employee", owner) for owner in order[:MOST]}) if _tells_owners() else {}
    hidden = _("not visible to you")
    return [(titles.get(("employee", owner), hidden), by_owner[owner]) for owner in order[:MOST]]


def names_of(steps: Sequence[Step]) -> Mapping[tuple[str, int], str]:
    """The names of customers and account managers, as far as the actor may read them."""
    people = {("employee", step.owner_id) for step in steps} if _tells_owners() else set()
    return read_titles({("customer", step.customer_id) for step in steps} | people)


def _tells_owners() -> bool:
    return readable("customer", "owner_id", require_actor())


def file_content() -> Content:
    """The trial of the address's draft as sheets, and what the draft says."""
    rule, said = read_draft(request.args)
    return sheets(rule), [(_("Rule"), rule.name or ""), *((str(label), text) for label, text in said)]


def sheets(rule: Any) -> list[Sheet]:
    """The trial as sheets: by night, by account manager, and the customers."""
    found = simulate(rule)
    rungs = [Field(rung, RUNG_TEXTS[rung], Kind.INTEGER) for rung in RUNGS]
    nights = sorted({day for day, _rung in found.by_day})
    steps = list(islice(simulated_steps(rule), LONGEST_FILE + 1))
    titles = names_of(steps)
    people = Field("owner", _("Account manager"))
    return [
        Sheet(_("By night"), [Field("day", _("Night"), Kind.DATE), *rungs],
              [(day, *(found.by_day[day, rung] for rung in RUNGS)) for day in nights]),
        Sheet(_("By account manager"), [people, *rungs],
              [(name, *(counts.get(rung, 0) for rung in RUNGS)) for name, counts in owners(found)]),
        Sheet(
            _("Customers"),
            [Field("customer", _("Customer")), people, Field("rung", _("Step")), Field("day", _("Night"), Kind.DATE)],
            [
                (titles.get(("customer", step.customer_id), ""), titles.get(("employee", step.owner_id), ""),
                 str(RUNG_TEXTS[step.rung]), step.day)
                for step in steps
            ],
        ),
    ]  # fmt: skip


__all__ = ["PoolsSimulationView"]
