"""The pattern a text must have, read into a machine that looks at each character once: no text can keep it busy. Pure.

What admins know of regular expressions without what makes them slow or hard to read: characters, ``.``, ``\\d``
``\\w`` ``\\s`` and their opposites, sets, groups, ``|``, ``?``, ``*``, ``+``, ``{n}`` and ``{n,m}``. A pattern means
the whole text.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

#: Longer patterns, and those that come to more states, are refused.
LONGEST = 200
MOST_STATES = 400
#: A text longer than this has no pattern.
LONGEST_TEXT = 300
_MOST_REMEMBERED = 2_000

Test = Callable[[str], bool]
#: A state: what it takes and where that leads, or where it leads without taking anything.
_State = tuple[Test | None, tuple[int, ...]]
_CLASSES: dict[str, Test] = {
    "d": lambda c: c in "0123456789",
    "w": lambda c: c == "_" or c.isalnum(),
    "s": str.isspace,
}


class BadRegex(ValueError):
    """A pattern that cannot be read; `code` is ``end``, ``here``, ``large``; `place` counts from 1."""

    def __init__(self, code: str, place: int = 0):
        self.code, self.place = code, place
        super().__init__(f"{code} at {place}")


@lru_cache(maxsize=512)
def compile_regex(text: str) -> Test:
    """What answers whether a text has the pattern, in time that grows with its length only. Raises `BadRegex`.

    >>> code = compile_regex("[A-Z]{2}-\\\\d{4,6}|none")
    >>> code("AB-12345"), code("AB-123"), code("none"), code("xnone")
    (True, False, True, False)
    """
    if len(text) > LONGEST:
        raise BadRegex("large", LONGEST)
    reader = _Reader(text.removeprefix("^"), 1 if text.startswith("^") else 0)
    last = reader.state(None, ())
    first = reader.either(last)
    if reader.place < len(reader.text):
        raise reader.bad()
    return _Machine(reader.states, first, last)


class _Machine:
    """All ways through the states at once; what a set of ways becomes by a character is remembered."""

    def __init__(self, states: list[_State], first: int, last: int):
        self._states, self._last = states, last
        self._first = self._reached([first])
        self._known: dict[tuple[frozenset[int], str], frozenset[int]] = {}

    def __call__(self, text: str) -> bool:
        if len(text) > LONGEST_TEXT:
            return False
        now = self._first
        for character in text:
            after = self._known.get((now, character))
            if after is None:
                after = self._reached([
                    place for number in now if (test := self._states[number][0]) is not None and test(character)
                    for place in self._states[number][1]
                ])  # fmt: skip
                if len(self._known) < _MOST_REMEMBERED:
                    self._known[now, character] = after
            if not after:
                return False
            now = after
        return self._last in now

    def _reached(self, start: list[int]) -> frozenset[int]:
        found: set[int] = set()
        open_ = start
        while open_:
            number = open_.pop()
            if number not in found:
                found.add(number)
                test, following = self._states[number]
                if test is None:
                    open_.extend(following)
        return frozenset(found)


class _Reader:
    """Reads a pattern from its end state backwards: every piece is told where it leads."""

    def __init__(self, text: str, before: int):
        self.text, self.before, self.place = text, before, 0
        self.states: list[_State] = []

    def state(self, test: Test | None, following: tuple[int, ...]) -> int:
        if len(self.states) >= MOST_STATES:
            raise BadRegex("large", MOST_STATES)
        self.states.append((test, following))
        return len(self.states) - 1

    def bad(self) -> BadRegex:
        return BadRegex("here" if self.place < len(self.text) else "end", self.place + self.before + 1)

    def peek(self) -> str:
        return self.text[self.place : self.place + 1]

    def take(self) -> str:
        if self.place >= len(self.text):
            raise self.bad()
        self.place += 1
        return self.text[self.place - 1]

    def either(self, after: int) -> int:
        """Ways separated by ``|``."""
        ways = [self.row(after)]
        while self.peek() == "|":
            self.take()
            ways.append(self.row(after))
        return ways[0] if len(ways) == 1 else self.state(None, tuple(ways))

    def row(self, after: int) -> int:
        """Pieces one behind the other. Each is read twice: to know where it ends, then to lead to the next."""
        pieces: list[tuple[int, int, int, int | None]] = []
        while (c := self.peek()) and c not in "|)":
            if c == "$" and self.place == len(self.text) - 1:
                self.take()
                break
            start = self.place
            kept = len(self.states)
            self.piece(0)
            del self.states[kept:]
            end = self.place
            least, most = self.count()
            pieces.append((start, end, least, most))
        resume = self.place
        for start, end, least, most in reversed(pieces):
            after = self.repeat(start, end, least, most, after)
        self.place = resume
        return after

    def again(self, start: int, after: int) -> int:
        self.place = start
        return self.piece(after)

    def repeat(self, start: int, _end: int, least: int, most: int | None, after: int) -> int:
        if most is None:
            back = self.state(None, (after,))
            inside = self.again(start, back)
            self.states[back] = (None, (after, inside))
            after = back
        else:
            for _more in range(most - least):
                after = self.state(None, (after, self.again(start, after)))
        for _more in range(least):
            after = self.again(start, after)
        return after

    def count(self) -> tuple[int, int | None]:
        """How often a piece stands: (least, most)."""
        sign = self.peek()
        if sign and sign in "?*+":
            self.take()
            least, most = {"?": (0, 1), "*": (0, None), "+": (1, None)}[sign]
        elif sign == "{":
            least, most = self.braces()
        else:
            return 1, 1
        if self.peek() and self.peek() in "?*+{":
            raise self.bad()
        return least, most

    def braces(self) -> tuple[int, int | None]:
        end = self.text.find("}", self.place)
        low, comma, high = self.text[self.place + 1 : end].partition(",")
        numbers = [one for one in (low, high) if one]
        if end < 0 or not low or any(not (n.isascii() and n.isdecimal() and len(n) < 4) for n in numbers):
            raise self.bad()
        least, most = int(low), int(high) if high else None if comma else int(low)
        if most is not None and (most < least or most == 0):
            raise self.bad()
        self.place = end + 1
        return least, most

    def piece(self, after: int) -> int:
        """One character, set or group, leading to `after`."""
        c = self.take()
        if c == "(":
            if self.text.startswith("?:", self.place):
                self.place += 2
            first = self.either(after)
            if self.peek() != ")":
                raise self.bad()
            self.take()
            return first
        if c == "[":
            return self.state(self.members(), (after,))
        if c == ".":
            return self.state(lambda _c: True, (after,))
        if c == "\\":
            return self.state(self.escaped(), (after,))
        if c in "?*+{}])^$":
            self.place -= 1
            raise self.bad()
        return self.state(c.__eq__, (after,))

    def escaped(self) -> Test:
        c = self.take()
        if c.lower() in _CLASSES:
            test = _CLASSES[c.lower()]
            return test if c.islower() else lambda one: not test(one)
        if c.isalnum():
            self.place -= 1
            raise self.bad()
        return c.__eq__

    def members(self) -> Test:
        """What a set has in it."""
        negated = self.peek() == "^"
        if negated:
            self.take()
        tests: list[Test] = []
        while (c := self.take()) != "]" or not tests:
            if c == "\\" and self.peek().lower() in _CLASSES:
                tests.append(self.escaped())
                continue
            low = self.take() if c == "\\" else c
            if self.peek() == "-" and self.text[self.place + 1 : self.place + 2] not in ("]", ""):
                self.take()
                high = self.take()
                high = self.take() if high == "\\" else high
                if high < low:
                    raise self.bad()
                tests.append(lambda one, low=low, high=high: low <= one <= high)  # type: ignore[misc]
            else:
                tests.append(low.__eq__)
        return lambda one: any(test(one) for test in tests) is not negated


__all__ = ["LONGEST", "LONGEST_TEXT", "BadRegex", "compile_regex"]
