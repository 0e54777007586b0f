"""A list's chart as a test reads it."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any

ROW = re.compile(
    r"<tr><td[^>]*>(?:<a class=\"cell-link\" href=\"([^\"]*)\">)?([^<]*)(?:</a>)?</td><td[^>]*>([^<]*)</td>"
)


def bars(answer: Any) -> dict[str, int]:
    """{text: records} of the table beside the chart."""
    assert answer.status_code == 200, answer.text
    return {unescape(text): int(count.replace(",", "")) for _url, text, count in ROW.findall(answer.text)}


def links(answer: Any) -> dict[str, str]:
    return {unescape(text): unescape(url) for url, text, _count in ROW.findall(answer.text)}


def drawn(answer: Any) -> Any:
    found = re.search(r'<script type="application/json" id="chart-data">(.*?)</script>', answer.text, re.DOTALL)
    assert found is not None
    return json.loads(found[1])
