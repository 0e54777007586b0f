"""Browsers sent to a provider: each good for one answer, in the browser that was sent, within ten minutes.

The browser holds a random value; what goes through the provider is a MAC of it, and what the protocols ask for
besides is worked out from it, so that the database holds nothing an answer could be made with.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from dataclasses import asdict
from datetime import timedelta

from sqlalchemy import delete, insert, select, update

from app.access.signin.models import SignInRequest
from app.access.signin.outside.claims import Person
from app.db import now, session, transaction
from app.host.context import context

LASTS = timedelta(minutes=10)


def begin(provider: str, target: str) -> str:
    """A new request; returns what its browser holds. `target` is where the person goes afterwards."""
    raw = secrets.token_urlsafe(32)
    with transaction() as current:
        current.execute(delete(SignInRequest).where(SignInRequest.made_at < now() - LASTS))
        made = {"provider": provider, "target": target[:2000], "made_at": now(), "answer": ""}
        current.execute(insert(SignInRequest).values(key=key_of(raw), **made))
    return raw


def key_of(raw: str) -> str:
    """What goes through the provider (OpenID Connect's `state`, the number of a SAML request)."""
    return derived("key", raw).hex()


def derived(use: str, raw: str) -> bytes:
    """32 bytes only the site can work out from what the browser holds."""
    secret = f"outside:{use}:{context().site.secret}".encode()
    return hmac.new(secret, raw.encode("utf-8", "replace"), hashlib.sha256).digest()


def nonce_of(raw: str) -> str:
    """OpenID Connect's `nonce`."""
    return derived("nonce", raw).hex()


def verifier_of(raw: str) -> str:
    """The `code_verifier` of PKCE (RFC 7636)."""
    return base64.urlsafe_b64encode(derived("verifier", raw)).decode().rstrip("=")


def take(raw: str, provider: str) -> tuple[str, Person | None] | None:
    """(target, who the provider said it is) of the request a browser holds; None unless it is new enough and unused.

    It counts once.
    """
    which = (SignInRequest.key == key_of(raw), SignInRequest.provider == provider)
    with transaction() as current:
        found = current.execute(
            select(SignInRequest.target, SignInRequest.answer).where(*which, SignInRequest.made_at > now() - LASTS)
        ).one_or_none()
        gone = current.execute(delete(SignInRequest).where(*which))
    if found is None or not gone.rowcount:  # type: ignore[attr-defined]
        return None
    person = Person(**json.loads(found.answer)) if found.answer else None
    return found.target, person


def keep_answer(key: str, provider: str, person: Person) -> bool:
    """Keep what a provider said until the browser comes for it; False for a request unknown, old or answered."""
    open_one = (SignInRequest.key == key, SignInRequest.provider == provider, SignInRequest.answered_at.is_(None))
    with transaction() as current:
        done = current.execute(
            update(SignInRequest)
            .where(*open_one, SignInRequest.made_at > now() - LASTS)
            .values(answer=json.dumps(asdict(person)), answered_at=now())
        )
    return bool(done.rowcount)  # type: ignore[attr-defined]


def is_open(key: str, provider: str) -> bool:
    """Whether a request waits for its answer."""
    open_one = (SignInRequest.key == key, SignInRequest.provider == provider, SignInRequest.answered_at.is_(None))
    return session.scalar(select(SignInRequest.key).where(*open_one)) is not None
