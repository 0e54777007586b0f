"""Patterns of numbers the product gives by itself, like ``KH-{yyyy}{mm}-{seq:5}``. Pure.

All but ``{seq}`` is settled by the day; what is then fixed is the series the counting goes by, so that a number
with the year and month begins at 1 again each month. Two numbers of one pattern are never equal: their fixed parts
have the same length, and within a series each is counted once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

_PART = re.compile(r"\{(yyyy|yy|mm|dd|seq(?::([1-9]|1[0-2]))?)\}")
_FORMS = {"yyyy": "%Y", "yy": "%y", "mm": "%m", "dd": "%d"}
#: The longest pattern.
LONGEST = 60


class BadPattern(ValueError):
    """A pattern that cannot be; `code` is ``form``, ``seq`` (not exactly one), ``long``."""

    def __init__(self, code: str):
        self.code = code
        super().__init__(code)


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern that can be: what stands before and after the counted part, and how many digits that has at least."""

    before: str
    after: str
    digits: int

    def series(self, day: date) -> str:
        """What numbers of that day are counted under: their fixed parts with ``#`` between.

        >>> read_pattern("KH-{yyyy}{mm}-{seq:5}").series(date(2026, 11, 23))
        'KH-202611-#'
        """
        return f"{_on(self.before, day)}#{_on(self.after, day)}"

    def number(self, day: date, count: int) -> str:
        """The number with this count.

        >>> read_pattern("KH-{yy}-{seq:5}").number(date(2026, 11, 23), 42)
        'KH-26-00042'
        """
        return f"{_on(self.before, day)}{count:0{self.digits}d}{_on(self.after, day)}"

    @property
    def fixed(self) -> tuple[str, str]:
        """What tells it from other patterns: only how many digits are counted at least may differ."""
        return self.before, self.after

    def shape(self) -> str:
        r"""A LIKE pattern (escape ``\``) every number of this pattern fits, of whatever day.

        >>> read_pattern("A_{yyyy}-{seq}").shape()
        'A\\_____-%'
        """
        return f"{_like(self.before)}%{_like(self.after)}"


def read_pattern(text: str) -> Pattern:
    """The pattern a text says. Raises `BadPattern`."""
    plain = text.strip()
    if len(plain) > LONGEST:
        raise BadPattern("long")
    rest = _PART.sub("", plain)
    if "{" in rest or "}" in rest or "#" in rest or not rest.isprintable():
        raise BadPattern("form")
    counted = [found for found in _PART.finditer(plain) if found[1].startswith("seq")]
    if len(counted) != 1:
        raise BadPattern("seq")
    where = counted[0]
    return Pattern(plain[: where.start()], plain[where.end() :], int(where[2] or 1))


def _on(part: str, day: date) -> str:
    return _PART.sub(lambda found: f"{day:{_FORMS[found[1]]}}", part)


def _like(part: str) -> str:
    plain = re.sub(r"[%_\\]", lambda found: f"\\{found[0]}", part)
    return _PART.sub(lambda found: "_" * len(found[1]), plain)


__all__ = ["LONGEST", "BadPattern", "Pattern", "read_pattern"]
