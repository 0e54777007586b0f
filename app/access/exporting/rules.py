"""What a limit of exports means: pure decisions."""

from __future__ import annotations

from collections.abc import Iterable

#: The largest limit that can be typed; more than any list holds.
LARGEST = 100_000_000


def widest(limits: Iterable[int | None]) -> int | None:
    """The limit of several roles together: the largest, None (no limit) as soon as one has none.

    >>> widest([100, 5000]), widest([100, None]), widest([])
    (5000, None, None)
    """
    together: int | None = None
    for limit in limits:
        if limit is None:
            return None
        together = limit if together is None else max(together, limit)
    return together


def is_wider(new: int | None, before: int | None) -> bool:
    """Whether a limit lets more rows through than another.

    >>> is_wider(None, 5), is_wider(5, None), is_wider(6, 5), is_wider(5, 5)
    (True, False, True, False)
    """
    if before is None:
        return False
    return new is None or new > before


def read_limit(text: str) -> int | None:
    """A limit as typed: whole number of rows, thousands separators allowed; nothing is no limit of its own.

    Raises `ValueError`.

    >>> read_limit("5,000"), read_limit(" ")
    (5000, None)
    """
    plain = text.strip().replace(",", "").replace("，", "")
    if not plain:
        return None
    if not (plain.isascii() and plain.isdecimal() and len(plain) <= 9) or int(plain) > LARGEST:
        raise ValueError(text)
    return int(plain)
