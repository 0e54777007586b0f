"""Which login belongs to whom of a provider outside."""

from __future__ import annotations

import hashlib

from sqlalchemy import delete, insert, select, update

from app.access.signin.models import Identity
from app.db import now, session, transaction


def identity_key(provider: str, subject: str) -> str:
    """Under which somebody of a provider is kept."""
    return hashlib.sha256(f"{provider}\n{subject}".encode("utf-8", "replace")).hexdigest()


def linked_login(provider: str, subject: str) -> int | None:
    """The id of the login that belongs to this subject; None for a stranger."""
    return session.scalar(select(Identity.user_id).where(Identity.key == identity_key(provider, subject)))


def has_identity(user_id: int, provider: str | None = None) -> bool:
    """Whether a login belongs to somebody of this provider, or of any."""
    own = select(Identity.id).where(Identity.user_id == user_id)
    return session.scalar((own if provider is None else own.where(Identity.provider == provider)).limit(1)) is not None


def identities_of(user_id: int) -> list[Identity]:
    """Who a login is outside, oldest first."""
    return list(session.scalars(select(Identity).where(Identity.user_id == user_id).order_by(Identity.id)))


def link(user_id: int, provider: str, subject: str) -> None:
    """Let a login belong to somebody of a provider. Raises SQLAlchemy's `IntegrityError` when another one does."""
    key = identity_key(provider, subject)
    with transaction() as current:
        made = {"provider": provider, "subject": subject, "user_id": user_id, "made_at": now()}
        current.execute(insert(Identity).values(key=key, **made))


def unlink(user_id: int, provider: str) -> int:
    """Let a login belong to nobody of a provider any more; how many it did belong to."""
    with transaction() as current:
        done = current.execute(delete(Identity).where(Identity.user_id == user_id, Identity.provider == provider))
    return int(done.rowcount)  # type: ignore[attr-defined]


def note_use(provider: str, subject: str) -> None:
    """Write down that somebody came in."""
    with transaction() as current:
        current.execute(update(Identity).where(Identity.key == identity_key(provider, subject)).values(used_at=now()))
