"""Applications to keep customers: their list, taking back, and the head's decision where no flow decides."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from flask import Response, flash, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.api import (
    EntityView,
    approvals,
    asking,
    chosen_ids,
    done,
    expose,
    form_dialog,
    needs,
    own_path,
    posted_values,
    read_dialog,
    require_actor,
)
from app.types import Action, Entity, Field, Refused
from plugins.pools.models import PoolKeep
from plugins.pools.schemas import KEEP
from plugins.pools.services import Outcome, decide_keeps, withdraw_keeps
from plugins.pools.services.deciding import KEEPS

_NOTE = Field("note", _l("Decision note"), max_length=300)
GRANT = asking("pools_grant", _l("Let the customer stay"), (_NOTE,))
REFUSE = asking(
    "pools_refuse", _l("Do not let the customer stay"), (Field("note", _l("Reason"), max_length=300, required=True),)
)


class PoolsKeepView(EntityView):
    """Applications to keep customers."""

    entity = KEEP
    route_base = "/pools_keep"
    permission_labels: ClassVar[dict[str, Any]] = {"can_withdraw": _l("Take back")}

    def badge_fields(self, record: PoolKeep) -> tuple[str, ...]:
        """Its state alone."""
        return ("state",)

    def offers(self, record: PoolKeep, act: str) -> bool:
        """What fits its state; a decision only where no approval decides."""
        if record.state != "asked":
            return False
        mine = record.employee_id == require_actor().employee_id
        return mine if act == "withdraw" else not mine and not approvals.open_cases(KEEP.slug, [record.id])

    @expose("/grant", methods=("GET", "POST"))
    @needs("can_decide")
    def grant(self) -> Response:
        """Let customers stay."""
        said = _("%(count)s applications to keep were granted")
        return self._decide_on(GRANT, "grant", lambda ids, note: decide_keeps(ids, True, note), said)

    @expose("/refuse", methods=("GET", "POST"))
    @needs("can_decide")
    def refuse(self) -> Response:
        """Refuse, saying why."""
        said = _("%(count)s applications to keep were refused")
        return self._decide_on(REFUSE, "refuse", lambda ids, note: decide_keeps(ids, False, note), said)

    @expose("/withdraw", methods=("POST",))
    @needs("can_withdraw")
    def withdraw(self) -> Response:
        """Take back one's own applications."""
        back = own_path(request.form.get("next"), self.url("list"))
        try:
            return self._answer(withdraw_keeps(chosen_ids()), _("%(count)s applications to keep were taken back"))
        except Refused as refused:
            return done(back, str(refused), "danger")

    def _decide_on(self, asked: Entity, route: str, act: Callable[[list[int], str], Outcome], said: str) -> Response:
        ids: list[int] = []
        refused: Refused | None = None
        try:
            ids = chosen_ids()
            if request.method == "POST":
                return self._answer(act(ids, read_dialog(asked).get("note") or ""), said)
        except Refused as wrong:
            refused = wrong
        return form_dialog(
            asked,
            posted_values(request.form) if request.method == "POST" else {},
            address=self.url(route),
            heading=asked.label,
            submit=asked.label,
            pick_url=lambda _name: "",
            note=_("%(count)s applications chosen", count=len(ids)) if len(ids) > 1 else "",
            ids=ids,
            next_url=request.values.get("next", ""),
            refused=refused,
        )

    def _answer(self, outcome: Outcome, said: str) -> Response:
        for number, reason in list(outcome.refused.items())[:10]:
            flash(f"#{number}: {reason}", "warning")
        back = own_path(request.form.get("next"), self.url("list"))
        return done(back, said % {"count": len(outcome.done)} if outcome.done else "")


def _act(name: str, label: Any, permission: str, icon: str, confirm: Any = "", danger: bool = False) -> Action:
    endpoint = f"{KEEPS}.{name}"
    dialog = None if confirm else endpoint
    return Action(name, label, endpoint, KEEPS, permission, icon, confirm, dialog_endpoint=dialog, danger=danger)


KEEP_ACTIONS: Sequence[Action] = (
    _act("grant", _l("Let the customer stay"), "can_decide", "circle-check"),
    _act("refuse", _l("Do not let the customer stay"), "can_decide", "circle-x", danger=True),
    _act("withdraw", _l("Take back"), "can_withdraw", "arrow-back-up", _l("Take back this application?")),
)

__all__ = ["KEEP_ACTIONS", "PoolsKeepView"]
