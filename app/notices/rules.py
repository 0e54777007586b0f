"""What a notice is, how a person wants to be told, and when something may be sent: pure decisions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo
from typing import Any

from app.types import NoticeKind

#: The way inside the product and the way of mail; channels of the site's file have names of their own.
APP, MAIL = "app", "mail"
LONGEST_GROUP, LONGEST_LINK = 120, 500
#: The bell counts no further.
MOST_COUNTED = 99

_PATH = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*")


@dataclass(frozen=True, slots=True)
class Wishes:
    """When a person wants mails: never in the quiet hours, or once a day with all there is; else at once."""

    quiet_from: time | None = None
    quiet_until: time | None = None
    digest_at: time | None = None


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


# --- out of the product -------------------------------------------------------------------------------------

#: Minutes until a delivery that failed is tried again, one after the other; then it is given up.
PAUSES = (1, 5, 30, 120, 360, 720, 1440)


def pause(attempts: int) -> timedelta | None:
    """How long a delivery waits after so many failed attempts; None: it is given up.

    >>> pause(1), pause(8)
    (datetime.timedelta(seconds=60), None)
    """
    return timedelta(minutes=PAUSES[attempts - 1]) if 1 <= attempts <= len(PAUSES) else None


def due_moment(at: datetime, wishes: Wishes, zone: tzinfo) -> datetime:
    """When a mail that could go at `at` (aware) may go: at once, at the end of quiet hours, with the daily digest.

    >>> from datetime import UTC
    >>> night = datetime(2026, 3, 2, 23, 0, tzinfo=UTC)
    >>> due_moment(night, Wishes(quiet_from=time(22), quiet_until=time(7)), UTC).isoformat()
    '2026-03-03T07:00:00+00:00'
    """
    if wishes.digest_at is not None:
        return _next(at, wishes.digest_at, zone)
    if is_quiet(at.astimezone(zone).time(), wishes):
        return _next(at, wishes.quiet_until or time.min, zone)
    return at


def is_quiet(clock: time, wishes: Wishes) -> bool:
    """Whether a time of day lies in the quiet hours, which may go over midnight."""
    begin, end = wishes.quiet_from, wishes.quiet_until
    if begin is None or end is None or begin == end:
        return False
    return begin <= clock < end if begin < end else clock >= begin or clock < end


def _next(at: datetime, clock: time, zone: tzinfo) -> datetime:
    """The next moment at which clocks in `zone` show `clock`."""
    local = at.astimezone(zone)
    day = local.date() if local.time() < clock else local.date() + timedelta(days=1)
    return datetime.combine(day, clock, zone).astimezone(at.tzinfo)


def read_clock(text: Any) -> time | None:
    """A time of day as it is kept and typed: ``07:30``; None for anything else."""
    if not isinstance(text, str) or not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", text):
        return None
    return time.fromisoformat(text)


def read_wishes(kept: Any) -> Wishes:
    """A person's wishes as their preference keeps them; what is not understood is no wish."""
    values = kept if isinstance(kept, Mapping) else {}
    return Wishes(*(read_clock(values.get(name)) for name in ("quiet_from", "quiet_until", "digest_at")))


def one_line(text: str) -> str:
    """A text without line breaks and characters that are not written.

    >>> one_line("a\\r\\nBcc: b\\x00")
    'a Bcc: b'
    """
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def shortened(text: str, most_bytes: int) -> str:
    """A text cut to so many bytes of UTF-8, never within a character.

    >>> shortened("客户经理", 8)
    '客…'
    """
    if len(text.encode()) <= most_bytes:
        return text
    return text.encode()[: max(most_bytes - 3, 0)].decode(errors="ignore") + "…"
