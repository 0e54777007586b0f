"""The ledger of movements, and taking some of them back."""

from __future__ import annotations

from typing import Any, ClassVar

from flask import Response, flash, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.api import (
    EntityView,
    asking,
    chosen_ids,
    done,
    expose,
    form_dialog,
    needs,
    own_path,
    posted_values,
    read_dialog,
)
from app.types import Action, Field, Refused
from plugins.pools.schemas import MOVEMENT
from plugins.pools.services.reversing import REVERSIBLE, Reversal, reverse_movements
from plugins.pools.views.acts import refusals

VIEW = "PoolsMovementView"
WHY = asking("pools_reverse", _l("Reverse"), (Field("reason", _l("Reason"), required=True, max_length=300),))


class PoolsMovementView(EntityView):
    """Every movement, and the way back."""

    entity = MOVEMENT
    route_base = "/pools_movement"
    permission_labels: ClassVar[dict[str, Any]] = {"can_reverse": _l("Reverse")}

    def offers(self, record: Any, act: str) -> bool:
        """Only some kinds of movement are taken back."""
        return act != "reverse" or record.act in REVERSIBLE

    @expose("/reverse", methods=("GET", "POST"))
    @needs("can_reverse")
    def reverse(self) -> Response:
        """Take movements back: the dialog that asks why, then the act."""
        ids: list[int] = []
        refused: Refused | None = None
        try:
            ids = chosen_ids()
            if request.method == "POST":
                taken = reverse_movements(ids, read_dialog(WHY)["reason"])
                return self._answer(taken)
        except Refused as wrong:
            refused = wrong
        return form_dialog(
            WHY,
            posted_values(request.form) if request.method == "POST" else {},
            address=self.url("reverse"),
            heading=_("Take movements back"),
            submit=_("Reverse"),
            pick_url=lambda _name: "",
            note=_("%(count)s movements chosen", count=f"{len(ids):,}") if ids else "",
            ids=ids,
            next_url=request.values.get("next", ""),
            refused=refused,
        )

    def _answer(self, taken: Reversal) -> Response:
        """Back to the list; each movement that stands is named by its customer, with the reason."""
        for line in refusals(taken.refused, taken.customers):
            flash(line, "warning")
        said = _("%(count)s movements were taken back", count=f"{len(taken.done):,}") if taken.done else ""
        return done(own_path(request.form.get("next"), self.url("list")), said)


REVERSE = Action(
    "reverse", _l("Reverse"), f"{VIEW}.reverse", VIEW, "can_reverse", "arrow-back-up",
    dialog_endpoint=f"{VIEW}.reverse",
)  # fmt: skip

__all__ = ["REVERSE", "WHY", "PoolsMovementView"]
