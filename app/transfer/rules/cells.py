"""What may stand in a cell of a file that leaves the product."""

from __future__ import annotations

#: A spreadsheet takes a cell beginning with one of these for a formula.
FORMULA_STARTS = frozenset("=+-@\t\r＝＋－＠")


def harmless(text: str) -> str:
    """Text that no spreadsheet runs: a quote goes before a cell that begins, after blanks, like a formula.

    >>> harmless(" =HYPERLINK(1)")
    "' =HYPERLINK(1)"
    >>> harmless("a=b")
    'a=b'
    """
    if not text:
        return text
    if text[0] in FORMULA_STARTS:
        return "'" + text
    if text[0] in " \n\v\f\xa0\u3000\ufeff":
        bare = text.lstrip(" \n\v\f\xa0\u3000\ufeff")
        if bare and bare[0] in FORMULA_STARTS:
            return "'" + text
    return text


def original(text: str) -> str:
    """The text before `harmless` quoted it, so that our own error files can be imported again.

    >>> original("'=1+1")
    '=1+1'
    >>> original("'tis")
    "'tis"
    """
    if text[:1] == "'" and len(text) > 1 and harmless(text[1:]) == text:
        return text[1:]
    return text
