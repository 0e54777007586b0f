"""What lies in pools, and the ways out of them: claim, assign, return."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flask import Response, flash, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.api import (
    UNSCOPED,
    Customer,
    EntityView,
    among,
    asking,
    chosen_ids,
    done,
    entity,
    expose,
    form_dialog,
    needs,
    own_path,
    posted_values,
    read_dialog,
    require_actor,
    scope_condition,
    session,
    title_text,
)
from app.types import Entity, Field, Kind, Refused
from plugins.pools.models import PoolEntry
from plugins.pools.schemas import ENTRY
from plugins.pools.services import Outcome, assign_from_pool, claim_customers, return_customers

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


__all__ = ["PoolsEntryView", "lying"]
