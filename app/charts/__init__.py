"""ECharts option builders: options as JSON, never as JavaScript, and drawn from our own static files."""

from __future__ import annotations

from app.charts.options import line_chart, ranked_bars, upright_bars

__all__ = ["line_chart", "ranked_bars", "upright_bars"]
