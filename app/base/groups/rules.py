"""The one line a group of conditions is written in: ``or(job:in:retired|student,and(age:range:18|30,mobile:empty))``.

A group is ``and(…)`` or ``or(…)`` around conditions and further groups, separated by commas. A condition is
``field:operator:value``, several values with ``|`` between them; ``empty`` and ``filled`` take none, ``range`` takes
the two ends, either of which may be left out. A value with a blank or one of ``" ( ) , | : \\`` in it stands in double
quotes, where ``\\`` goes before ``"`` and ``\\``. Nothing else is understood, and everything has a bound.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_LENGTH = 2_000
MAX_DEPTH = 3
MAX_CONDITIONS = 30
MAX_VALUES = 50
JOINERS = ("and", "or")
#: Operator → the fewest and the most values it takes.
OPERATORS = {
    "in": (1, MAX_VALUES),
    "all": (1, MAX_VALUES),
    "contains": (1, 1),
    "equals": (1, 1),
    "range": (2, 2),
    "empty": (0, 0),
    "filled": (0, 0),
}
_BARE = re.compile(r'[^\s"(),|:\\]*')
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,59}")
_QUOTED = re.compile(r'"((?:[^"\\]|\\["\\])*)"')


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison, its values as they were typed. A range is (from, to), an open end the empty text."""

    field: str
    op: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """Conditions and groups of which all (``and``) or at least one (``or``) holds."""

    joined: str
    items: tuple[Condition | Group, ...]


class BadGroup(ValueError):
    """Text that is no group. `code`: syntax, long, deep, many, operator, values; `rest` is where reading stopped."""

    def __init__(self, code: str, rest: str = "") -> None:
        self.code, self.rest = code, rest
        super().__init__(code)


def read_group(text: str) -> Group:
    """The group a line describes. Raises `BadGroup`.

    >>> read_group('or(a:empty,b:equals:"x, y")')
    Group(joined='or', items=(Condition(field='a', op='empty', values=()), Condition(field='b', op='equals', values=('x, y',))))
    """  # noqa: E501
    if len(text) > MAX_LENGTH:
        raise BadGroup("long")
    reader = _Reader(text)
    found = reader.group(1)
    reader.end()
    return found


def write_group(group: Group) -> str:
    """The line of a group: `read_group` gives the same group back."""
    return f"{group.joined}({','.join(map(_written, group.items))})"


def _written(item: Condition | Group) -> str:
    if isinstance(item, Group):
        return write_group(item)
    head = f"{item.field}:{item.op}"
    return f"{head}:{'|'.join(map(_value, item.values))}" if item.values else head


def _value(text: str) -> str:
    if _BARE.fullmatch(text):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


class _Reader:
    """Reads a line from left to right, and never goes back."""

    def __init__(self, text: str) -> None:
        self.text, self.place, self.conditions = text, 0, 0

    def group(self, depth: int) -> Group:
        joined = next((word for word in JOINERS if self.text.startswith(f"{word}(", self.place)), None)
        if joined is None:
            raise self._bad("syntax")
        if depth > MAX_DEPTH:
            raise self._bad("deep")
        self.place += len(joined) + 1
        items = [self._item(depth)]
        while self._take(","):
            items.append(self._item(depth))
        if not self._take(")"):
            raise self._bad("syntax")
        return Group(joined, tuple(items))

    def end(self) -> None:
        if self.place != len(self.text):
            raise self._bad("syntax")

    def _item(self, depth: int) -> Condition | Group:
        if self.text.startswith(("and(", "or("), self.place):
            return self.group(depth + 1)
        self.conditions += 1
        if self.conditions > MAX_CONDITIONS:
            raise BadGroup("many")
        return self._condition()

    def _condition(self) -> Condition:
        field = self._name()
        if not self._take(":"):
            raise self._bad("syntax")
        start = self.place
        op = self._name()
        if op not in OPERATORS:
            raise BadGroup("operator", self.text[start : start + 40].partition(":")[0])
        values = [self._read_value()] if self._take(":") else []
        while values and self._take("|"):
            values.append(self._read_value())
        fewest, most = OPERATORS[op]
        filled = any(values) if op == "range" else all(value.strip() for value in values)
        if not fewest <= len(values) <= most or (values and not filled):
            raise BadGroup("values", field)
        return Condition(field, op, tuple(values))

    def _name(self) -> str:
        return self._match(_NAME)[0]

    def _read_value(self) -> str:
        if self.text.startswith('"', self.place):
            return re.sub(r"\\(.)", r"\1", self._match(_QUOTED)[1])
        return self._match(_BARE)[0]

    def _match(self, pattern: re.Pattern[str]) -> re.Match[str]:
        found = pattern.match(self.text, self.place)
        if found is None:
            raise self._bad("syntax")
        self.place = found.end()
        return found

    def _take(self, letter: str) -> bool:
        if not self.text.startswith(letter, self.place):
            return False
        self.place += 1
        return True

    def _bad(self, code: str) -> BadGroup:
        return BadGroup(code, self.text[self.place : self.place + 40])


__all__ = ["MAX_CONDITIONS", "MAX_DEPTH", "BadGroup", "Condition", "Group", "read_group", "write_group"]
