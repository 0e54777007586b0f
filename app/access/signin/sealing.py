"""Short secrets at rest: unreadable and unchangeable for who has the database but not the site's secret.

The secret is masked with HMAC-SHA-256 of a nonce used once and carries a second MAC, both bound to its owner, so
that it cannot be moved to another login either.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

from app.host.context import context

#: As long as one HMAC-SHA-256: the mask covers no more.
LONGEST = 32
_NONCE = 16


def seal(text: str, owner: int) -> str:
    """`text` (ASCII, at most 32 characters) as it is kept for the login `owner`. Raises `ValueError` when longer."""
    plain = text.encode("ascii")
    if len(plain) > LONGEST:
        raise ValueError("too long to be sealed")
    nonce = secrets.token_bytes(_NONCE)
    masked = _masked(plain, nonce, owner)
    return base64.urlsafe_b64encode(nonce + masked + _mac("tag", nonce + masked, owner)).decode()


def unseal(sealed: str, owner: int) -> str:
    """The text again. Raises `ValueError` for what was not sealed here for this login."""
    raw = base64.urlsafe_b64decode(sealed.encode())
    nonce, masked, tag = raw[:_NONCE], raw[_NONCE:-LONGEST], raw[-LONGEST:]
    if not hmac.compare_digest(tag, _mac("tag", nonce + masked, owner)):
        raise ValueError("not sealed by this site for this login")
    return _masked(masked, nonce, owner).decode("ascii")


def _masked(data: bytes, nonce: bytes, owner: int) -> bytes:
    return bytes(a ^ b for a, b in zip(data, _mac("mask", nonce, owner), strict=False))


def _mac(use: str, data: bytes, owner: int) -> bytes:
    key = hashlib.sha256(f"seal:{use}:{context().site.secret}".encode()).digest()
    return hmac.new(key, f"{owner}:".encode() + data, hashlib.sha256).digest()
