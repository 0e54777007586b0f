"""The log: trace id and site on every line, nobody's data in it."""

from __future__ import annotations

import doctest
import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from app.host import logs
from app.host.logs import configure_logging, without_personal_data


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    levels = {name: logging.getLogger(name).level for name in logs.QUIET}
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, old in levels.items():
        logging.getLogger(name).setLevel(old)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def test_the_worked_examples_hold() -> None:
    assert doctest.testmod(logs).failed == 0


@pytest.mark.parametrize(
    "text",
    [
        "13800138000",
        "+86 138-0013-8000",
        "11010519491231002X",
        "6222 0202 0000 1234 567",
        "a.b@c.example",
        "[parameters: ('张三',)]",
    ],
)
def test_numbers_and_addresses_are_blotted_out(text: str) -> None:
    assert text not in without_personal_data(f"refused {text} here")


@pytest.mark.parametrize(
    "text", ["run 1234567 of 7654321", "2026-11-22T15:30:00", "took 12345.678 ms", "0f3a9c1d2e4b5a60"]
)
def test_ids_times_and_figures_stay(text: str) -> None:
    assert without_personal_data(text) == text


def test_json_lines_carry_trace_and_site() -> None:
    stream = io.StringIO()
    configure_logging("INFO", as_json=True, stream=stream)
    structlog.contextvars.bind_contextvars(trace_id="0f3a9c1d2e4b5a60", site="demo")
    try:
        raise ValueError("Key (mobile)=(13800138000) already exists")
    except ValueError:
        logging.getLogger("app.x").exception("import of %s failed", "li@bank.example")
    line = json.loads(stream.getvalue())
    assert (line["trace_id"], line["site"], line["level"], line["logger"]) == (
        "0f3a9c1d2e4b5a60",
        "demo",
        "error",
        "app.x",
    )
    assert line["event"] == "import of *** failed"
    assert "ValueError" in line["exception"]
    assert "13800138000" not in stream.getvalue()


def test_lines_for_reading_are_one_line_each() -> None:
    stream = io.StringIO()
    configure_logging("INFO", stream=stream)
    logging.getLogger("app.y").info("%s ready", "demo")
    logging.getLogger("flask_appbuilder.security.manager").warning("Login Failed for user: li")
    assert stream.getvalue().count("\n") == 1
    assert "INFO app.y demo ready" in stream.getvalue()
