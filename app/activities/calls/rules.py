"""Pure decisions about calls: whose signature counts, what a call means as a follow-up, what may still change it."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

#: How far a sender's clock may be from ours, and how long a signed request counts.
WINDOW = timedelta(minutes=5)
_STAMP, _EPOCH = re.compile(r"([0-9]{1,11})(?:\.([0-9]{1,6}))?"), datetime(1970, 1, 1, tzinfo=UTC)
UNMATCHED, AMBIGUOUS, MATCHED, IGNORED = "unmatched", "ambiguous", "matched", "ignored"
#: Calls that wait for somebody to say whose they are.
WAITING = (UNMATCHED, AMBIGUOUS)
#: Where a call comes from when a file says nothing else.
FILE = "file"


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """The signature of a request: HMAC-SHA256 of ``timestamp.body`` under the secret, in hexadecimal.

    >>> signature("secret", "1700000000", b"[]")[:16]
    '74f76d8933679a54'
    """
    return hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def is_signed(given: str, secret: str, timestamp: str, body: bytes) -> bool:
    """Whether a signature (``sha256=`` before it or not) is the request's, in the same time whatever is wrong.

    >>> is_signed("sha256=" + signature("s", "1", b"x"), "s", "1", b"x"), is_signed("", "s", "1", b"x")
    (True, False)
    """
    told = given.strip().removeprefix("sha256=").lower().encode(errors="replace")
    return hmac.compare_digest(told, signature(secret, timestamp, body).encode())


def read_stamp(timestamp: str) -> datetime | None:
    """When a request says it was signed: seconds since 1970, with up to six decimals; None for anything else.

    >>> read_stamp("1700000000.25").isoformat(), read_stamp("1e3"), read_stamp("-1"), read_stamp("٣")
    ('2023-11-14T22:13:20.250000+00:00', None, None, None)
    """
    found = _STAMP.fullmatch(timestamp)
    if found is None:
        return None
    return _EPOCH + timedelta(seconds=int(found[1]), microseconds=int((found[2] or "").ljust(6, "0")))


def is_fresh(signed: datetime, moment: datetime) -> bool:
    """Whether a time of signing lies within `WINDOW` of a moment.

    >>> stamps = ("1000", "700", "699.9", "1300.1")
    >>> [is_fresh(read_stamp(stamp), read_stamp("1000")) for stamp in stamps]
    [True, True, False, False]
    """
    return abs(signed - moment) <= WINDOW


def is_effective(answered: bool, seconds: int | None, least: int) -> bool:
    """Whether a call counts as an effective follow-up: somebody answered, and it lasted `least` seconds.

    >>> is_effective(True, 30, 30), is_effective(True, 29, 30), is_effective(False, 45, 30)
    (True, False, False)
    """
    return answered and (seconds or 0) >= least


def as_follow_up(call: Mapping[str, Any], least: int) -> dict[str, Any]:
    """What a call says as a follow-up: the values both have in common."""
    effective = is_effective(call["answered"], call["duration_seconds"], least)
    return {
        "at": call["started_at"],
        "direction": call["direction"],
        "duration_seconds": call["duration_seconds"],
        "effective": effective,
        "result": "done" if effective else None if call["answered"] else "no_answer",
    }


def is_settled(state: str, decided: bool) -> bool:
    """Whether a person has said what the call is, so that the call centre does not change it any more.

    >>> is_settled(MATCHED, True), is_settled(MATCHED, False), is_settled(UNMATCHED, True), is_settled(IGNORED, True)
    (True, False, False, True)
    """
    return decided and state in (MATCHED, IGNORED)


__all__ = [
    "AMBIGUOUS",
    "FILE",
    "IGNORED",
    "MATCHED",
    "UNMATCHED",
    "WAITING",
    "WINDOW",
    "as_follow_up",
    "is_effective",
    "is_fresh",
    "is_settled",
    "is_signed",
    "read_stamp",
    "signature",
]
