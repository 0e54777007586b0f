"""The acts people do with customers in pools and before, as buttons, dialogs and answers: one description each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Response, abort, flash, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.api import (
    asking,
    chosen_ids,
    done,
    expose,
    form_dialog,
    needs,
    posted_values,
    read_dialog,
    read_titles,
    require_actor,
)
from app.types import Action, Entity, Field, Kind, Refused, Text
from plugins.pools import services
from plugins.pools.services import Outcome, administers
from plugins.pools.services.members import VIEW

#: How many of the refused are named in the answer.
NAMED = 10
#: The fields of what lies in pools whose pickers the dialogs use.
_PICKERS = {"employee_id": "from_employee_id", "pool_id": "pool_id"}

_WHY = Field("reason", _l("Reason"), max_length=300)
_WHY_NEEDED = Field("reason", _l("Reason"), max_length=300, required=True)


@dataclass(frozen=True, slots=True)
class PoolAct:
    """One act: `name` is the view's method, `said` what is answered ("%(count)s customers …"), `fields` what is asked
    for first. `administered`: administrators of a pool do it there without the permission."""

    name: str
    permission: str
    label: Text
    icon: str
    verb: Callable[..., Outcome]
    said: Text
    fields: tuple[Field, ...] = ()
    confirm: Text = ""
    administered: bool = False
    danger: bool = False

    @property
    def asked(self) -> Entity:
        """What its dialog asks for."""
        return asking(f"pools_{self.name}", self.label, self.fields)

    def allowed(self) -> bool:
        """Whether the actor may do it with some customer."""
        actor = require_actor()
        return actor.can(self.permission, VIEW) or (self.administered and administers(actor))

    def action(self, view: str) -> Action:
        """Its button, on the records of a view that has its route."""
        endpoint = f"{view}.{self.name}"
        return Action(
            self.name, self.label, endpoint, VIEW, "can_list" if self.administered else self.permission, self.icon,
            self.confirm, endpoint if self.fields else None, danger=self.danger,
        )  # fmt: skip

    def do(self, customer_ids: Sequence[int], values: dict[str, Any]) -> Outcome:
        """Do it; what was left empty is left to the verb."""
        return self.verb(customer_ids, **{name: value for name, value in values.items() if value is not None})


CLAIM = PoolAct(
    "claim", "can_claim", _l("Claim"), "hand-grab", services.claim_customers, _l("%(count)s customers are yours now"),
    confirm=_l("Claim these customers for yourself?"),
)  # fmt: skip
ASSIGN = PoolAct(
    "assign", "can_assign", _l("Assign from the pool"), "user-share", services.assign_from_pool,
    _l("%(count)s customers were assigned"),
    (Field("employee_id", _l("New account manager"), Kind.LINK, target="employee", required=True), _WHY),
    administered=True,
)  # fmt: skip
RETURN = PoolAct(
    "give_back", "can_return", _l("Return to the former account manager"), "arrow-back-up", services.return_customers,
    _l("%(count)s customers were returned"), (_WHY,), administered=True,
)  # fmt: skip
ASK = PoolAct(
    "ask", "can_ask", _l("Apply to keep"), "shield", services.ask_to_keep,
    _l("For %(count)s customers an application was handed in"), (_WHY_NEEDED,),
)  # fmt: skip
KEEP = PoolAct(
    "keep", "can_keep", _l("Keep for some days"), "shield-check", services.keep_customers,
    _l("%(count)s customers are kept"),
    (Field("days", _l("For how many days"), Kind.INTEGER, required=True, smallest=1, largest=365), _WHY_NEEDED),
)  # fmt: skip
RELEASE = PoolAct(
    "release", "can_release", _l("Release into a pool"), "transfer-out", services.release_customers,
    _l("%(count)s customers were released"),
    (
        Field(
            "pool_id", _l("Public pool"), Kind.LINK, target="pools_pool", help=_l("Empty: the nearest of the unit")
        ),
        _WHY_NEEDED,
    ),
)  # fmt: skip
LOCK = PoolAct(
    "lock", "can_lock", _l("Lock against the rules"), "lock", services.lock_customers,
    _l("%(count)s customers are locked"),
    (_WHY_NEEDED, Field("until", _l("Until and including"), Kind.DATE, help=_l("Empty: until it is unlocked"))),
)  # fmt: skip
UNLOCK = PoolAct(
    "unlock", "can_lock", _l("Unlock for the rules"), "lock-open", services.unlock_customers,
    _l("%(count)s customers are unlocked"), (_WHY,),
)  # fmt: skip
INVALID = PoolAct(
    "invalid", "can_close", _l("Mark invalid"), "user-x", services.mark_invalid,
    _l("%(count)s customers are closed as invalid"), (_WHY_NEEDED,), danger=True,
)  # fmt: skip
REOPEN = PoolAct(
    "reopen", "can_close", _l("Take back: invalid"), "user-check", services.reopen,
    _l("%(count)s customers are open again"), (_WHY,),
)  # fmt: skip

#: What is done with what lies in pools, and with any customer.
ENTRY_ACTS = (CLAIM, ASSIGN, RETURN, INVALID)
CUSTOMER_ACTS = (CLAIM, ASSIGN, RETURN, ASK, KEEP, RELEASE, LOCK, UNLOCK, INVALID, REOPEN)
#: Offered above the list of customers, where nothing is known of those chosen.
BULK_ACTS = (ASK, KEEP, RELEASE, LOCK, UNLOCK, INVALID)


class EntryActs:
    """`ENTRY_ACTS` as routes of a view, which says in `do_act` whom its ids mean and where one goes on."""

    def do_act(self, act: PoolAct) -> Response:
        """Do what was asked for, or ask for what it needs."""
        raise NotImplementedError

    @expose("/claim", methods=("POST",))
    @needs("can_claim")
    def claim(self) -> Response:
        """Take customers for oneself."""
        return self.do_act(CLAIM)

    @expose("/assign", methods=("GET", "POST"))
    @needs("can_assign", "can_list")
    def assign(self) -> Response:
        """Give customers lying in a pool to an employee."""
        return self.do_act(ASSIGN)

    @expose("/return", methods=("GET", "POST"))
    @needs("can_return", "can_list")
    def give_back(self) -> Response:
        """Give customers lying in a pool back to their former account managers."""
        return self.do_act(RETURN)

    @expose("/invalid", methods=("GET", "POST"))
    @needs("can_close")
    def invalid(self) -> Response:
        """Close customers nobody is to work with."""
        return self.do_act(INVALID)


def perform(
    act: PoolAct, address: str, customers: Callable[[list[int]], list[int]], back: Callable[[list[int]], str]
) -> Response:
    """The dialog of an act; sent, the act, or the dialog again with what is wrong.

    `customers` says which customers the chosen ids mean, `back` where to go on afterwards.
    """
    if not act.allowed():
        abort(403)
    ids: list[int] = []
    refused: Refused | None = None
    try:
        ids = chosen_ids()
        if request.method == "POST":
            values = read_dialog(act.asked) if act.fields else {}
            return _answer(act, act.do(customers(ids), values), back(ids))
    except Refused as wrong:
        refused = wrong
        if not act.fields:
            return done(back(ids), str(refused), "danger")
    return form_dialog(
        act.asked,
        posted_values(request.form) if request.method == "POST" else {},
        address=address,
        heading=act.label,
        submit=act.label,
        pick_url=lambda name: url_for(f"{VIEW}.pick", field=_PICKERS.get(name, name)),
        note=_("%(count)s customers chosen", count=f"{len(ids):,}") if len(ids) > 1 else "",
        ids=ids,
        next_url=request.values.get("next", ""),
        refused=refused,
    )


def _answer(act: PoolAct, outcome: Outcome, back: str) -> Response:
    """Go on; each customer that stayed is named with its reason."""
    whom = {number: number for number in outcome.refused}
    for text in (*outcome.warnings, *refusals(outcome.refused, whom)):
        flash(text, "warning")
    return done(back, str(act.said) % {"count": f"{len(outcome.done):,}"} if outcome.done else "")


def refusals(refused: Mapping[int, Text], customers: Mapping[int, int]) -> list[str]:
    """A line for each of the first that stayed as they are, with the name of its customer if that may be seen.

    `customers` says whose records `refused` (by their ids) are.
    """
    first = list(refused)[:NAMED]
    names = names_of([customers[number] for number in first if number in customers])
    lines = [f"{names.get(customers.get(number, 0), f'#{number}')}: {refused[number]}" for number in first]
    if len(refused) > NAMED:
        lines.append(_("and %(count)s more", count=len(refused) - NAMED))
    return lines


def names_of(customer_ids: Sequence[int]) -> dict[int, str]:
    """The names of those of these customers the actor sees."""
    titles = read_titles({("customer", number) for number in customer_ids})
    return {number: title for (_slug, number), title in titles.items()}


__all__ = ["BULK_ACTS", "CUSTOMER_ACTS", "ENTRY_ACTS", "EntryActs", "PoolAct", "names_of", "perform", "refusals"]
