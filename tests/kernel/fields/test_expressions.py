"""The language of formulas and conditions: what it reads, refuses and answers, held to the reference of CEL."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import cel
import pytest
from flask import Flask
from flask_babel import force_locale

from app.fields.expressions.compiling import (
    BadExpression,
    Cycle,
    Surroundings,
    compile_condition,
    compile_expression,
    compile_formula,
    in_order,
    result,
)
from app.fields.expressions.messages import TEXTS, told
from app.types import Choice, Field, Kind

AROUND = Surroundings(date(2026, 5, 1), ZoneInfo("Asia/Shanghai"))
FIELDS = {
    field.name: field
    for field in (
        Field("amount", "", Kind.MONEY),
        Field("rate", "", Kind.PERCENT),
        Field("n", "", Kind.INTEGER),
        Field("born", "", Kind.DATE),
        Field("at", "", Kind.DATETIME),
        Field("name", ""),
        Field("ok", "", Kind.BOOLEAN),
        Field("owner_id", "", Kind.LINK),
        Field("tags", "", Kind.CHOICES, choices=(Choice("red", "红"), Choice("blue", "蓝"))),
        Field("level", "", Kind.CHOICE, choices=(Choice("vip", "贵宾"), Choice("plain", "普通"))),
    )
}


def run(text: str, **values: Any) -> Any:
    return compile_expression(text, FIELDS).run(values, AROUND)


@pytest.mark.parametrize(
    ("text", "values", "wanted"),
    [
        ("amount * rate / 100", {"amount": Decimal("100.20"), "rate": Decimal("2.5")}, Decimal("2.505")),
        ("0.1 + 0.2 == 0.3", {}, True),
        ("7 / 2", {}, Decimal("3.5")),
        ("round(rate, 1)", {"rate": Decimal("2.45")}, Decimal("2.5")),
        ("size(name)", {"name": "赵敏"}, 2),
        ("string(born) + '/' + string(ok)", {"born": date(2024, 2, 29), "ok": True}, "2024-02-29/true"),
        ("years_between(born, today())", {"born": date(2000, 5, 2)}, 25),
        ("years_between(born, today())", {"born": date(2000, 5, 1)}, 26),
        ("add_months(born, 1)", {"born": date(2024, 1, 31)}, date(2024, 2, 29)),
        ("days_between(born, add_days(born, 30))", {"born": date(2024, 1, 31)}, 30),
        ("date(at)", {"at": datetime(2026, 4, 30, 17, tzinfo=UTC)}, date(2026, 5, 1)),
        ("born > date('2024-01-01') && level in ['vip']", {"born": date(2024, 2, 1), "level": "vip"}, True),
        ("substring(name, 0, 1) + trim(' b ')", {"name": "赵敏"}, "赵b"),
        ("coalesce(n, 0) + max(1, 2.5)", {}, Decimal("2.5")),
        ("owner_id != null", {"owner_id": 7}, True),
        ("'red' in tags && !('blue' in tags)", {"tags": ["red"]}, True),
        ('"it\'s" + \'\\\'\'', {}, "it's'"),
    ],
)
def test_answers(text: str, values: dict[str, Any], wanted: Any) -> None:
    assert run(text, **values) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("n + 1", None), ("n > 1", None), ("!(n > 1)", None), ("n == null", True), ("n != 3", True), ("n in [1]", False),
     ("n > 1 && false", False), ("n > 1 && true", None), ("true || n > 1", True), ("n > 1 ? 'a' : 'b'", None),
     ("1 / 0", None), ("int('drei')", None), ("int('9e999999')", None), ("double('NaN')", None),
     ("add_days(date('9999-12-31'), 1)", None), ("substring('abc', 2, 1)", None)],
)  # fmt: skip
def test_what_is_missing_or_cannot_be_computed_is_empty(text: str, wanted: Any) -> None:
    assert run(text) is wanted


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("n + 2 * 3 - -n", {"n": 5}), ("n % 3", {"n": -7}), ("-7 % -3", {}), ("n > 3 || n < -3 && n != 0", {"n": 4}),
        ("ok ? 'a' : 'b' + 'c'", {"ok": False}), ("!ok && true", {"ok": False}), ("name + '!' == 'x!'", {"name": "x"}),
        ("'ab'.contains('b') && name.startsWith('a')", {"name": "ab"}), ("n in [1, 2, 3]", {"n": 2}),
        ("name < 'b' ? 1 : 2", {"name": "a"}), ("n == null", {"n": None}), ("false && 1 / 0 == 1", {}),
        ("(n + 1) * 2 >= 6 == true", {"n": 2}), ("'\\n' + \"\\\"\"", {}), ("int(2.9) // two", {}),
        ("ok ? n : ok ? 1 : 2", {"ok": True, "n": 9}), ("1 - 2 - 3", {}), ("2.5 > 2 && 2 < 2.5", {}),
    ],
)  # fmt: skip
def test_agrees_with_the_reference(text: str, values: dict[str, Any]) -> None:
    assert run(text, **values) == cel.evaluate(text, values)


@pytest.mark.parametrize(
    ("text", "code", "at"),
    [
        ("", "nothing", 0), ("a" * 2001, "long", 2000), ("(" * 40 + "1" + ")" * 40, "deep", 30), ("n +", "end", 3),
        ("n n", "unexpected", 2), ("n # 1", "character", 2), ("n＋1", "full_width", 1), ("name + 'x", "open_text", 7),
        ("'\\q'", "escape", 1), ("1234567890123456", "number", 0), ("name[0]", "unsupported", 4),
        ("name.length", "unsupported", 4), ("[1]", "list", 0), ("n in n", "not_list", 5), ("zzzz", "unknown", 0),
        ("nam", "unknown_near", 0), ("n + open('x')", "no_function", 4), ("sise(name)", "no_function_near", 0),
        ("size()", "count", 0), ("1 + size(n)", "takes", 9), ("n > 'a'", "operator", 2), ("name - 1", "operator", 5),
        ("born == at", "operator", 5), ("ok ? 1 : 'a'", "mixed", 3), ("level == 'gold'", "no_choice", 9),
        ("level in ['vip', 'x']", "no_choice", 17), ("[1].map(x, x)", "no_function_near", 4),
        ("__import__('os')", "no_function", 0),
        ("1" + "+1" * 200, "deep", 241), ("-" * 100 + "1", "deep", 59), ("n == if", "unexpected", 5),
        ("owner_id + 1", "operator", 9), ("n && ok", "takes", 0),
        ("'green' in tags", "no_choice", 0), ("tags == 'red'", "operator", 5),
    ],
)  # fmt: skip
def test_refusals_say_what_and_where(text: str, code: str, at: int) -> None:
    with pytest.raises(BadExpression) as refused:
        compile_expression(text, FIELDS)
    assert (refused.value.code, refused.value.at) == (code, at)


def test_every_refusal_has_its_words(app: Flask) -> None:
    details = dict.fromkeys(("most", "found", "meant", "near", "function", "least", "wanted", "type"), "?")
    details |= dict.fromkeys(("operator", "first", "second", "known"), "?")
    for locale, place in (("zh", "第 2 行第 3 个字符"), ("en", "line 2, character 3")):
        with force_locale(locale):
            for code in TEXTS:
                said = told(BadExpression(code, 4, **details), "a\nbcd")
                assert place in said and (locale == "en" or not said.isascii()), code


def test_results_fit_their_field() -> None:
    for text, kind, code in (("n > 1", Kind.TEXT, "result"), ("n / 2", Kind.INTEGER, "round_it")):
        with pytest.raises(BadExpression) as refused:
            compile_formula(text, FIELDS, kind)
        assert refused.value.code == code
    with pytest.raises(BadExpression):
        compile_condition("n + 1", FIELDS)
    assert compile_formula("n", FIELDS, Kind.MONEY).uses == ("n",)
    assert compile_formula("today()", FIELDS, Kind.DATE).by_time
    assert result(Kind.MONEY, Decimal("2.505")) == Decimal("2.51") and result(Kind.MONEY, 10**15) is None
    assert result(Kind.TEXT, "长" * 300) == "长" * 200 and result(Kind.INTEGER, 2**60) is None
    assert str(result(Kind.DECIMAL, Decimal(1) / 3)) == "0.333333"
    assert str(result(Kind.PERCENT, Decimal("1.500"))) == "1.5"


def test_formulas_come_after_what_they_use() -> None:
    assert in_order({"x_a": ["x_b", "n"], "x_c": ["x_a"], "x_b": []}) == ["x_b", "x_a", "x_c"]
    with pytest.raises(Cycle) as circle:
        in_order({"x_a": ["x_b"], "x_b": ["x_c"], "x_c": ["x_b"]})
    assert circle.value.way == ("x_b", "x_c", "x_b")
