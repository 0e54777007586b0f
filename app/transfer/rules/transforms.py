"""The small named steps a mapping may apply to a cell. They are data: a mapping can name them, never write
code."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

Step = Callable[[Any], Any]


class BadStep(ValueError):
    """A cell a step cannot take; `step` is the step's name."""

    def __init__(self, step: str, value: Any):
        self.step = step
        self.value = value
        super().__init__(step)


def _text(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def birth_number(value: Any) -> tuple[date, str]:
    """(birth date, sex) of a Czech birth number YYMMDD: women have 50 added to the month (Berka, PKDD'99).

    >>> birth_number("706213")
    (datetime.date(1970, 12, 13), 'female')
    """
    text = _text(value)
    if not re.fullmatch(r"\d{6}", text):
        raise BadStep("birth_number", value)
    year, month, day = int(text[:2]), int(text[2:4]), int(text[4:])
    sex = "female" if month > 50 else "male"
    try:
        return date(1900 + year, month - 50 if month > 50 else month, day), sex
    except ValueError as wrong:
        raise BadStep("birth_number", value) from wrong


def _date(pattern: str) -> Step:
    """`strptime`; a two-digit year means 19yy or 20yy by its own rule (69–99 are 19yy)."""

    def step(value: Any) -> Any:
        if isinstance(value, date):
            return value
        try:
            return datetime.strptime(_text(value), pattern)  # noqa: DTZ007  (the site's zone is added when typed)
        except ValueError as wrong:
            raise BadStep("date", value) from wrong

    return step


def _day(pattern: str) -> Step:
    moment = _date(pattern)

    def step(value: Any) -> Any:
        found = moment(value)
        return found.date() if isinstance(found, datetime) else found

    return step


def _multiply(factor: str) -> Step:
    by = Decimal(factor)

    def step(value: Any) -> Any:
        try:
            return Decimal(_text(value).replace(",", "")) * by
        except InvalidOperation as wrong:
            raise BadStep("multiply", value) from wrong

    return step


def _slice(argument: Any) -> Step:
    start, end = argument
    return lambda value: _text(value)[start:end]


def _replace(argument: Any) -> Step:
    old, new = map(str, argument)
    return lambda value: _text(value).replace(old, new)


#: Step name -> (takes an argument, maker). `multiply: 1000000` turns millions into units.
STEPS: dict[str, tuple[bool, Callable[[Any], Step]]] = {
    "trim": (False, lambda _: _text),
    "upper": (False, lambda _: lambda value: _text(value).upper()),
    "lower": (False, lambda _: lambda value: _text(value).lower()),
    "title": (False, lambda _: lambda value: _text(value).title()),
    "digits": (False, lambda _: lambda value: re.sub(r"\D", "", _text(value))),
    "prefix": (True, lambda text: lambda value: f"{text}{_text(value)}"),
    "suffix": (True, lambda text: lambda value: f"{_text(value)}{text}"),
    "pad": (True, lambda width: lambda value: _text(value).zfill(int(width))),
    "slice": (True, _slice),
    "replace": (True, _replace),
    "multiply": (True, lambda factor: _multiply(str(factor))),
    "date": (True, lambda pattern: _day(str(pattern))),
    "datetime": (True, lambda pattern: _date(str(pattern))),
    "birth_number_date": (False, lambda _: lambda value: birth_number(value)[0]),
    "birth_number_sex": (False, lambda _: lambda value: birth_number(value)[1]),
}


def make_step(name: str, argument: Any = None) -> Step:
    """The step of that name. Raises `ValueError` for an unknown name or an argument it cannot use."""
    if name not in STEPS:
        raise ValueError(f"unknown step '{name}'; known: {', '.join(STEPS)}")
    wants, maker = STEPS[name]
    if wants == (argument is None):
        raise ValueError(f"step '{name}' {'needs an argument' if wants else 'takes no argument'}")
    try:
        return maker(argument)
    except (TypeError, ValueError, ArithmeticError) as wrong:
        raise ValueError(f"step '{name}' cannot use {argument!r}") from wrong
