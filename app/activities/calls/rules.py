"""Pure decisions about calls: whose signature counts, what a call means as a follow-up, what may still change it."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

#: How far a sender's clock may be from ours, and how long a signed request counts.
WINDOW = timedelta(minutes=5)
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


def is_fresh(timestamp: str, moment: datetime) -> bool:
    """Whether a timestamp (seconds since 1970) lies within `WINDOW` of a moment.

    >>> from datetime import UTC
    >>> [is_fresh(text, datetime.fromtimestamp(1000, UTC)) for text in ("1000", "701", "699", "1301", "x", "1e3")]
    [True, True, False, False, False, False]
    """
    if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) < 13):
        return False
    return abs(int(timestamp) - moment.timestamp()) <= WINDOW.total_seconds()


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
    "signature",
]
