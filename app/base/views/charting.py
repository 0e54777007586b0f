"""A list drawn: its records counted, or a figure of theirs added up, by the values of one field (`/chart/`).

Scope, filters and search are those of the list; every bar leads to the records behind it. One statement counts, a
second one tells what is left where there are more values than a chart can show.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from flask import Response, make_response, request
from flask_appbuilder import expose
from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Numeric, case, cast, func, null, select
from werkzeug.datastructures import MultiDict

from app.access.actors import require_actor
from app.access.policy import may_ask
from app.access.scope import UNSCOPED
from app.base.views.cells import FIGURES, cell_writer, heading, unit_of, zone
from app.base.views.formats import number_text, percent_text
from app.base.views.groups import worded
from app.base.views.guard import needs
from app.base.views.listing import matching
from app.base.views.lists import asked_links, refuse_unseen
from app.base.views.periods import STEPS, Period, bounds, period_text, periods
from app.base.views.screen import EntityScreen
from app.base.views.state import ListState, read_state
from app.base.views.titles import Titles, read_titles
from app.charts import ranked_bars, upright_bars
from app.db import now, session
from app.fields.custom.stored import is_stored
from app.types import Entity, Field, Kind, Refused

#: So many values are drawn, the largest first.
MOST_BARS = 30
DATED = frozenset({Kind.DATE, Kind.DATETIME})
_GROUPED = DATED | {Kind.CHOICE, Kind.BOOLEAN, Kind.LINK, Kind.REGION, Kind.TEXT}
#: What the address of a chart holds besides the list's own parameters.
KEYS = ("by", "step", "show")
#: (value of the field, records, figure)
_Group = tuple[Any, int, Decimal | None]


@dataclass(frozen=True, slots=True)
class Wish:
    """What is drawn: the field grouped by, the length of periods, and the figure (None: how many records)."""

    by: Field
    step: str = ""
    how: str = "count"
    of: Field | None = None

    @property
    def show(self) -> str:
        """The figure as it stands in the address: ``count``, ``sum.amount``, ``average.amount``."""
        return f"{self.how}.{self.of.name}" if self.of is not None else "count"


@dataclass(frozen=True, slots=True)
class Bar:
    """One value of the field: its text, its records, its figure, and the list of those records."""

    text: str
    count: int
    #: None for the average of nothing.
    value: Decimal | None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Chart:
    """What a chart shows, and how many records it is about."""

    bars: tuple[Bar, ...]
    count: int
    #: How many values there are no bars for are told as one.
    cut: bool = False


def groupable(entity: Entity) -> list[Field]:
    """The fields a chart can be made by: kept in the table, and read by whoever asks; those of the list first."""
    first = (*entity.filter_fields, *entity.list_fields)
    able = [field for field in _asked(entity) if field.kind in _GROUPED and field.filterable and not field.unique]
    able = [field for field in able if field.name != entity.title]
    return sorted(able, key=lambda field: (field.kind is Kind.TEXT, field.name not in first))


def measured(entity: Entity) -> list[Field]:
    """The figures a chart can add up."""
    return [field for field in _asked(entity) if field.kind in FIGURES]


def _asked(entity: Entity) -> Iterator[Field]:
    actor = require_actor()
    return (field for field in entity.fields if is_stored(entity, field) and may_ask(entity, field.name, actor))


def read_wish(entity: Entity, args: MultiDict[str, str]) -> Wish:
    """What the address asks to be drawn. Raises `Refused` by parameter for what cannot be."""
    able = {field.name: field for field in groupable(entity)}
    name = args.get("by") or next(iter(able), "")
    if name not in able:
        raise Refused(_("A chart cannot be made by “%(name)s”", name=name[:60]), field="by")
    how, _dot, figure = (args.get("show") or "count").partition(".")
    figures = {field.name: field for field in measured(entity)}
    if how not in ("count", "sum", "average") or (how != "count" and figure not in figures):
        raise Refused(_("A chart cannot show “%(name)s”", name=args.get("show", "")[:60]), field="show")
    step = args.get("step") or STEPS[0]
    if step not in STEPS:
        raise Refused(_("A chart cannot be made by “%(name)s”", name=step[:60]), field="step")
    return Wish(able[name], step if able[name].kind in DATED else "", how, figures.get(figure))


def read_chart(state: ListState, wish: Wish, list_url: str) -> Chart:
    """The chart of a list within the actor's scope; a bar leads to `list_url` with the list's filters and its own."""
    stretches = periods(wish.step, now().astimezone(zone()).date()) if wish.step else ()
    rows = _count(state, wish, stretches)
    cut = len(rows) > MOST_BARS and not stretches
    shown = rows[:MOST_BARS] if cut else rows
    linked = {(wish.by.target or "", key) for key, *_rest in shown if wish.by.kind is Kind.LINK and key is not None}
    writer = _Writer(state, wish, stretches, read_titles(linked), list_url)
    bars = [writer.bar(*row) for row in writer.ordered(shown, cut)]
    count = sum(row[1] for row in rows)
    if cut:
        count, total = _whole(state, wish)
        left = count - sum(bar.count for bar in bars)
        if wish.how != "average":
            bars.append(Bar(_("All other values"), left, total - sum(bar.value or 0 for bar in bars)))
    return Chart(tuple(bars), count, cut)


def _count(state: ListState, wish: Wish, stretches: Sequence[Period]) -> list[_Group]:
    """(value, records, figure) of the largest groups, more than are shown."""
    model = state.entity.model
    inner = select(
        _key(getattr(model, wish.by.name), wish, stretches).label("key"), _figure(model, wish).label("figure")
    )
    rows = inner.where(matching(state)).subquery()
    number, value = func.count(), _total(wish, rows.c.figure)
    statement = select(rows.c.key, number, value).group_by(rows.c.key).order_by(value.desc().nulls_last(), rows.c.key)
    found = session.execute(statement.limit(MOST_BARS * 2).execution_options(**{UNSCOPED: True}))
    return [(key, count, _decimal(wish, figure)) for key, count, figure in found]


def _whole(state: ListState, wish: Wish) -> tuple[int, Decimal]:
    """(records, figure) of the whole list."""
    rows = select(_figure(state.entity.model, wish).label("figure")).where(matching(state)).subquery()
    statement = select(func.count(), _total(wish, rows.c.figure)).select_from(rows)
    count, figure = session.execute(statement.execution_options(**{UNSCOPED: True})).one()
    return count, _decimal(wish, figure) or Decimal(0)


def _key(column: Any, wish: Wish, stretches: Sequence[Period]) -> ColumnElement[Any]:
    if wish.by.kind is Kind.REGION:
        return func.substr(column, 1, 2)
    if wish.by.kind is Kind.TEXT:
        return func.nullif(column, "")
    if not stretches:
        return column
    ends = bounds(stretches, zone(), moments=wish.by.kind is Kind.DATETIME)
    before = [(column < end, place) for place, end in enumerate(ends)]
    return case((column.is_(None), null()), *before, else_=len(ends))


def _figure(model: Any, wish: Wish) -> ColumnElement[Any]:
    return null() if wish.of is None else cast(getattr(model, wish.of.name), Numeric(24, 6))


def _total(wish: Wish, figure: Any) -> ColumnElement[Any]:
    if wish.of is None:
        return func.count()
    return func.sum(figure) if wish.how == "sum" else func.avg(figure)


def _decimal(wish: Wish, value: Any) -> Decimal | None:
    if value is None:
        return None if wish.how == "average" else Decimal(0)
    return round(Decimal(str(value)), 2)


class _Writer:
    """Makes bars of what the database counted."""

    def __init__(self, state: ListState, wish: Wish, stretches: Sequence[Period], titles: Titles, list_url: str):
        self.wish, self.stretches, self.list_url = wish, stretches, list_url
        self.text = cell_writer(wish.by, titles)
        others = replace(state.at(1), filters=tuple(one for one in state.filters if one.field.name != wish.by.name))
        self.pairs = others.narrowing

    def ordered(self, rows: Sequence[_Group], cut: bool) -> list[_Group]:
        """Periods one after the other without a gap, choices as they stand in their list, else the largest first."""
        if self.stretches:
            found = {key: (key, count, value) for key, count, value in rows}
            places = [key for key in found if key is not None]
            every = range(min(places, default=0), max(places, default=-1) + 1)
            nothing = None if self.wish.how == "average" else Decimal(0)
            whole = [found.get(place, (place, 0, nothing)) for place in every]
            return [*whole, *([found[None]] if None in found else [])]
        if self.wish.by.kind is Kind.CHOICE and not cut:
            places = [choice.value for choice in self.wish.by.choices]
            return sorted(rows, key=lambda row: places.index(row[0]) if row[0] in places else len(places))
        return list(rows)

    def bar(self, key: Any, count: int, value: Decimal | None) -> Bar:
        text, pairs = self._said(key)
        url = f"{self.list_url}?{urlencode([*self.pairs, *pairs])}" if pairs else None
        return Bar(text, count, value, url)

    def _said(self, key: Any) -> tuple[str, list[tuple[str, str]]]:
        """How a value is written, and the filter that keeps its records."""
        field, name = self.wish.by, f"f.{self.wish.by.name}"
        if key is None:
            return _("Not filled in"), [(f"op.{field.name}", "empty")]
        if self.stretches:
            return self._period(self.stretches[key], name)
        if field.kind is Kind.REGION:
            code = f"{key}0000"
            return self.text(code).text, [(name, code)]
        if field.kind is Kind.BOOLEAN:
            return self.text(bool(key)).text, [(name, "yes" if key else "no")]
        pairs = [(name, str(key))]
        if field.kind is Kind.TEXT:
            pairs.append((f"op.{field.name}", "equals"))
        shown = self.text(key)
        return shown.text, pairs if shown.kind != "hidden" else []

    def _period(self, each: Period, name: str) -> tuple[str, list[tuple[str, str]]]:
        text, side = period_text(each, self.wish.step)
        told = {"before": _("before %(period)s", period=text), "after": _("from %(period)s on", period=text)}
        ends = (("from", each.start), ("to", each.last))
        return told.get(side, text), [(f"{name}.{end}", str(day)) for end, day in ends if day is not None]


def options_of(chart: Chart, wish: Wish, label: str, unit: str) -> dict[str, Any]:
    """What `static/js/charts.js` draws; values of one name are told apart by a number."""
    names: dict[str, int] = {}
    values, links = [], {}
    for bar in chart.bars:
        names[bar.text] = again = names.get(bar.text, 0) + 1
        name = bar.text if again == 1 else f"{bar.text} ({again})"
        values.append((name, bar.value))
        if bar.url:
            links[name] = bar.url
    if not values:
        return {"empty": _("Nothing matches")}
    draw = upright_bars if wish.step else ranked_bars
    height = 360 if wish.step else max(200, 30 * len(values) + 60)
    return {"options": draw(label, unit, values), "links": links, "height": height}


class ChartScreen(EntityScreen):
    """`/chart/`: the list as a chart, with the same figures as a table."""

    @expose("/chart/")
    @needs("can_list")
    def chart(self) -> Response:
        """The chart and its table; 400 for an address not understood."""
        entity = self.seen()
        narrowed = MultiDict([pair for pair in request.args.items(multi=True) if pair[0] not in KEYS])
        values: dict[str, Any] = {"errors": [], "chart": None, "fields": groupable(entity), "figures": measured(entity)}
        try:
            state = read_state(entity, narrowed, zone())
            titles = read_titles(asked_links(state))
            refuse_unseen(asked_links(state), titles)
            values |= self._drawn(state, read_wish(entity, request.args), titles)
        except Refused as refused:
            values["errors"] = [str(text) for text in refused.errors.values()] or [str(refused)]
        values["list_url"] = self.url("list") + (f"?{urlencode(values['pairs'])}" if values.get("pairs") else "")
        return make_response(self.render("entity/chart.html", **values), 400 if values["errors"] else 200)

    def _drawn(self, state: ListState, wish: Wish, titles: Titles) -> dict[str, Any]:
        chart = read_chart(state, wish, self.url("list"))
        label = heading(wish.of) if wish.of is not None else _("Number of records")
        unit = _("records") if wish.of is None else unit_of(wish.of)
        return {
            "chart": chart,
            "wish": wish,
            "label": label,
            "pairs": [*state.narrowing, *state.ordering],
            "chips": [worded(one, titles) for one in state.pieces],
            "words": state.q,
            "options": options_of(chart, wish, label, unit),
            "number": number_text,
            "share": lambda bar: percent_text(round(Decimal(bar.count) * 100 / chart.count, 1)) if chart.count else "",
        }


__all__ = ["Bar", "Chart", "ChartScreen", "Wish", "groupable", "measured", "options_of", "read_chart", "read_wish"]
