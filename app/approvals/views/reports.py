"""Reports on approvals: how many are in each state, how old what is open is, where it waits, how long steps take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from flask import Response, jsonify, request, url_for
from flask_babel import gettext as _

from app.access.actors import require_actor
from app.approvals.reading.inbox import flows_of_inbox
from app.approvals.reading.reported import Cases, Which, list_cases, step_names
from app.approvals.reading.reports import (
    MOST,
    Asked,
    count_ages,
    count_late,
    count_states,
    find_units,
    read_step_times,
    read_units,
    read_waiting,
    unit_named,
)
from app.approvals.rules.reporting import AGES, month_stretch, shifted_month
from app.approvals.rules.state import Status
from app.approvals.services.seeing import heading
from app.approvals.views.inbox import aged, local_today, named_flow
from app.approvals.views.report_words import age_days_text, age_text, month_text, named_step
from app.approvals.views.words import STATUSES
from app.base.page import PageView, expose
from app.base.views.cells import zone
from app.base.views.formats import moment_text, number_text
from app.base.views.guard import needs
from app.charts import ranked_bars, upright_bars
from app.db import now
from app.fields.custom.derived import surroundings

#: Late cases told on the page itself, and units a picker offers.
FEW, PICKED = 10, 20
#: Months to choose from; the arrows go further back.
OFFERED = 36


@dataclass(frozen=True, slots=True)
class Wish:
    """What the address asks for. `month` is empty for all time."""

    asked: Asked
    month: str
    unit_name: str = ""

    def arguments(self, **more: object) -> dict[str, Any]:
        """The same as an address carries it, with more."""
        given = {"flow": self.asked.flow, "unit": self.asked.unit, "month": self.month, **more}
        return {name: value for name, value in given.items() if value is not None}


class ApprovalReportView(PageView):
    """`/approvals/reports`."""

    route_base = "/approvals/reports"
    default_view = "list"

    @expose("/")
    @needs("can_list")
    def list(self) -> str:
        """Figures, each leading to the cases behind it."""
        wish, actor, today, clock = read_wish(), require_actor(), local_today(), surroundings().zone
        late = list_cases(wish.asked, Which(late=True), actor, today, clock, FEW)
        states = count_states(wish.asked, actor)
        waiting = read_waiting(wish.asked, actor)
        names = step_names({row.definition_id for row in waiting} | {wish.asked.flow or 0})
        steps = [(named_step(names, wish.asked.flow, one.step), one) for one in read_step_times(wish.asked, actor)]
        ages = self._ages(wish, count_ages(wish.asked, actor, today, clock))
        units = read_units(wish.asked, actor)
        return self.render_template(
            "approvals/reports.html",
            wish=wish,
            flows=[(row.id, named_flow(row.name, row.name_en)) for row in flows_of_inbox()],
            states=[
                (label, colour, states[status], self._cases(wish, state=status.value))
                for status, (label, colour) in STATUSES.items()
                if status in states
            ],
            ages=ages,
            age_chart=_age_chart(ages),
            steps=steps,
            step_chart=_chart(
                ranked_bars(_("Median time per step"), _("hours"), [(name, _hours(one.median)) for name, one in steps]),
                height=40 * len(steps) + 70,
            ),
            waiting=self._waiting(wish, waiting, names),
            late=shown_lines(late),
            late_count=count_late(wish.asked, actor),
            late_url=self._cases(wish, late=1),
            units=[(one, self._unit(wish, one.unit_id)) for one in units],
            most=MOST,
            hours=lambda value: number_text(None if value is None else _hours(value), 1),
            number=number_text,
            export_url=self._export(wish),
            **months(wish, self.endpoint),
        )

    @expose("/cases")
    @needs("can_list")
    def cases(self) -> str:
        """The cases behind a figure, a page at a time."""
        wish, which = read_wish(), read_which()
        found = list_cases(wish.asked, which, require_actor(), local_today(), surroundings().zone)
        told = wish.arguments(**_which_arguments(which))
        return self.render_template(
            "approvals/report_cases.html",
            lines=shown_lines(found),
            chips=_chips(wish, which),
            back=url_for(f"{self.endpoint}.list", **wish.arguments()),
            first_url=url_for(f"{self.endpoint}.cases", **told) if which.after else "",
            next_url=url_for(f"{self.endpoint}.cases", **told, after=found.next_after) if found.next_after else "",
        )

    @expose("/units")
    @needs("can_list")
    def units(self) -> Response:
        """Units within reach, for the picker: at most twenty whose name or code matches ``q``."""
        found, more = find_units(request.args.get("q", ""), require_actor(), PICKED)
        items = [{"value": str(row.id), "text": row.name, "hint": row.code} for row in found]
        return jsonify(items=items, more=_("There are more; type more") if more else "")

    def _cases(self, wish: Wish, **more: object) -> str:
        return url_for(f"{self.endpoint}.cases", **wish.arguments(**more))

    def _export(self, wish: Wish) -> str:
        may = require_actor().can("can_export", self.class_permission_name)
        return url_for("ApprovalReportExportView.file", **wish.arguments()) if may else ""

    def _unit(self, wish: Wish, unit_id: int | None) -> str:
        return url_for(f"{self.endpoint}.list", **wish.arguments(unit=unit_id)) if unit_id is not None else ""

    def _ages(self, wish: Wish, counts: Sequence[int]) -> Sequence[tuple[str, int, str]]:
        return [(age_text(place), number, self._cases(wish, age=place)) for place, number in enumerate(counts)]

    def _waiting(self, wish: Wish, rows: Sequence[Any], names: Any) -> Sequence[dict[str, Any]]:
        moment = now()
        return [
            {
                "flow": named_flow(row.flow, row.flow_en),
                "step": named_step(names, row.definition_id, row.step),
                "person": row.person,
                "number": row.number,
                "oldest": aged(row.oldest, moment) if row.oldest is not None else "",
                "url": self._cases(wish, flow=row.definition_id, step=row.step, person=row.employee_id),
            }
            for row in rows
        ]


def read_wish() -> Wish:
    """What the address asks a report to be about; what is not understood asks for nothing. No month: this one."""
    flow, unit = _number("flow"), _number("unit")
    name = unit_named(unit, require_actor()) if unit is not None else None
    this = now().astimezone(surroundings().zone).strftime("%Y-%m")
    month = request.args.get("month", this)
    start: datetime | None = None
    end: datetime | None = None
    if month:
        try:
            start, end = month_stretch(month, surroundings().zone)
        except ValueError:
            month = this
            start, end = month_stretch(month, surroundings().zone)
    return Wish(Asked(flow, unit if name is not None else None, start, end), month, name or "")


def read_which() -> Which:
    """Which cases behind a figure the address asks for."""
    state, age = request.args.get("state", ""), _number("age")
    return Which(
        state=state if state in {each.value for each in Status} else "",
        age=age if age is not None and age <= len(AGES) else None,
        late=request.args.get("late") == "1",
        step=request.args.get("step", "").replace("\x00", "")[:40],
        person=_number("person"),
        after=_number("after", 18) or 0,
    )


def months(wish: Wish, endpoint: str) -> dict[str, Any]:
    """Addresses of the month before and after and of all time; the months to choose from, and the chosen one's name."""
    this = now().astimezone(surroundings().zone).strftime("%Y-%m")
    return {
        "all_url": url_for(f"{endpoint}.list", **wish.arguments(month="")),
        "earlier_url": url_for(f"{endpoint}.list", **wish.arguments(month=_shifted(wish.month, -1) or this)),
        "later_url": url_for(f"{endpoint}.list", **wish.arguments(month=_shifted(wish.month, 1)))
        if wish.month and wish.month < this
        else "",
        "months": offered_months(wish.month, this),
        "month_name": month_text(wish.month) if wish.month else "",
    }


def offered_months(chosen: str, this: str) -> list[tuple[str, str]]:
    """(month, its name), this one first, as many as are offered; another one that is chosen comes before or after."""
    offered = [shifted_month(this, -back) for back in range(OFFERED)]
    return [(month, month_text(month)) for month in sorted({*offered, *filter(None, (chosen,))}, reverse=True)]


def shown_lines(found: Cases) -> list[dict[str, Any]]:
    """Lines as they are written; a heading the reader may not see is left out."""
    clock, moment = zone(), now()
    return [
        {
            "title": heading(line) if line.id in found.readable else "",
            "url": url_for("ApprovalView.case", pk=line.id) if line.id in found.readable else "",
            "number": line.id,
            "flow": named_flow(line.flow, line.flow_en),
            "applicant": line.applicant,
            "unit": line.unit or "",
            "state": STATUSES[Status(line.status)],
            "started": moment_text(line.started_at, clock),
            "due": moment_text(line.due_at, clock) if line.due_at else "",
            "late": aged(line.due_at, moment) if line.due_at and line.due_at < moment else "",
        }
        for line in found.lines
    ]


def _chips(wish: Wish, which: Which) -> list[str]:
    """What narrows the cases, in words."""
    found = [wish.unit_name] if wish.unit_name else []
    if wish.asked.flow is not None:
        found += [named_flow(row.name, row.name_en) for row in flows_of_inbox() if row.id == wish.asked.flow]
    if not which.is_now:
        found.append(_("Begun in %(month)s", month=month_text(wish.month)) if wish.month else _("All time"))
    if which.state:
        found.append(str(STATUSES[Status(which.state)][0]))
    if which.age is not None:
        found.append(age_text(which.age))
    if which.late:
        found.append(_("Late"))
    if which.step:
        found.append(named_step(step_names([wish.asked.flow or 0]), wish.asked.flow, which.step))
    return found


def _which_arguments(which: Which) -> dict[str, Any]:
    given = {"state": which.state, "age": which.age, "late": int(which.late), "step": which.step}
    told: dict[str, Any] = {name: value for name, value in given.items() if value not in ("", None, False)}
    if which.age == 0:
        told["age"] = 0
    return {**told, "person": which.person}


def _age_chart(ages: Sequence[tuple[str, int, str]]) -> dict[str, Any]:
    """Bars whose names are short enough for a phone: the days alone, the word at the end of the axis."""
    short = [age_days_text(place) for place in range(len(ages))]
    bars = [(name, Decimal(count)) for name, (_text, count, _url) in zip(short, ages, strict=True)]
    options = upright_bars(_("Open cases by age"), _("cases"), bars)
    options["xAxis"][0].update(name=_("days"), nameGap=6)
    options["xAxis"][0]["axisLabel"] = {"interval": 0}
    links = {name: url for name, (_text, _count, url) in zip(short, ages, strict=True)}
    return {**_chart(options, 260), "links": links}


def _chart(options: dict[str, Any], height: int) -> dict[str, Any]:
    for series in options["series"]:
        series["barMaxWidth"] = 48
    return {"options": options, "height": height}


def _hours(value: float) -> Decimal:
    return Decimal(repr(round(value, 1)))


def _shifted(month: str, months: int) -> str:
    return shifted_month(month, months) if month else ""


def _number(name: str, digits: int = 9) -> int | None:
    text = request.args.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= digits else None


__all__ = ["ApprovalReportView"]
