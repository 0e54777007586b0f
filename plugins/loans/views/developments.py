"""The screens of business developments."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Response
from flask_babel import lazy_gettext as _l

from app.api import Figure, asking, expose, needs
from app.types import Field
from plugins.loans import jobs, rules
from plugins.loans.models import Development
from plugins.loans.schemas import DEVELOPMENT, STAGES
from plugins.loans.services import move_stage
from plugins.loans.views.acts import ActsView
from plugins.loans.views.tables import money_figure

WHY_LOST = asking(
    "loans_lost", _l("Lost business"), (Field("reason", _l("Why it was lost"), required=True, max_length=300),)
)


class LoansDevelopmentView(ActsView):
    """Business developments and their stages."""

    entity = DEVELOPMENT
    route_base = "/loans_development"
    own_moves = {"stage": "can_move"}

    def move_card(self, record: Development, field: str, value: str) -> None:
        """Moved on the board: one step forward; giving up asks for the reason, which a card cannot."""
        move_stage(record, value)

    def offers(self, record: Development, act: str) -> bool:
        """What is over neither moves nor changes."""
        return not rules.is_closed(record.stage)

    def figures(self, record: Development) -> Sequence[Figure]:
        """What it may bring, and what comes next."""
        following = rules.next_stage(record.stage)
        labels = {choice.value: choice.label for choice in STAGES}
        shown = [money_figure(_l("Expected amount"), record.expected_amount, fields=("expected_amount",))]
        if following is not None:
            shown.append(Figure(_l("Next stage"), str(labels[following]), fields=("stage",)))
        return shown

    @expose("/forward", methods=("POST",))
    @needs("can_move")
    def forward(self) -> Response:
        """Move developments one stage forward."""
        return self.post_each(jobs.FORWARD)

    @expose("/lose", methods=("GET", "POST"))
    @needs("can_move")
    def lose(self) -> Response:
        """Give developments up, saying why."""
        return self.ask_each(WHY_LOST, jobs.LOSE)
