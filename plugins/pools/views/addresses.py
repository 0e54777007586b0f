"""What pages read of their addresses."""

from __future__ import annotations


def whole_number(text: str, digits: int = 15) -> int:
    """A number as an address says it, 0 where it says none or one of more digits.

    >>> whole_number("12"), whole_number("-1"), whole_number("²"), whole_number("12345", 4), whole_number("")
    (12, 0, 0, 0, 0)
    """
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= digits else 0


__all__ = ["whole_number"]
