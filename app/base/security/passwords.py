"""What a password must be."""

from __future__ import annotations

from flask_babel import gettext as _

SHORTEST = 10
#: Longer ones would only cost time to hash.
LONGEST = 256


def weakness(password: str, username: str) -> str:
    """Why a password is refused, in the person's language; empty when it is accepted.

    Length counts most (NIST SP 800-63B): at least 10 characters, without the login name, not a few characters
    repeated, not a run of the keyboard or of digits.
    """
    if len(password) < SHORTEST:
        return _("At least %(length)s characters.", length=SHORTEST)
    if len(password) > LONGEST:
        return _("At most %(length)s characters.", length=LONGEST)
    lower = password.lower()
    if len(username) > 3 and username.lower() in lower:
        return _("The password may not contain the login name.")
    if len(set(lower)) < 5 or any(lower in run or lower in run[::-1] for run in _RUNS):
        return _("This password is too easy to guess.")
    return ""


_RUNS = tuple(
    run * 2 for run in ("0123456789", "abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm", "1qaz2wsx3edc4rfv")
)
