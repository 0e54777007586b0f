"""What type every part of an expression has, found before it ever runs; what does not fit is told with its place.

Every value may be missing, so the types say nothing about that. Whole numbers and decimals mix; nothing else does.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from app.fields.expressions.syntax import BadExpression, Call, Literal, Name, Node, Several
from app.types import Field, Kind


class Type(StrEnum):
    """What a part of an expression is."""

    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    DATE = "date"
    MOMENT = "moment"
    LINK = "link"
    LIST = "list"
    NULL = "null"


T, N, D, B, DAY, MOMENT = Type.TEXT, Type.INTEGER, Type.DECIMAL, Type.BOOLEAN, Type.DATE, Type.MOMENT
_NUMBERS = (N, D)
_SCALARS = (T, N, D, B, DAY, MOMENT)

OF_KIND: dict[Kind, Type] = {
    Kind.INTEGER: N, Kind.DECIMAL: D, Kind.MONEY: D, Kind.PERCENT: D, Kind.BOOLEAN: B, Kind.DATE: DAY,
    Kind.DATETIME: MOMENT, Kind.LINK: Type.LINK, Kind.TEXT: T, Kind.LONG_TEXT: T, Kind.CHOICE: T, Kind.PHONE: T,
    Kind.EMAIL: T, Kind.ID_NUMBER: T, Kind.USCC: T, Kind.BANK_CARD: T,
    Kind.REGION: T, Kind.CHOICES: Type.LIST,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Signature:
    """What a function takes, and what it gives: a type, or None for the widest of what it was given.

    `least` arguments must be there; with `rest` the last one may be repeated.
    """

    takes: tuple[tuple[Type, ...], ...]
    gives: Type | None
    least: int | None = None
    rest: bool = False


_TEXT_TEST = Signature(((T,), (T,)), B)
_PART_OF_DAY = Signature(((DAY, MOMENT),), N)
_PICK = Signature((_NUMBERS, _NUMBERS), None, rest=True)
FUNCTIONS: dict[str, Signature] = {
    "size": Signature(((T,),), N),
    "contains": _TEXT_TEST,
    "startsWith": _TEXT_TEST,
    "endsWith": _TEXT_TEST,
    "lowerAscii": Signature(((T,),), T),
    "upperAscii": Signature(((T,),), T),
    "trim": Signature(((T,),), T),
    "substring": Signature(((T,), (N,), (N,)), T, least=2),
    "string": Signature((_SCALARS,), T),
    "int": Signature(((T, N, D),), N),
    "double": Signature(((T, N, D),), D),
    "round": Signature((_NUMBERS, (N,)), D, least=1),
    "floor": Signature((_NUMBERS,), N),
    "ceil": Signature((_NUMBERS,), N),
    "abs": Signature((_NUMBERS,), None),
    "min": _PICK,
    "max": _PICK,
    "coalesce": Signature((_SCALARS, _SCALARS), None, rest=True),
    "date": Signature(((T, MOMENT, DAY),), DAY),
    "year": _PART_OF_DAY,
    "month": _PART_OF_DAY,
    "day": _PART_OF_DAY,
    "days_between": Signature(((DAY,), (DAY,)), N),
    "years_between": Signature(((DAY,), (DAY,)), N),
    "add_days": Signature(((DAY,), (N,)), DAY),
    "add_months": Signature(((DAY,), (N,)), DAY),
    "today": Signature((), DAY),
}
#: The functions whose answer changes by itself.
OF_TIME = frozenset({"today"})


@dataclass(slots=True)
class Findings:
    """What an expression is: its type, the fields it uses in their order, whether it changes as days pass."""

    type: Type = Type.NULL
    uses: dict[str, None] = field(default_factory=dict)
    by_time: bool = False


def check(tree: Node, fields: Mapping[str, Field]) -> Findings:
    """Type the tree against the fields it may name. Raises `BadExpression`."""
    found = Findings()
    found.type = _Checker(fields, found).type_of(tree)
    return found


class _Checker:
    def __init__(self, fields: Mapping[str, Field], found: Findings):
        self.fields, self.found = fields, found

    def type_of(self, node: Node) -> Type:
        if isinstance(node, Literal):
            return _literal(node.value)
        if isinstance(node, Name):
            return self.name(node)
        if isinstance(node, Several):
            raise BadExpression("list", node.at)
        if node.function in _OPERATORS:
            return _OPERATORS[node.function](self, node)
        return self.call(node)

    def name(self, node: Name) -> Type:
        described = self.fields.get(node.name)
        if described is None or described.kind not in OF_KIND:
            known = [name for name, field in self.fields.items() if field.kind in OF_KIND]
            near = difflib.get_close_matches(node.name, known, 1)
            raise BadExpression("unknown_near" if near else "unknown", node.at, found=node.name, near="".join(near))
        self.found.uses.setdefault(node.name)
        return OF_KIND[described.kind]

    def call(self, node: Call) -> Type:
        signature = FUNCTIONS.get(node.function)
        if signature is None:
            near = difflib.get_close_matches(node.function, FUNCTIONS, 1)
            code = "no_function_near" if near else "no_function"
            raise BadExpression(code, node.at, found=node.function, near="".join(near))
        least = len(signature.takes) if signature.least is None else signature.least
        most = 40 if signature.rest else len(signature.takes)
        if not least <= len(node.arguments) <= most:
            raise BadExpression("count", node.at, function=node.function, least=least, most=most)
        types = []
        for number, argument in enumerate(node.arguments):
            wanted = signature.takes[min(number, len(signature.takes) - 1)]
            types.append(self.need(argument, wanted, node.function))
        self.found.by_time |= node.function in OF_TIME
        return signature.gives or self.widest(types, node)

    def need(self, node: Node, wanted: tuple[Type, ...], function: str) -> Type:
        found = self.type_of(node)
        if found is not Type.NULL and found not in wanted:
            raise BadExpression("takes", node.at, function=function, wanted=wanted, type=found)
        return found

    def widest(self, types: list[Type], node: Call) -> Type:
        present = [each for each in dict.fromkeys(types) if each is not Type.NULL]
        if not present:
            return Type.NULL
        if set(present) <= set(_NUMBERS):
            return D if D in present else N
        if len(present) > 1:
            raise BadExpression("mixed", node.at, first=present[0], second=present[1])
        return present[0]

    def both(self, node: Call) -> tuple[Type, Type]:
        first, second = (self.type_of(each) for each in node.arguments)
        return first, second

    def logic(self, node: Call) -> Type:
        for argument in node.arguments:
            self.need(argument, (B,), node.function)
        return B

    def arithmetic(self, node: Call) -> Type:
        first, second = self.both(node)
        if node.function == "+" and {first, second} <= {T, Type.NULL} and T in (first, second):
            return T
        wanted = (N,) if node.function == "%" else _NUMBERS
        for each, other in ((first, second), (second, first)):
            if each is not Type.NULL and each not in wanted:
                raise BadExpression("operator", node.at, operator=node.function, first=first, second=second)
            if each is Type.NULL and other is Type.NULL:
                raise BadExpression("operator", node.at, operator=node.function, first=first, second=second)
        if node.function == "/":
            return D
        return D if D in (first, second) else N

    def negative(self, node: Call) -> Type:
        found = self.need(node.arguments[0], _NUMBERS, "-")
        return N if found is Type.NULL else found

    def comparison(self, node: Call) -> Type:
        first, second = self.both(node)
        ordered = node.function not in ("==", "!=")
        if not _comparable(first, second, ordered):
            raise BadExpression("operator", node.at, operator=node.function, first=first, second=second)
        if not ordered:
            for one, other in (node.arguments, node.arguments[::-1]):
                self.choices(one, other)
        return B

    def among(self, node: Call) -> Type:
        left, right = node.arguments
        first = self.type_of(left)
        if isinstance(right, Name) and self.type_of(right) is Type.LIST:
            if first not in (T, Type.NULL):
                raise BadExpression("operator", node.at, operator="in", first=first, second=Type.LIST)
            self.choices(right, left)
            return B
        if not isinstance(right, Several):
            raise BadExpression("not_list", right.at)
        for item in right.items:
            second = self.type_of(item)
            if not _comparable(first, second, ordered=False):
                raise BadExpression("operator", item.at, operator="in", first=first, second=second)
            self.choices(left, item)
        return B

    def choices(self, one: Node, other: Node) -> None:
        """A choice is compared with one of its values: anything else is a slip that would never be true."""
        if not (isinstance(one, Name) and isinstance(other, Literal) and isinstance(other.value, str)):
            return
        known = [choice.value for choice in self.fields[one.name].choices]
        if known and other.value not in known:
            raise BadExpression("no_choice", other.at, found=other.value, known=known)

    def conditional(self, node: Call) -> Type:
        asked, first, second = node.arguments
        self.need(asked, (B,), "?")
        return self.widest([self.type_of(first), self.type_of(second)], node)


def _literal(value: object) -> Type:
    if value is None:
        return Type.NULL
    if isinstance(value, bool):
        return B
    if isinstance(value, int):
        return N
    return T if isinstance(value, str) else D


def _comparable(first: Type, second: Type, ordered: bool) -> bool:
    if ordered:
        return (first in _NUMBERS and second in _NUMBERS) or (first is second and first in (T, DAY, MOMENT))
    if Type.NULL in (first, second):
        return True
    return first is second or (first in _NUMBERS and second in _NUMBERS)


_OPERATORS = {
    "||": _Checker.logic, "&&": _Checker.logic, "!": _Checker.logic,
    "+": _Checker.arithmetic, "-": _Checker.arithmetic, "*": _Checker.arithmetic, "/": _Checker.arithmetic,
    "%": _Checker.arithmetic, "neg": _Checker.negative, "in": _Checker.among, "?:": _Checker.conditional,
    "<": _Checker.comparison, "<=": _Checker.comparison, ">": _Checker.comparison, ">=": _Checker.comparison,
    "==": _Checker.comparison, "!=": _Checker.comparison,
}  # fmt: skip

__all__ = ["FUNCTIONS", "OF_KIND", "OF_TIME", "Findings", "Type", "check"]
