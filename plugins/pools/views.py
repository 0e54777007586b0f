"""The screens of pools: claiming, assigning and returning, what would move tonight; claims over REST."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, flash, jsonify, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.api import (
    UNSCOPED,
    Customer,
    EntityApi,
    EntityView,
    Link,
    among,
    answer,
    api_needs,
    as_seen,
    asking,
    chosen_ids,
    done,
    enqueue,
    entity,
    expose,
    form_dialog,
    is_working_day,
    moment_text,
    needs,
    own_path,
    posted_values,
    read_dialog,
    record_url,
    require_actor,
    scope_condition,
    session,
    title_text,
)
from app.types import SYSTEM, Entity, Field, Kind, Refused
from plugins.pools.models import PoolEntry
from plugins.pools.schemas import ENTRY, RULE
from plugins.pools.services import (
    Outcome,
    assign_from_pool,
    business_today,
    claim_customers,
    coming_night,
    forecast,
    return_customers,
)

#: How many of the refused are named in the answer.
NAMED = 10

TO_WHOM = asking(
    "pools_assign",
    _l("Assign"),
    (
        Field("employee_id", _l("New account manager"), Kind.LINK, target="employee", required=True),
        Field("reason", _l("Reason"), max_length=300),
    ),
)
WHY = asking("pools_return", _l("Return"), (Field("reason", _l("Reason"), max_length=300),))


class PoolsEntryView(EntityView):
    """What lies in pools, and the ways out of them."""

    entity = ENTRY
    route_base = "/pools_entry"

    @expose("/claim", methods=("POST",))
    @needs("can_claim")
    def claim(self) -> Response:
        """Take customers for oneself."""
        try:
            outcome = claim_customers(lying(chosen_ids()))
        except Refused as refused:
            return done(self._back(), str(refused), "danger")
        return self._answer(outcome, _("%(count)s customers are yours now", count=f"{len(outcome.done):,}"))

    @expose("/assign", methods=("GET", "POST"))
    @needs("can_assign")
    def assign(self) -> Response:
        """Give customers to an employee: the dialog, then the act."""

        def act(ids: list[int]) -> Response:
            values = read_dialog(TO_WHOM)
            outcome = assign_from_pool(lying(ids), values["employee_id"], values.get("reason") or "")
            return self._answer(outcome, _("%(count)s customers were assigned", count=f"{len(outcome.done):,}"))

        return self._ask_first(TO_WHOM, "assign", _("Assign customers"), _("Assign"), act)

    @expose("/return", methods=("GET", "POST"))
    @needs("can_return")
    def give_back(self) -> Response:
        """Give customers back to their former account managers: the dialog, then the act."""

        def act(ids: list[int]) -> Response:
            outcome = return_customers(lying(ids), read_dialog(WHY).get("reason") or "")
            return self._answer(outcome, _("%(count)s customers were returned", count=f"{len(outcome.done):,}"))

        return self._ask_first(WHY, "give_back", _("Return to the former account manager"), _("Return"), act)

    def _ask_first(
        self, asked: Entity, route: str, heading: str, submit: str, act: Callable[[list[int]], Response]
    ) -> Response:
        """The dialog of an act; sent, the act, or the dialog again with what is wrong."""
        ids: list[int] = []
        refused: Refused | None = None
        try:
            ids = chosen_ids()
            if request.method == "POST":
                return act(ids)
        except Refused as wrong:
            refused = wrong
        return form_dialog(
            asked,
            posted_values(request.form) if request.method == "POST" else {},
            address=self.url(route),
            heading=heading,
            submit=submit,
            pick_url=lambda _name: self.url("pick", field="from_employee_id"),
            note=_("%(count)s customers chosen", count=f"{len(ids):,}") if ids else "",
            ids=ids,
            next_url=request.values.get("next", ""),
            refused=refused,
        )

    def _answer(self, outcome: Outcome, said: str) -> Response:
        """Go back to the list; each customer that stayed is named with its reason."""
        for text in refusals(outcome):
            flash(text, "warning")
        return done(self._back(), said if outcome.done else "")

    def _back(self) -> str:
        """The list one came from; the page of an entry is gone with the entry."""
        back = own_path(request.form.get("next"), self.url("list"))
        return self.url("list") if "/show/" in back and back.startswith(self.route_base) else back


def lying(entry_ids: Sequence[int]) -> list[int]:
    """The customers of entries the actor sees, in the order of the entries. Raises `Refused` when all are gone."""
    seen = scope_condition(entity("pools_entry"), require_actor())
    statement = select(PoolEntry.id, PoolEntry.customer_id).where(among(session(), PoolEntry.id, entry_ids), seen)
    found = {row.id: row.customer_id for row in session.execute(statement.execution_options(**{UNSCOPED: True}))}
    gone = len(entry_ids) - len(found)
    if gone and not found:
        raise Refused(_("No longer in a pool you can take it from: somebody was faster"))
    if gone:
        flash(_("%(count)s of them were no longer in the pool", count=gone), "warning")
    return [found[number] for number in entry_ids if number in found]


def refusals(outcome: Outcome) -> list[str]:
    """A line per customer that stayed, with its name if it may be seen; the first ones."""
    ids = list(outcome.refused)[:NAMED]
    seen = scope_condition(entity("customer"), require_actor())
    statement = select(Customer.id, Customer.name).where(among(session(), Customer.id, ids), seen)
    names = {
        row.id: title_text("customer", row.name, row.id)
        for row in session.execute(statement.execution_options(**{UNSCOPED: True}))
    }
    lines = [f"{names.get(number, f'#{number}')}: {outcome.refused[number]}" for number in ids]
    if len(outcome.refused) > NAMED:
        lines.append(_("and %(count)s more", count=len(outcome.refused) - NAMED))
    return lines


def linked_name(field: str, target: str, record: Any) -> str:
    """The name of a customer's account manager or unit as the actor may read it."""
    if record is None:
        return "--"
    return as_seen("customer", field, record.id, title_text(target, record.name, record.id)) or "--"


def followed_at(customer: Customer, zone: ZoneInfo) -> str:
    """When it was last followed up, as far as the actor may read that."""
    at = customer.last_effective_at
    return as_seen("customer", "last_effective_at", at, moment_text(at, zone)) or "--"


class PoolsRuleView(EntityView):
    """The rules, what they would move tonight, and a run at once."""

    entity = RULE
    route_base = "/pools_rule"

    def list_links(self) -> Sequence[Link]:
        """A way to the forecast."""
        if not require_actor().can("can_preview", self.class_permission_name):
            return ()
        return (Link(_l("What moves tonight"), self.url("preview"), "moon"),)

    @expose("/preview")
    @needs("can_preview")
    def preview(self) -> Any:
        """What every rule will move in the coming night, as the customers stand; nothing is saved."""
        may_run = require_actor().can("can_run", self.class_permission_name)
        night, zone = coming_night(), ZoneInfo(require_actor().timezone)
        return self.render(
            "pools/preview.html",
            night=night,
            forecasts=forecast(night, is_working_day, everything=may_run),
            customer_name=lambda customer: title_text("customer", customer.name, customer.id),
            owner_name=lambda customer: linked_name("owner_id", "employee", customer.owner),
            unit_name=lambda customer: linked_name("unit_id", "unit", customer.unit),
            customer_url=lambda customer: record_url("customer", customer.id),
            run_url=self.url("run") if may_run else None,
            list_url=self.url("list"),
            moment=lambda customer: followed_at(customer, zone),
        )

    @expose("/run", methods=("POST",))
    @needs("can_run")
    def run(self) -> Response:
        """Start the recycle of today now, as a job."""
        night = business_today()
        enqueue(
            "pools.recycle",
            {"business_date": night.isoformat()},
            actor=SYSTEM,
            unique_key=night.isoformat(),
        )
        return done(self.url("preview"), _("The recycle was started; this page shows what is left to move"))


class PoolsEntryApi(EntityApi):
    """What lies in pools over REST, and claiming it."""

    entity = ENTRY
    resource_name = "pools_entry"

    @expose("/claim", methods=["POST"])
    @api_needs("can_claim")
    def claim(self) -> Response:
        """Claim entries: {"ids": […]} → {"claimed": [customer ids], "refused": {customer id: reason}}.

        409 when none could be claimed.
        """
        body = request.get_json(silent=True)
        ids = body.get("ids") if isinstance(body, dict) else None
        if not isinstance(ids, list) or not ids or not all(is_id(number) for number in ids):
            return answer(422, errors={"ids": _("Give a list of ids")})
        outcome = claim_customers(lying(ids))
        reply = jsonify(claimed=outcome.done, refused={str(key): text for key, text in outcome.refused.items()})
        reply.status_code = 200 if outcome.done else 409
        return reply


def is_id(number: Any) -> bool:
    """Whether a JSON value is a record's id."""
    return isinstance(number, int) and not isinstance(number, bool) and 0 < number < 2**63


__all__ = ["PoolsEntryApi", "PoolsEntryView", "PoolsRuleView"]
