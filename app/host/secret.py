"""Whether a site's secret could be guessed: every session, token and seal of the site hangs on it."""

from __future__ import annotations

LEAST_LENGTH = 32
#: A random text of 32 characters, hexadecimal ones too, practically never has fewer different ones.
LEAST_DIFFERENT = 10
#: What examples, manuals and published defaults of frameworks hold (Flask, Flask-AppBuilder, Superset, Django …).
_TELLING = (
    *("secret", "changeme", "change-me", "change_me", "changethis", "password", "placeholder", "insecure", "example"),
    *("default", "thisismy", "your-", "your_", "yourkey", "dev-key", "devkey", "not-safe", "testing", "qiao-"),
)
_RUNS = ("abcdefghijklmnopqrstuvwxyz", "0123456789", "qwertyuiopasdfghjklzxcvbnm")


def why_weak(secret: str) -> str:
    """Why a secret is refused; empty when it may be random.

    >>> why_weak("CHANGE_ME_TO_A_COMPLEX_RANDOM_SECRET")
    "it holds 'secret', as published examples do"
    """
    if len(secret) < LEAST_LENGTH:
        return f"it has {len(secret)} characters, {LEAST_LENGTH} or more are needed"
    if len(set(secret)) < LEAST_DIFFERENT:
        return f"it has only {len(set(secret))} different characters"
    if (secret + secret).find(secret, 1) < len(secret):
        return "it repeats itself"
    lower = secret.lower()
    for word in _TELLING:
        if word in lower:
            return f"it holds '{word}', as published examples do"
    if any(run[at : at + 8] in lower for run in _RUNS for at in range(len(run) - 7)):
        return "it holds a run of the alphabet, the digits or the keyboard"
    return ""
