"""Sessions kept by the server: opened at the login, looked at with every request, ended one by one or at once.

The browser's cookie holds nothing but a random id. What a request needs of its session is read by the
statement that loads its login (`app.base.security.sessions`).
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ScalarSelect, delete, insert, select, update
from sqlalchemy.exc import OperationalError

from app.access.signin.models import LoginSession
from app.access.signin.rules import SEEN_EVERY
from app.access.signin.settings import HOURS_DEFAULT, IDLE_DEFAULT, IDLE_MINUTES, SESSION_HOURS
from app.db import now, session, transaction, writing
from app.host.context import context
from app.host.models import HostSetting

#: Sessions not used for this long are forgotten.
KEPT = timedelta(days=90)
#: `via` of what is no session yet: the password was right, the code of the second factor is still asked for.
HALF_WAY = "half"
#: Why a session ended: by its person, by the clock, by an administrator, with its password or its login.
REASONS = ("logout", "ended", "idle", "age", "password", "factor", "off", "left")


def key_of(raw: str) -> str:
    """How a session's id is kept; 256 random bits need no slow hash."""
    secret = f"session:{context().site.secret}".encode()
    return hmac.new(secret, raw.encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def open_session(
    user_id: int,
    stamp: str,
    *,
    step: str = "",
    via: str = "",
    provider: str = "",
    address: str = "",
    agent: str = "",
) -> str:
    """A new session of a login; returns its id, which is kept nowhere else."""
    raw, moment = secrets.token_urlsafe(32), now()
    with transaction() as current:
        current.execute(delete(LoginSession).where(LoginSession.last_seen_at < moment - KEPT))
        current.execute(
            insert(LoginSession).values(
                key=key_of(raw),
                user_id=user_id,
                stamp=stamp,
                step=step,
                via=via,
                provider=provider or None,
                address=address[:64],
                agent=agent[:300],
                created_at=moment,
                last_seen_at=moment,
            )
        )
    return raw


def limits() -> tuple[ScalarSelect[Any], ScalarSelect[Any]]:
    """The site's idle minutes and hours as columns of another statement (JSON text, NULL for the default)."""
    idle, hours = (
        select(HostSetting.value).where(HostSetting.name == name).scalar_subquery()
        for name in (IDLE_MINUTES, SESSION_HOURS)
    )
    return idle, hours


def read_limits(idle: str | None, hours: str | None) -> tuple[int, int]:
    """What `limits` gave, as (minutes, hours)."""
    minutes = IDLE_DEFAULT if idle is None else int(json.loads(idle))
    return minutes, HOURS_DEFAULT if hours is None else int(json.loads(hours))


def touch(row: LoginSession) -> None:
    """Write down that a session is used, at most once a minute; a database too busy to write is no reason to stop."""
    moment = now()
    if moment - row.last_seen_at < SEEN_EVERY:
        return
    due = (LoginSession.id == row.id, LoginSession.last_seen_at < moment - SEEN_EVERY)
    _write_aside(update(LoginSession).where(*due).values(last_seen_at=moment))


def end_aside(row: LoginSession, reason: str) -> None:
    """End a session that was found to be over while a request was let in."""
    open_ones = (LoginSession.id == row.id, LoginSession.ended_at.is_(None))
    _write_aside(update(LoginSession).where(*open_ones).values(ended_at=now(), reason=reason))


def _write_aside(statement: Any) -> None:
    """One write at the begin of a request that may only read; nothing loaded is thrown away by it."""
    try:
        session.commit()
        with writing():
            session.execute(statement.execution_options(synchronize_session=False))
            session.commit()
    except OperationalError:
        session.rollback()


def end_session(session_id: int, user_id: int, reason: str) -> bool:
    """End one session of a login for good; whether it was open."""
    return _end(reason, LoginSession.id == session_id, LoginSession.user_id == user_id) > 0


def end_sessions(user_id: int, reason: str, *, but: int | None = None) -> int:
    """End all sessions of a login, or all but one; returns how many were open."""
    kept = () if but is None else (LoginSession.id != but,)
    return _end(reason, LoginSession.user_id == user_id, *kept)


def _end(reason: str, *which: Any) -> int:
    with transaction() as current:
        done = current.execute(
            update(LoginSession)
            .where(LoginSession.ended_at.is_(None), *which)
            .values(ended_at=now(), reason=reason)
            .execution_options(synchronize_session=False)
        )
    return int(done.rowcount)  # type: ignore[attr-defined]


def restamp(user_id: int, before: str, after: str) -> None:
    """Keep the sessions of a login whose hash was made anew from the same password."""
    _change(after, LoginSession.user_id == user_id, LoginSession.stamp == before)


def stamp_session(session_id: int, stamp: str) -> None:
    """Tie a session to its person's new password."""
    _change(stamp, LoginSession.id == session_id)


def _change(stamp: str, *which: Any) -> None:
    with transaction() as current:
        current.execute(
            update(LoginSession).where(*which).values(stamp=stamp).execution_options(synchronize_session=False)
        )


def set_step(session_id: int, step: str) -> None:
    """What must be done before anything else in a session; empty for nothing."""
    with transaction() as current:
        current.execute(
            update(LoginSession)
            .where(LoginSession.id == session_id)
            .values(step=step)
            .execution_options(synchronize_session=False)
        )


def open_sessions(user_id: int, moment: datetime, idle_minutes: int, hours: int) -> Sequence[LoginSession]:
    """The sessions of a login that count at `moment`, last used first, at most 100."""
    over = []
    if idle_minutes:
        over.append(LoginSession.last_seen_at > moment - timedelta(minutes=idle_minutes) - SEEN_EVERY)
    if hours:
        over.append(LoginSession.created_at > moment - timedelta(hours=hours))
    own = (LoginSession.user_id == user_id, LoginSession.ended_at.is_(None), LoginSession.via != HALF_WAY)
    found = select(LoginSession).where(*own, *over)
    return session.scalars(found.order_by(LoginSession.last_seen_at.desc()).limit(100)).all()
