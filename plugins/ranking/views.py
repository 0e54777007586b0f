"""The ranking page: a month, a metric, the list, the chart, and the file."""

from __future__ import annotations

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from flask import abort, jsonify, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.api import PageView, context, expose, has_access, now, ranked_bars, require_actor, setting
from plugins.ranking.services import Ranking, monthly_ranking


class RankingView(PageView):
    """Monthly rankings (RNK-4 as far as calls, deals and amount go)."""

    route_base = "/ranking"
    default_view = "list"

    @expose("/list/")
    @has_access
    def list(self) -> ResponseReturnValue:
        """The page."""
        metric, month = asked()
        ranking = found(metric, month)
        return self.render_template(
            "ranking/page.html",
            ranking=ranking,
            month=month,
            metrics=sorted(context().metrics.values(), key=lambda one: one.order),
            earlier=shifted(ranking.first, -1),
            later=shifted(ranking.first, 1) if shifted(ranking.first, 1) <= this_month() else None,
            chart_url=url_for("RankingView.chart", metric=metric, month=month),
            me=require_actor().employee_id,
        )

    @expose("/chart")
    @has_access
    def chart(self) -> ResponseReturnValue:
        """The chart's options as JSON."""
        ranking = found(*asked())
        return jsonify(chart_of(ranking))


def asked() -> tuple[str, str]:
    """(metric, month) of the address; the first metric and this month when it names none."""
    first = min(context().metrics.values(), key=lambda one: one.order).name
    return request.args.get("metric", first), request.args.get("month", this_month())


def found(metric: str, month: str) -> Ranking:
    """The ranking, or a clear refusal of an address that names none."""
    try:
        return monthly_ranking(metric, month)
    except KeyError:
        abort(400, description=_("Unknown metric: %(name)s", name=metric[:40]))
    except ValueError:
        abort(400, description=_("Write the month like 2026-03"))


def chart_of(ranking: Ranking) -> dict[str, Any]:
    """What `static/js/charts.js` draws; people of one name are told apart by their unit."""
    if not ranking.rows:
        return {"empty": _("Nobody has a figure in this month")}
    shown = ranking.rows[: setting("ranking.bars")]
    names = [row.name for row in shown]
    values = [
        (f"{row.name} · {row.unit}" if names.count(row.name) > 1 else row.name, row.standing.value)
        for row in shown
    ]
    return {
        "options": ranked_bars(
            str(ranking.metric.label),
            str(ranking.metric.unit),
            values,
            average=(_("Average"), ranking.average),
        ),
        "height": max(220, 34 * len(shown) + 60),
    }


def this_month() -> str:
    """The running month in the site's time zone, as ``YYYY-MM``."""
    return now().astimezone(ZoneInfo(context().site.timezone)).strftime("%Y-%m")


def shifted(first: date, months: int) -> str:
    """A month so many months away, as ``YYYY-MM``."""
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    return f"{year:04d}-{month + 1:02d}"
