"""Telephone numbers as exchanges write them, made one: pure, like every file of rules.

Numbering: YD/T 1214 and the area codes of mainland China (010, 02x with two digits after the 0, others with three).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

#: The longest line there is: a + and the fifteen digits of E.164.
LONGEST = 16
#: What may stand before a line in a customer's number, and how many of the line's first signs then do not.
FORMS = (("", 0), ("0", 0), ("86", 0), ("+86", 0), ("0086", 0), ("86", 1), ("+86", 1), ("0086", 1), ("00", 1))
_MOBILE = re.compile(r"(?:0086|\+?86)?0?(1[3-9]\d{9})")
_LANDLINE = re.compile(r"(?:(?:0086|\+?86)0?|0)((?:10|2\d)\d{7,8}|[3-9]\d{2}\d{7,8})")
_SERVICE = re.compile(r"(?:(?:0086|\+?86)0?)?([48]00\d{7})")
_ABROAD = re.compile(r"(?:\+|00)([1-9]\d{5,14})")
_EXTENSION = re.compile(r"(?:转分机|转接|分机号|分机|转|extension|ext|x|#|,|;|\*)[^\d+]*(\d{1,8})\D*$", re.IGNORECASE)
#: A landline with its area code, and one more group of digits after it.
_DASHED = re.compile(
    r"\D*((?:(?:0086|\+?86)[-\s]*)?\(?0?(?:10|2\d|[3-9]\d{2})\)?[-\s]+\d{3,4}[-\s]?\d{4})-(\d{1,6})\D*"
)


@dataclass(frozen=True, slots=True)
class Line:
    """A number in the one way it is compared, and the extension that was said behind it."""

    number: str
    extension: str = ""


def read_line(text: str | None) -> Line:
    """The line a text of an exchange means; an empty one for a withheld number or no number at all.

    A mobile of the mainland is its eleven digits, a landline begins with 0 and the area code, a number from abroad
    with +. Anything else (a short number, one without its area code) is kept as its digits.

    >>> read_line("+86 138-0013-5678").number, read_line("013800135678").number, read_line("008613800135678").number
    ('13800135678', '13800135678', '13800135678')
    >>> read_line("(010) 8888 6666 转 801"), read_line("+86 10 88886666").number
    (Line(number='01088886666', extension='801'), '01088886666')
    >>> read_line("0755-26001234-12"), read_line("00852 2345 6789").number, read_line("10086").number
    (Line(number='075526001234', extension='12'), '+85223456789', '10086')
    >>> read_line("anonymous")
    Line(number='', extension='')
    """
    said = unicodedata.normalize("NFKC", text or "").strip()
    said, extension = _without_extension(said)
    dialled = _dialled(said)
    if _MOBILE.fullmatch(dialled) is None and (dashed := _DASHED.fullmatch(said)) is not None:
        said, extension = dashed[1], dashed[2]
        dialled = _dialled(said)
    for form, before in ((_MOBILE, ""), (_SERVICE, ""), (_LANDLINE, "0"), (_ABROAD, "+")):
        if (found := form.fullmatch(dialled)) is not None:
            return Line(before + found[1], extension)
    return Line(dialled.removeprefix("+")[:LONGEST], extension)


def _dialled(said: str) -> str:
    digits = "".join(sign for sign in said if "0" <= sign <= "9")
    return f"+{digits}" if said.lstrip(" (").startswith("+") else digits


def _without_extension(said: str) -> tuple[str, str]:
    found = _EXTENSION.search(said)
    if found is not None and any("0" <= sign <= "9" for sign in said[: found.start()]):
        return said[: found.start()], found[1]
    return said, ""


def spellings(number: str) -> tuple[str, ...]:
    """How a customer's number that means this line may stand in the database.

    What was typed there has lost its blanks and dashes, and a mobile its +86 (`app.fields.rules.read_phone`), but
    not every prefix. Asking for all of them uses the index on the number as it is.

    >>> spellings("13800135678")
    ('13800135678', '013800135678', '8613800135678', '+8613800135678', '008613800135678')
    >>> spellings("01088886666")[:3], spellings("+85223456789"), spellings("10086"), spellings("")
    (('01088886666', '8601088886666', '+8601088886666'), ('+85223456789', '0085223456789'), ('10086',), ())
    """
    forms = (before + number[cut:] for before, cut in FORMS) if number else ()
    return tuple(form for form in forms if read_line(form).number == number)


__all__ = ["FORMS", "LONGEST", "Line", "read_line", "spellings"]
