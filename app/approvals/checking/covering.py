"""What values of a record let a condition hold: enough to see a branch that can never be taken.

Looked at are comparisons of one field with fixed values: numbers, amounts and days as spans, choices, texts and yes or
no as sets, put together by ``&&``, ``||`` and ``!``. Everything else (two fields compared, functions, today) counts as
possible: a branch is only called unreachable where that is certain, never the other way round.

A missing value is a value of its own, as it is when the condition runs: ``x > 5`` does not hold without ``x``, nor does
``!(x > 5)``; ``x == null`` and ``x != 5`` do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from app.fields.expressions.syntax import Call, Literal, Name, Node, Several

#: More alternatives than this are not told apart.
MOST = 64
#: Cuts of the number line: before and after a value, and its two ends.
Cut = tuple[Any, ...]
_LOW, _HIGH = (-1,), (1,)
_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}


@dataclass(frozen=True, slots=True)
class Spans:
    """Values on a line, from cut to cut; `missing`: no value is among them."""

    spans: tuple[tuple[Cut, Cut], ...]
    missing: bool

    def both(self, other: Spans) -> Spans:
        found = [(max(a[0], b[0]), min(a[1], b[1])) for a in self.spans for b in other.spans]
        return Spans(tuple(sorted(s for s in found if s[0] < s[1])), self.missing and other.missing)

    def others(self) -> Spans:
        at, found = _LOW, []
        for start, end in sorted(self.spans):
            if at < start:
                found.append((at, start))
            at = max(at, end)
        if at < _HIGH:
            found.append((at, _HIGH))
        return Spans(tuple(found), not self.missing)

    def __bool__(self) -> bool:
        return bool(self.spans) or self.missing


@dataclass(frozen=True, slots=True)
class Among:
    """Values by name: these, or (`out`) all but these."""

    values: frozenset[Any]
    out: bool
    missing: bool

    def both(self, other: Among) -> Among:
        missing = self.missing and other.missing
        if self.out and other.out:
            return Among(self.values | other.values, True, missing)
        if self.out or other.out:
            inside, outside = (other, self) if self.out else (self, other)
            return Among(inside.values - outside.values, False, missing)
        return Among(self.values & other.values, False, missing)

    def others(self) -> Among:
        return Among(self.values, not self.out, not self.missing)

    def __bool__(self) -> bool:
        return self.out or bool(self.values) or self.missing


Domain = Spans | Among


@dataclass(frozen=True, slots=True)
class Box:
    """One way for a condition to hold: what each field named may be. `exact`: that is all it takes."""

    fields: Mapping[str, Domain]
    exact: bool = True

    def both(self, other: Box) -> Box | None:
        """What is in both; None where nothing can be."""
        found = dict(self.fields)
        for name, domain in other.fields.items():
            held = found.get(name)
            if held is not None and type(held) is type(domain):
                domain = held.both(domain)  # type: ignore[arg-type]
            if not domain:
                return None
            found[name] = domain
        return Box(found, self.exact and other.exact)


Boxes = tuple[Box, ...]
ANYTHING: Boxes = (Box({}),)
UNKNOWN: Boxes = (Box({}, exact=False),)


def holding(tree: Node) -> Boxes:
    """The ways a condition may hold; none: it never does."""
    return _region(tree, True)


def both(first: Boxes, second: Boxes) -> Boxes:
    """The ways both may hold; too many to tell apart count as unknown."""
    found = tuple(made for one in first for other in second if (made := one.both(other)) is not None)
    return found if len(found) <= MOST else UNKNOWN


def otherwise(boxes: Boxes) -> Boxes:
    """The ways a condition may fail to hold, as far as that is certain of those given."""
    left = ANYTHING
    for box in boxes:
        if box.exact:
            left = both(left, tuple(Box({name: domain.others()}) for name, domain in box.fields.items()))
    return left


def steady(boxes: Boxes, names: Callable[[str], bool]) -> Boxes:
    """The same, of the fields that stay as they are; what may change meanwhile may be anything."""
    return tuple(
        Box({name: domain for name, domain in box.fields.items() if names(name)}, exact=False) for box in boxes
    )


def _region(node: Node, wanted: bool) -> Boxes:
    """The values for which a part answers `wanted`."""
    if isinstance(node, Literal) and isinstance(node.value, bool):
        return ANYTHING if node.value is wanted else ()
    if isinstance(node, Name):
        return (Box({node.name: Among(frozenset({wanted}), False, False)}),)
    if not isinstance(node, Call):
        return UNKNOWN
    if node.function == "!":
        return _region(node.arguments[0], not wanted)
    if node.function in ("&&", "||"):
        first, second = (_region(part, wanted) for part in node.arguments)
        if (node.function == "&&") is wanted:
            return both(first, second)
        found = (*first, *second)
        return found if len(found) <= MOST else UNKNOWN
    if node.function in _FLIPPED:
        return _compared(node, wanted)
    if node.function == "in":
        return _listed(node, wanted)
    return UNKNOWN


def _compared(node: Call, wanted: bool) -> Boxes:
    left, right = node.arguments
    function = node.function
    if not isinstance(left, Name):
        left, right, function = right, left, _FLIPPED[function]
    known, value = _fixed(right)
    if not known:
        return UNKNOWN
    if not isinstance(left, Name):
        return UNKNOWN
    if not wanted:
        function = _OPPOSITE[function]
    domain = _domain(function, value)
    return UNKNOWN if domain is None else (Box({left.name: domain}),) if domain else ()


def _listed(node: Call, wanted: bool) -> Boxes:
    left, right = node.arguments
    if not isinstance(left, Name) or not isinstance(right, Several):
        return UNKNOWN
    found: Domain | None = None
    for item in right.items:
        known, value = _fixed(item)
        domain = _domain("!=", value) if known else None
        if domain is None or (found is not None and type(found) is not type(domain)):
            return UNKNOWN
        found = domain if found is None else found.both(domain)  # type: ignore[arg-type]
    if found is None:
        return () if wanted else ANYTHING
    chosen = found.others() if wanted else found
    return (Box({left.name: chosen}),) if chosen else ()


def _domain(function: str, value: Any) -> Domain | None:
    """The values a comparison with a fixed one lets through; None: not looked at."""
    if value is None:
        # Of what kind the field is cannot be seen here; spans and sets of one field are never mixed (`Box.both`).
        return None
    if isinstance(value, (str, bool)):
        if function not in ("==", "!="):
            return None
        out = function == "!="
        return Among(frozenset({value}), out, out)
    before, after = (0, value, 0), (0, value, 1)
    spans = {
        "<": ((_LOW, before),),
        "<=": ((_LOW, after),),
        ">": ((after, _HIGH),),
        ">=": ((before, _HIGH),),
        "==": ((before, after),),
        "!=": ((_LOW, before), (after, _HIGH)),
    }[function]
    return Spans(spans, function == "!=")


def _fixed(node: Node) -> tuple[bool, Any]:
    """(whether it is a fixed value, the value)."""
    if isinstance(node, Literal):
        return True, node.value
    if isinstance(node, Call) and node.function == "neg":
        known, value = _fixed(node.arguments[0])
        return (known and isinstance(value, (int, Decimal)), -value if isinstance(value, (int, Decimal)) else None)
    if isinstance(node, Call) and node.function == "date" and isinstance(node.arguments[0], Literal):
        try:
            return True, date.fromisoformat(str(node.arguments[0].value))
        except ValueError:
            return False, None
    return False, None


def any_left(parts: Iterable[Boxes]) -> bool:
    """Whether all of these can hold together."""
    left = ANYTHING
    for part in parts:
        left = both(left, part)
    return bool(left)


__all__ = ["ANYTHING", "Box", "Boxes", "any_left", "both", "holding", "otherwise", "steady"]
