"""Charts: data stays data, whatever a name contains."""

from __future__ import annotations

import json
from decimal import Decimal

from app.charts import line_chart, ranked_bars

NASTY = "</script><script>alert(1)</script> --x_x--0_0--alert(1)--x_x--0_0--"


def test_names_come_out_as_they_went_in_and_never_as_script() -> None:
    options = ranked_bars("外呼", "次", [(NASTY, Decimal(3)), ("李四", Decimal("1.5"))])

    assert options["yAxis"][0]["data"] == ["李四", NASTY]
    assert options["series"][0]["data"] == [1.5, 3]
    assert "function" not in json.dumps(options)


def test_the_average_is_a_line_across() -> None:
    options = ranked_bars("外呼", "次", [("李四", Decimal(3))], average=("平均", Decimal("1.25")))
    assert options["series"][0]["markLine"]["data"] == [{"xAxis": 1.25}]


def test_a_missing_month_is_a_gap_not_a_zero() -> None:
    options = line_chart("外呼", "次", ["一月", "二月"], {"李四": [Decimal(1), None]})
    assert options["series"][0]["data"] == [1, None]
