"""The connections of call centres: making one, issuing its secret, switching it off, knowing who asks."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select, update

from app.access.actors import require_actor
from app.access.audit import Act, record_acts
from app.access.scope import UNSCOPED
from app.activities.calls.models import CallSource
from app.activities.calls.rules import is_fresh, is_signed, read_stamp
from app.db import now, session, transaction
from app.host.context import context
from app.types import SYSTEM, Actor, Refused

KEY_PREFIX, SECRET_PREFIX = "cc_", "cs_"
#: The last use is written down at most this often.
USE_EVERY = timedelta(minutes=5)


def create_source(values: dict[str, Any]) -> CallSource:
    """A connection; it takes nothing before a secret was issued."""
    with transaction() as current:
        made = CallSource(**values, key=KEY_PREFIX + secrets.token_hex(12), created_by=require_actor().user_id)
        current.add(made)
        current.flush()
    return made


def issue_secret(source_id: int) -> tuple[CallSource, str]:
    """(connection, its new secret), told only now; the one before stops at once. Raises `LookupError`."""
    with transaction() as current:
        source = current.get(CallSource, source_id, with_for_update=True, populate_existing=True)
        if source is None:
            raise LookupError(source_id)
        if not source.active:
            raise Refused(_("This connection is switched off"))
        source.salt, source.issued_at = secrets.token_hex(16), now()
        record_acts(current, [Act("issue_secret", "activity_call_source", str(source.id), source.name)])
        current.flush()
    return source, secret_of(source.key, source.salt)


def secret_of(key: str, salt: str) -> str:
    """The secret of a connection: it follows from the site's secret, so the database alone never tells it."""
    site = hashlib.sha256(f"call source:{context().site.secret}".encode()).digest()
    made = hmac.new(site, f"{key}:{salt}".encode(), hashlib.sha256).digest()
    return SECRET_PREFIX + base64.urlsafe_b64encode(made).decode().rstrip("=")


def find_sender(key: str, timestamp: str, sign: str, body: bytes) -> CallSource | None:
    """The connection in use whose secret signed the request; None for any other. As long a look for every answer."""
    found: CallSource | None = None
    if len(key) <= 40 and key.isascii() and "\0" not in key:
        found = session.scalar(select(CallSource).where(CallSource.key == key).execution_options(**{UNSCOPED: True}))
    counts = found is not None and found.active and found.salt is not None
    salt = found.salt if found is not None and found.salt is not None else "0" * 32
    signed = is_signed(sign, secret_of(key[:40], salt), timestamp[:40], body)
    return found if counts and signed else None


def signed_when(timestamp: str) -> datetime | None:
    """When a request was signed, None when that counts no more."""
    signed = read_stamp(timestamp)
    return signed if signed is not None and is_fresh(signed, now()) else None


def note_use(source: CallSource) -> None:
    """Note that the connection was used, now and then."""
    if source.used_at is None or source.used_at < now() - USE_EVERY:
        table: Any = CallSource.__table__
        with transaction() as current:
            current.execute(update(table).where(table.c.id == source.id).values(used_at=now()))


def acting_for(source: CallSource) -> Actor:
    """The product itself, named after the connection in histories."""
    return replace(SYSTEM, name=source.name, locale=context().site.locale, timezone=context().site.timezone)


__all__ = ["acting_for", "create_source", "find_sender", "issue_secret", "note_use", "secret_of", "signed_when"]
