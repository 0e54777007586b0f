"""What a limit of exports means, and whether a file still fits whoever fetches it: pure decisions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from app.types import Scope

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


def is_within_reach(then: Mapping[str, Any] | None, now: Mapping[str, Any]) -> bool:
    """Whether everything a file was made under is still within the person's reach; not known: no.

    >>> wide, narrow = {"levels": {"mobile": 3}, "places": [["all", "", 7]]}, {"levels": {"mobile": 1}, "places": []}
    >>> is_within_reach(wide, wide), is_within_reach(wide, narrow), is_within_reach(narrow, wide)
    (True, False, True)
    """
    if then is None:
        return False
    levels = now["levels"]
    # whoever may read may have the file; whether they may write makes no difference to it
    if any(min(level, 2) > levels.get(name, 0) for name, level in then["levels"].items()):
        return False
    return all(any(_covers(wide, place) for wide in now["places"]) for place in then["places"])


def _covers(wide: list[Any], place: list[Any]) -> bool:
    """Whether all rows of a place [scope, path of the unit, employee] are among those of another.

    >>> _covers(["unit_and_below", "/1/", 7], ["unit", "/1/4/", 7]), _covers(["unit", "/1/", 7], ["unit", "/1/4/", 7])
    (True, False)
    """
    (scope, path, employee), (inner, inside, other) = wide, place
    if scope == Scope.ALL:
        return True
    if employee != other or Scope(scope).width < Scope(inner).width:
        return False
    if Scope(inner).width <= Scope.SHARED.width:
        return True  # one's own and what is shared with one goes with the person
    return bool(path) and (inside == path or (scope == Scope.UNIT_AND_BELOW and inside.startswith(path)))
