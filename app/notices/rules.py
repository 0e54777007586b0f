"""What a notice is, how a person wants to be told, and when something may be sent: pure decisions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from app.types import NoticeKind

#: The way inside the product and the way of mail; channels of the site's file have names of their own.
APP, MAIL = "app", "mail"
LONGEST_GROUP, LONGEST_LINK = 120, 500
#: The bell counts no further.
MOST_COUNTED = 99

_PATH = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*")


def is_own_path(link: str) -> bool:
    """Whether a link leads to a page of this site, and nowhere else however it is read.

    >>> is_own_path("/customer/show/5?tab=history"), is_own_path("//evil.example"), is_own_path("https://x")
    (True, False, False)
    """
    return len(link) <= LONGEST_LINK and _PATH.fullmatch(link) is not None


def counted(number: int) -> str:
    """How many are unread, as the bell says it.

    >>> counted(3), counted(100)
    ('3', '99+')
    """
    return f"{MOST_COUNTED}+" if number > MOST_COUNTED else str(number)


def is_usual(kind: NoticeKind, way: str) -> bool:
    """Whether a kind is told by a way where a person has chosen nothing."""
    return (way if way in (APP, MAIL) else "robots") in kind.ways


def wanted_ways(kind: NoticeKind, chosen: Mapping[str, Any], ways: tuple[str, ...]) -> frozenset[str]:
    """By which of the site's `ways` a person is told of this kind, given what they chose (way → on or off).

    What is not chosen is as the kind has it; a mandatory kind is always told in the product.
    """
    found = {way for way in ways if chosen.get(way, is_usual(kind, way)) is True}
    return frozenset(found | {APP} if kind.mandatory else found)
