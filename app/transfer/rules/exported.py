"""What an export is held to and what its file says about itself: pure decisions."""

from __future__ import annotations

from collections.abc import Sequence

LEAST_REASON, LONGEST_REASON = 4, 200
#: A spreadsheet's footer holds at most so many characters.
LONGEST_FOOTER = 255


def clean_reason(text: str) -> str:
    """A reason without blanks around and within it; a text of the wrong length raises `ValueError`.

    >>> clean_reason("  monthly   review ")
    'monthly review'
    """
    said = " ".join(text.replace("\0", "").split())
    if not LEAST_REASON <= len(said) <= LONGEST_REASON:
        raise ValueError(text)
    return said


def rows_left(per_day: int, today: int) -> int | None:
    """How many rows a person may still export today; 0 a day means no limit, which is None.

    >>> rows_left(0, 5), rows_left(100, 30), rows_left(100, 130)
    (None, 70, 0)
    """
    return max(per_day - today, 0) if per_day else None


def footer(facts: Sequence[str]) -> str:
    """Facts as a spreadsheet's footer: its commands begin with &, so one that is meant is doubled.

    >>> footer(["A & B", "3 rows"])
    '&L&8A && B · 3 rows'
    """
    text = "&L&8"
    for place, letter in enumerate(" · ".join(facts)):
        # A digit right after the size of the letters would be read as part of it.
        piece = "&&" if letter == "&" else f" {letter}" if place == 0 and letter.isdecimal() else letter
        if len(text) + len(piece) > LONGEST_FOOTER:
            break
        text += piece
    return text
