"""Rules whose URL builders are compiled late write what Werkzeug's write."""

from __future__ import annotations

import pytest
from flask import Flask
from werkzeug.routing import Map, MapAdapter, Rule
from werkzeug.routing.exceptions import BuildError

from app.base.routing import LateRule

RULES: list[tuple[str, str, dict[str, object] | None]] = [
    ("/customer/list/", "list", None),
    ("/customer/<int:pk>/edit", "edit", None),
    ("/page/", "page", {"number": 1}),
    ("/page/<int:number>", "page", None),
    ("/static/<path:filename>", "static", None),
]
ASKED: list[tuple[str, dict[str, object]]] = [
    ("list", {}),
    ("list", {"q": "张 三", "page": [1, 2]}),
    ("edit", {"pk": 7}),
    ("edit", {"pk": 7, "next": "/a?b=c"}),
    ("page", {"number": 1}),
    ("page", {"number": 2}),
    ("static", {"filename": "vendor/a b/栏.css"}),
]


def adapter(rule: type[Rule]) -> MapAdapter:
    return Map([rule(text, endpoint=name, defaults=given) for text, name, given in RULES]).bind("qiao.test")


@pytest.mark.parametrize(("name", "values"), ASKED)
def test_the_urls_are_the_same(name: str, values: dict[str, object]) -> None:
    late = adapter(LateRule)
    expected = adapter(Rule).build(name, values)
    assert [late.build(name, values), late.build(name, values)] == [expected, expected]


def test_what_cannot_be_built_is_refused_alike() -> None:
    for rule in (Rule, LateRule):
        with pytest.raises(BuildError):
            adapter(rule).build("edit", {})


def test_the_product_uses_them(app: Flask) -> None:
    late = [rule for rule in app.url_map.iter_rules() if isinstance(rule, LateRule)]
    assert len(late) > 300
