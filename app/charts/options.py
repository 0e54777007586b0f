"""Chart options by pyecharts, handed over as plain JSON.

pyecharts' own rendering is never used: names end up in script text there, and its dump rewrites text that
looks like its own markers. So it makes the options, our data is put in afterwards, and the whole is delivered
as ``application/json`` and drawn by ``static/js/charts.js``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from pyecharts import options as opts
from pyecharts.charts import Bar, Line
from pyecharts.charts.chart import RectChart

#: The unit above an upright axis begins where the axis stands, so that a narrow screen does not cut it.
_OVER_AXIS = {"align": "left"}


def ranked_bars(
    title: str,
    unit: str,
    values: Sequence[tuple[str, Decimal | None]],
    *,
    average: tuple[str, Decimal] | None = None,
) -> dict[str, Any]:
    """Horizontal bars, the first value on top, with the average as a line across.

    `values` are (name, amount in `unit`), at most a screenful: the caller limits them.
    """
    chart = Bar()
    chart.add_xaxis([])
    chart.add_yaxis("", [], category_gap="38%")
    chart.reversal_axis()
    chart.set_series_opts(label_opts=opts.LabelOpts(is_show=True, position="right"))
    options = _options(chart, title, unit)
    options["xAxis"][0].update(name=unit, nameLocation="middle", nameGap=28, splitLine={"lineStyle": {"opacity": 0.4}})
    options["grid"]["bottom"] = 28  # room for the unit below the axis
    labels = {"width": 150, "overflow": "truncate"}
    options["yAxis"][0].update(
        axisTick={"show": False}, data=[name for name, _value in reversed(values)], axisLabel=labels
    )
    options["grid"]["left"] = 16
    options["series"][0].update(name=title, data=[_figure(value) for _name, value in reversed(values)])
    if average is not None:
        _reference(options, "xAxis", *average)
    return options


def upright_bars(title: str, unit: str, values: Sequence[tuple[str, Decimal | None]]) -> dict[str, Any]:
    """Upright bars in the order given: stretches of time, the first on the left."""
    chart = Bar()
    chart.add_xaxis([])
    chart.add_yaxis("", [], category_gap="30%")
    chart.set_series_opts(label_opts=opts.LabelOpts(is_show=len(values) <= 14, position="top"))
    options = _options(chart, title, unit)
    options["xAxis"][0].update(axisTick={"show": False}, data=[name for name, _value in values])
    options["yAxis"][0].update(name=unit, nameTextStyle=_OVER_AXIS, splitLine={"lineStyle": {"opacity": 0.4}})
    options["grid"]["top"] = 44  # room for the unit above the axis
    options["series"][0].update(name=title, data=[_figure(value) for _name, value in values])
    return options


def line_chart(
    title: str, unit: str, categories: Sequence[str], series: Mapping[str, Sequence[Decimal | None]]
) -> dict[str, Any]:
    """One line per series over the categories; a missing value is a gap."""
    chart = Line()
    chart.add_xaxis([])
    for _name in series:
        chart.add_yaxis("", [], is_smooth=False, symbol_size=6, label_opts=opts.LabelOpts(is_show=False))
    options = _options(chart, title, unit)
    options["xAxis"][0]["data"] = list(categories)
    options["yAxis"][0].update(name=unit, nameTextStyle=_OVER_AXIS, splitLine={"lineStyle": {"opacity": 0.4}})
    options["legend"] = [{"show": len(series) > 1, "top": 0}]
    options["grid"]["top"] = 44  # room for the legend, and the unit above the axis
    options["tooltip"]["trigger"] = "axis"
    for drawn, (name, values) in zip(options["series"], series.items(), strict=True):
        drawn.update(name=name, data=[_figure(value) for value in values])
    return options


def _options(chart: RectChart, title: str, unit: str) -> dict[str, Any]:
    """pyecharts' dictionary with what every chart of ours shares; colours are the page's own."""
    options: dict[str, Any] = json.loads(chart.dump_options_with_quotes())
    options.pop("color", None)
    options["animation"] = False
    options["title"] = []
    options["legend"] = [{"show": False}]
    options["grid"] = {"left": 8, "right": 56, "top": 24, "bottom": 8, "containLabel": True}
    options["tooltip"] = {"trigger": "item", "renderMode": "richText", "confine": True}
    options["aria"] = {"enabled": True, "label": {"description": f"{title} ({unit})"}}
    return options


def _reference(options: dict[str, Any], axis: str, name: str, value: Decimal) -> None:
    options["series"][0]["markLine"] = {
        "symbol": "none",
        "silent": True,
        "label": {
            "formatter": f"{name} {_number(value)}".replace("{", "(").replace("}", ")"),
            "position": "end",
        },
        "lineStyle": {"type": "dashed"},
        "data": [{axis: _number(value)}],
    }


def _figure(value: Decimal | None) -> int | float | None:
    return None if value is None else _number(value)


def _number(value: Decimal) -> int | float:
    """A number for the drawing: whole ones without a point."""
    return int(value) if value == value.to_integral_value() else float(round(value, 2))
