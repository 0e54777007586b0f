"""From a checked tree to one plain function of a record's values.

A missing value makes whatever is computed from it missing, as an error does in CEL: ``&&`` and ``||`` still answer
where the other side decides, ``==`` and ``in`` compare with null. What cannot be computed (a division by zero, a text
that is no number) is missing, too. Numbers are exact: 28 significant digits, halves rounded up.
"""

from __future__ import annotations

import calendar
import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from app.fields.expressions.syntax import Call, Literal, Name, Node, Several

_EXACT = Context(prec=28, rounding=ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an expression may know besides the record: the day, and the time zone of the site."""

    today: date
    zone: ZoneInfo


Run = Callable[[Mapping[str, Any], Surroundings], Any]


def build(node: Node) -> Run:
    """The function of a tree that `checking.check` has accepted: (values, surroundings) -> value or None."""
    if isinstance(node, Literal):
        value = node.value
        return lambda _values, _around: value
    if isinstance(node, Name):
        name = node.name
        return lambda values, _around: values.get(name)
    assert isinstance(node, Call)  # noqa: S101 - a list stands at the right of `in` only
    if node.function == "in":
        return _among(node)
    parts = tuple(build(argument) for argument in node.arguments)
    if node.function in _LAZY:
        return _LAZY[node.function](*parts)
    if node.function in _SURROUNDED:
        return _surrounded(_SURROUNDED[node.function], parts)
    return _strict(_FUNCTIONS[node.function], parts)


def _strict(act: Callable[..., Any], parts: tuple[Run, ...]) -> Run:
    """A function of values that are all there."""
    if len(parts) == 2:
        first, second = parts

        def run_two(values: Mapping[str, Any], around: Surroundings) -> Any:
            left, right = first(values, around), second(values, around)
            return None if left is None or right is None else _tried(act, left, right)

        return run_two

    def run(values: Mapping[str, Any], around: Surroundings) -> Any:
        given = [part(values, around) for part in parts]
        return None if None in given else _tried(act, *given)

    return run


def _surrounded(act: Callable[..., Any], parts: tuple[Run, ...]) -> Run:
    def run(values: Mapping[str, Any], around: Surroundings) -> Any:
        given = [part(values, around) for part in parts]
        return None if None in given else _tried(act, around, *given)

    return run


def _tried(act: Callable[..., Any], *given: Any) -> Any:
    try:
        return act(*given)
    except (ArithmeticError, ValueError):
        return None


def _among(node: Call) -> Run:
    left, listed = build(node.arguments[0]), node.arguments[1]
    if isinstance(listed, Name):
        several = build(listed)
        return _strict(lambda wanted, held: wanted in held, (left, several))
    items = tuple(build(item) for item in listed.items) if isinstance(listed, Several) else ()

    def run(values: Mapping[str, Any], around: Surroundings) -> Any:
        wanted = left(values, around)
        return any(item(values, around) == wanted for item in items)

    return run


def _and(first: Run, second: Run) -> Run:
    def run(values: Mapping[str, Any], around: Surroundings) -> Any:
        left = first(values, around)
        if left is False:
            return False
        right = second(values, around)
        return False if right is False else None if left is None or right is None else True

    return run


def _or(first: Run, second: Run) -> Run:
    def run(values: Mapping[str, Any], around: Surroundings) -> Any:
        left = first(values, around)
        if left is True:
            return True
        right = second(values, around)
        return True if right is True else None if left is None or right is None else False

    return run


def _choose(asked: Run, first: Run, second: Run) -> Run:
    def run(values: Mapping[str, Any], around: Surroundings) -> Any:
        found = asked(values, around)
        return None if found is None else (first if found else second)(values, around)

    return run


def _same(first: Run, second: Run) -> Run:
    return lambda values, around: first(values, around) == second(values, around)


def _other(first: Run, second: Run) -> Run:
    return lambda values, around: first(values, around) != second(values, around)


def _first_there(*parts: Run) -> Run:
    def run(values: Mapping[str, Any], around: Surroundings) -> Any:
        return next((found for part in parts if (found := part(values, around)) is not None), None)

    return run


def _exactly(act: Callable[[Context, Any, Any], Decimal], plain: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    """Decimals by the exact context, whole numbers (and texts) as they are."""

    def run(left: Any, right: Any) -> Any:
        if isinstance(left, Decimal) or isinstance(right, Decimal):
            return act(_EXACT, left, right)
        return plain(left, right)

    return run


def _remainder(left: int, right: int) -> int:
    """The remainder with the sign of the first number, as in CEL."""
    return left - right * int(math.copysign(1, left) * math.copysign(1, right)) * (abs(left) // abs(right))


def _whole(value: Any) -> int:
    return int(_decimal(value))


def _decimal(value: Any) -> Decimal:
    number = Decimal(value.strip() if isinstance(value, str) else value)
    if not number.is_finite() or abs(number.adjusted()) > 40:  # 9e999999 would take minutes to write out
        raise ValueError("not a number of any use")
    return number


def _rounded(value: Any, digits: int = 0) -> Decimal:
    """Halves away from zero: 2.505 to two digits is 2.51."""
    if not 0 <= digits <= 6:
        raise ValueError("digits")
    return Decimal(value).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)


def _part(text: str, start: int, end: int | None = None) -> str:
    if start < 0 or (end is not None and end < start):
        raise ValueError("a part that is none")
    return text[start:end]


def _written(around: Surroundings, value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.astimezone(around.zone).strftime("%Y-%m-%d %H:%M")
    return value.isoformat() if isinstance(value, date) else f"{value:f}" if isinstance(value, Decimal) else str(value)


def _day(around: Surroundings, value: Any) -> date:
    if isinstance(value, datetime):
        return value.astimezone(around.zone).date()
    return value if isinstance(value, date) else date.fromisoformat(value.strip())


def _years_between(first: date, second: date) -> int:
    """Completed years, as an age is counted: negative where the second day comes before the first."""
    if second < first:
        return -_years_between(second, first)
    return second.year - first.year - ((second.month, second.day) < (first.month, first.day))


def _months_later(day: date, months: int) -> date:
    """The same day so many months later; the month's last day where it has no such day."""
    count = day.year * 12 + day.month - 1 + months
    year, month = divmod(count, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


_LAZY: dict[str, Callable[..., Run]] = {
    "&&": _and, "||": _or, "?:": _choose, "==": _same, "!=": _other, "coalesce": _first_there,
}  # fmt: skip
_SURROUNDED: dict[str, Callable[..., Any]] = {
    "today": lambda around: around.today,
    "date": _day,
    "string": _written,
    "year": lambda around, value: _day(around, value).year,
    "month": lambda around, value: _day(around, value).month,
    "day": lambda around, value: _day(around, value).day,
}
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "!": operator.not_,
    "neg": operator.neg,
    "+": _exactly(Context.add, operator.add),
    "-": _exactly(Context.subtract, operator.sub),
    "*": _exactly(Context.multiply, operator.mul),
    "/": lambda left, right: _EXACT.divide(Decimal(left), Decimal(right)),
    "%": _remainder,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "size": len,
    "contains": lambda text, part: part in text,
    "startsWith": str.startswith,
    "endsWith": str.endswith,
    "lowerAscii": lambda text: "".join(each.lower() if each.isascii() else each for each in text),
    "upperAscii": lambda text: "".join(each.upper() if each.isascii() else each for each in text),
    "trim": str.strip,
    "substring": _part,
    "int": _whole,
    "double": _decimal,
    "round": _rounded,
    "floor": math.floor,
    "ceil": math.ceil,
    "abs": abs,
    "min": lambda *given: min(given),
    "max": lambda *given: max(given),
    "days_between": lambda first, second: (second - first).days,
    "years_between": _years_between,
    "add_days": lambda day, days: day + timedelta(days=days),
    "add_months": _months_later,
}

__all__ = ["Run", "Surroundings", "build"]
