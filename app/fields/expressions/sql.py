"""A condition as a WHERE: the part of the language both databases answer in the same way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import and_, false, func, literal, not_, null, or_

from app.fields.expressions.running import Surroundings, build
from app.fields.expressions.syntax import BadExpression, Call, Literal, Name, Node, Several

#: The functions that are worked out before the query when nothing of the record is in them.
_CONSTANT = frozenset({"date", "today", "add_days", "add_months", "neg"})


def condition(tree: Node, column: Callable[[str], Any], around: Surroundings) -> Any:
    """The SQL of a checked condition; `column` gives the expression of a field. Raises `BadExpression`.

    A missing value behaves as in `running`: what SQL leaves unknown does not hold.
    """
    return _Writer(column, around).write(tree)


class _Writer:
    def __init__(self, column: Callable[[str], Any], around: Surroundings):
        self.column, self.around = column, around

    def write(self, node: Node) -> Any:
        if isinstance(node, Literal):
            return null() if node.value is None else literal(node.value)
        if isinstance(node, Name):
            return self.column(node.name)
        if isinstance(node, Call) and node.function in _WRITTEN:
            return _WRITTEN[node.function](self, *node.arguments)
        if isinstance(node, Call) and node.function in _CONSTANT and not _names_any(node):
            return literal(build(node)({}, self.around))
        raise BadExpression("not_counted", node.at, found=getattr(node, "function", "["))

    def same(self, left: Node, right: Node) -> Any:
        return self.write(left).is_not_distinct_from(self.write(right))

    def among(self, left: Node, right: Node) -> Any:
        if not isinstance(right, Several):
            raise BadExpression("not_counted", right.at, found="in")
        return or_(false(), *(self.same(left, item) for item in right.items))


def _text(node: Node) -> str:
    """The text to look for: one that stands in the expression."""
    if isinstance(node, Literal) and isinstance(node.value, str):
        return node.value
    raise BadExpression("not_counted", node.at, found="contains")


def _names_any(node: Node) -> bool:
    parts = node.arguments if isinstance(node, Call) else node.items if isinstance(node, Several) else ()
    return isinstance(node, Name) or any(_names_any(part) for part in parts)


_WRITTEN: dict[str, Callable[..., Any]] = {
    "&&": lambda w, a, b: and_(w.write(a), w.write(b)),
    "||": lambda w, a, b: or_(w.write(a), w.write(b)),
    "!": lambda w, a: not_(w.write(a)),
    "==": _Writer.same,
    "!=": lambda w, a, b: w.write(a).is_distinct_from(w.write(b)),
    "<": lambda w, a, b: w.write(a) < w.write(b),
    "<=": lambda w, a, b: w.write(a) <= w.write(b),
    ">": lambda w, a, b: w.write(a) > w.write(b),
    ">=": lambda w, a, b: w.write(a) >= w.write(b),
    "in": _Writer.among,
    "+": lambda w, a, b: w.write(a) + w.write(b),
    "-": lambda w, a, b: w.write(a) - w.write(b),
    "*": lambda w, a, b: w.write(a) * w.write(b),
    "coalesce": lambda w, *parts: func.coalesce(*(w.write(part) for part in parts)),
    "size": lambda w, a: func.length(w.write(a)),
    "contains": lambda w, a, b: w.write(a).contains(_text(b), autoescape=True),
    "startsWith": lambda w, a, b: func.substr(w.write(a), 1, len(_text(b))) == _text(b),
}

__all__ = ["condition"]
