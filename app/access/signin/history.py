"""The passwords a login has had: not to be taken again, and how old the newest is."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, func, insert, select

from app.access.signin.models import OldPassword
from app.db import now, session, transaction

#: As many as the setting can ask for.
KEPT = 24


def note_password(user_id: int, hashed: str) -> None:
    """Keep the hash of a password that was just set; what is older than the last `KEPT` is forgotten."""
    with transaction() as current:
        current.execute(insert(OldPassword).values(user_id=user_id, password=hashed, set_at=now()))
        kept = select(OldPassword.id).where(OldPassword.user_id == user_id).order_by(OldPassword.id.desc()).limit(KEPT)
        oldest = current.scalar(select(func.min(kept.subquery().c.id)))
        current.execute(delete(OldPassword).where(OldPassword.user_id == user_id, OldPassword.id < oldest))


def last_passwords(user_id: int, number: int) -> list[str]:
    """The hashes of the last passwords, newest first, the present one among them."""
    own = select(OldPassword.password).where(OldPassword.user_id == user_id)
    return list(session.scalars(own.order_by(OldPassword.id.desc()).limit(number))) if number else []


def password_set_at(user_id: int) -> datetime | None:
    """When the present password was set; None when that was never written down."""
    return session.scalar(
        select(OldPassword.set_at).where(OldPassword.user_id == user_id).order_by(OldPassword.id.desc()).limit(1)
    )
