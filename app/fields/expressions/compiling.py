"""An expression ready for use: what it uses and its function."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from app.fields.expressions.checking import OF_KIND, Type, check
from app.fields.expressions.running import Run, Surroundings, build
from app.fields.expressions.syntax import BadExpression, Node, read
from app.types import Field, Kind

#: What the result of a formula may be.
RESULTS = (Kind.TEXT, Kind.INTEGER, Kind.DECIMAL, Kind.MONEY, Kind.PERCENT, Kind.DATE, Kind.BOOLEAN)
_DIGITS = {Kind.MONEY: 2, Kind.DECIMAL: 6, Kind.PERCENT: 6}
#: Numbers from here on have no place in a column.
_TOO_LARGE = Decimal(10) ** 15


@dataclass(frozen=True, slots=True)
class Expression:
    """A checked expression: its text and tree, the fields it uses, whether it changes as days pass."""

    text: str
    tree: Node
    type: Type
    uses: tuple[str, ...]
    by_time: bool
    run: Run


def compile_expression(text: str, fields: Mapping[str, Field]) -> Expression:
    """Read and check an expression over these fields. Raises `BadExpression`."""
    tree = read(text)
    found = check(tree, fields)
    return Expression(text, tree, found.type, tuple(found.uses), found.by_time, build(tree))


def compile_condition(text: str, fields: Mapping[str, Field]) -> Expression:
    """An expression that answers yes or no. Raises `BadExpression`."""
    made = compile_expression(text, fields)
    if made.type is not Type.BOOLEAN:
        raise BadExpression("no_condition", 0, type=made.type)
    return made


def compile_formula(text: str, fields: Mapping[str, Field], kind: Kind) -> Expression:
    """An expression whose result fits a field of the kind. Raises `BadExpression`."""
    made = compile_expression(text, fields)
    wanted = OF_KIND[kind]
    fits = made.type in (wanted, Type.NULL) or (wanted is Type.DECIMAL and made.type is Type.INTEGER)
    if not fits:
        code = "round_it" if wanted is Type.INTEGER and made.type is Type.DECIMAL else "result"
        raise BadExpression(code, 0, wanted=wanted, type=made.type)
    return made


def result(kind: Kind, value: Any, longest: int = 200) -> Any:
    """A formula's value as its field keeps it: amounts to the cent, a text cut to its length; None if it is too large.

    >>> result(Kind.MONEY, Decimal("2.505"))
    Decimal('2.51')
    """
    if value is None:
        return None
    if kind is Kind.TEXT:
        return str(value).replace("\x00", "")[:longest] or None
    if kind is Kind.INTEGER:
        return value if abs(value) < 2**53 else None
    if kind in _DIGITS:
        number = Decimal(value)
        if abs(number) >= _TOO_LARGE:
            return None
        exact = number.quantize(Decimal(1).scaleb(-_DIGITS[kind]), ROUND_HALF_UP)
        return exact if kind is Kind.MONEY else exact.normalize() + 0
    return value


def in_order(uses: Mapping[str, Iterable[str]]) -> list[str]:
    """The names so that each comes after those it uses; names that are no key need no place.

    Raises `Cycle` with the way round.

    >>> in_order({"x_a": ["x_b"], "x_b": ["name"]})
    ['x_b', 'x_a']
    """
    done: dict[str, None] = {}
    way: list[str] = []

    def visit(name: str) -> None:
        if name in done or name not in uses:
            return
        if name in way:
            raise Cycle((*way[way.index(name) :], name))
        way.append(name)
        for used in uses[name]:
            visit(used)
        way.pop()
        done[name] = None

    for name in uses:
        visit(name)
    return list(done)


class Cycle(ValueError):
    """Formulas that use each other in a circle: `way` names them, the first again at the end."""

    def __init__(self, way: tuple[str, ...]):
        self.way = way
        super().__init__(" → ".join(way))


__all__ = [
    "RESULTS",
    "BadExpression",
    "Cycle",
    "Expression",
    "Surroundings",
    "compile_condition",
    "compile_expression",
    "compile_formula",
    "in_order",
    "result",
]
