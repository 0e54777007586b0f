"""The dashboard: what lies in pools, what comes and goes, who loses and who wins."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from flask import abort, request, url_for
from flask_babel import gettext as _

from app.api import PageView, expose, needs, now, number_text, readable, require_actor
from plugins.pools.charts import age_chart, age_texts, flow_chart, people_chart
from plugins.pools.pieces import STAGES
from plugins.pools.schemas.pools import KINDS
from plugins.pools.services import business_today
from plugins.pools.services.figures import (
    ACTIVE_DAYS,
    count_ages,
    count_stages,
    count_stock,
    rank_people,
    read_flow,
    read_reactivation,
)

#: How many weeks one may look back.
WEEKS = (4, 12, 26)
ON_LADDER = "/customer/list/?sort=pools_days_left"


class PoolsBoardView(PageView):
    """`/pools_board/`: figures within what one sees of customers, pools and movements."""

    route_base = "/pools_board"
    default_view = "list"

    @expose("/list/")
    @needs("can_list")
    def list(self) -> str:
        """The page, for so many weeks up to the end of this one."""
        weeks = asked_weeks()
        first, after = stretch(weeks)
        flow, ages = read_flow(first, weeks), count_ages(now())
        lost, won = rank_people(first, after) if readable("customer", "owner_id", require_actor()) else ((), ())
        come_out = read_reactivation(first - timedelta(days=ACTIVE_DAYS), after - timedelta(days=ACTIVE_DAYS))
        return self.render_template(
            "pools/board.html",
            weeks=weeks,
            choices=[(number, url_for(".list", weeks=number)) for number in WEEKS],
            cards=self._cards(),
            flow=flow,
            ages=list(zip(age_texts(), ages, strict=True)),
            people=((_("Customers lost to pools"), "lost", lost), (_("Customers taken out of pools"), "won", won)),
            charts={
                "flow": flow_chart(flow),
                "ages": age_chart(ages),
                "lost": people_chart(_("Customers lost to pools"), lost),
                "won": people_chart(_("Customers taken out of pools"), won),
            },
            reactivation=come_out,
            active_days=ACTIVE_DAYS,
            number=number_text,
        )

    def _cards(self) -> Any:
        """(label, colour, customers, the list behind it)"""
        told, stock = readable("customer", "pools_stage", require_actor()), count_stock()
        stages = count_stages() if told else {}
        ladder = [
            (one.label, one.colour, stages.get(one.value, 0), f"{ON_LADDER}&f.pools_stage={one.value}")
            for one in STAGES
            if told and one.value != "pool"
        ]
        pools = [
            (one.label, one.colour, stock.get(one.value, 0), url_for("PoolsEntryView.list"))
            for one in KINDS
            if stock.get(one.value)
        ]
        return [*ladder, *pools]


def asked_weeks() -> int:
    """The weeks the address asks for."""
    text = request.args.get("weeks", str(WEEKS[1]))
    if text not in map(str, WEEKS):
        abort(400, description=_("Choose one of the stretches offered"))
    return int(text)


def stretch(weeks: int) -> tuple[date, date]:
    """(the first Monday, the Monday after) of so many weeks with the running one."""
    after = business_today() + timedelta(days=7 - business_today().weekday())
    return after - timedelta(weeks=weeks), after


__all__ = ["PoolsBoardView"]
