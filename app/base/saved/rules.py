"""What may be kept of a list, and for whom: pure decisions."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

#: The view whose permissions say who shares with a team, and who with everybody.
VIEW = "SavedViewView"
SHARE, SET_DEFAULT = "can_share", "can_set_default"
LONGEST_NAME = 40
LONGEST_QUERY = 4_000
#: Views a person may have of one list, and shared ones a list may have.
MOST_OWN, MOST_SHARED = 30, 60
MOST_COLUMNS = 40


class Audience(StrEnum):
    """Who a view is for."""

    PRIVATE = "private"
    UNIT = "unit"
    ROLE = "role"
    EVERYONE = "everyone"


def clean_name(text: str) -> str:
    """A name without blanks around and within it. Raises `ValueError` for none or one too long.

    >>> clean_name("  my   view ")
    'my view'
    """
    name = " ".join(text.replace("\0", "").split())
    if not 1 <= len(name) <= LONGEST_NAME:
        raise ValueError(text)
    return name


def read_columns(text: str) -> tuple[str, ...]:
    """The columns an address names, each once.

    >>> read_columns("name, mobile,,name")
    ('name', 'mobile')
    """
    names = (name.strip() for name in text[: MOST_COLUMNS * 61].split(","))
    return tuple(dict.fromkeys(name for name in names if name))[:MOST_COLUMNS]


def units_on(paths: Iterable[str | None]) -> set[int]:
    """The units on the way from the root to these places: what is meant for one of them is meant for the places.

    >>> sorted(units_on(["/1/5/", "/1/7/", None]))
    [1, 5, 7]
    """
    return {int(number) for path in paths if path for number in path.strip("/").split("/") if number}


__all__ = ["Audience", "clean_name", "read_columns", "units_on"]
