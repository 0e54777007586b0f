"""Templates are compiled once per process, and anew when their file has changed."""

from __future__ import annotations

from typing import Any

import pytest
from jinja2 import DictLoader, Environment

from app.base.compiled import CompiledTemplates


class Counting(Environment):
    """Counts what is compiled."""

    compiled = 0

    def compile(self, *given: Any, **more: Any) -> Any:
        Counting.compiled += 1
        return super().compile(*given, **more)


@pytest.fixture(autouse=True)
def _from_nought() -> None:
    Counting.compiled = 0


def test_two_apps_compile_a_template_once() -> None:
    kept, files = CompiledTemplates(), DictLoader({"page.html": "Hello {{ name }}"})
    said = [
        Counting(loader=files, bytecode_cache=kept).get_template("page.html").render(name=name) for name in ("a", "b")
    ]
    assert said == ["Hello a", "Hello b"]
    assert Counting.compiled == 1


def test_a_changed_template_is_compiled_anew() -> None:
    kept = CompiledTemplates()
    for text in ("first", "second", "first"):
        files = DictLoader({"page.html": text})
        assert Counting(loader=files, bytecode_cache=kept).get_template("page.html").render() == text
    assert Counting.compiled == 3
