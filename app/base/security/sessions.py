"""The session of a request: found and judged by the statement that loads its login, opened and ended in the browser."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from flask import g, request, session
from flask_appbuilder.security.sqla.models import User
from flask_limiter.util import get_remote_address
from flask_login import current_user, login_user, logout_user
from sqlalchemy import ColumnElement, Date, Select, bindparam, select

from app.access.scope import UNSCOPED
from app.access.sessions import (
    HALF_WAY,
    end_aside,
    end_session,
    key_of,
    limits,
    open_session,
    open_sessions,
    read_limits,
    touch,
)
from app.access.signin.models import LoginSession
from app.access.signin.rules import device, why_over
from app.access.signin.settings import IDLE_MINUTES, SESSION_HOURS
from app.base.language import language
from app.base.security.stamps import fits, stamp_of
from app.db import Model, now
from app.db import session as database
from app.host.context import context
from app.host.settings import setting

#: Where the browser's cookie holds the session's id (Flask-Login's own name for it).
COOKIE_KEY = "_user_id"
#: What is left in it of a session that has ended, for the login page; the id of a login whose code is still asked for.
ENDED_KEY = "ended"
HALF_KEY, HALF_WAY_LASTS = "half_way", timedelta(minutes=5)


def _today() -> date:
    """The date at the site."""
    return now().astimezone(ZoneInfo(context().site.timezone)).date()


def has_left(today: Any = None) -> ColumnElement[bool]:
    """Whether the login of a statement over FAB's users belongs to an employee who has left, as of today."""
    employee = Model.metadata.tables["org_employee"]
    when = _today() if today is None else today
    gone = select(employee.c.id).where(employee.c.user_id == User.id, employee.c.left_on <= when)
    return gone.correlate(User).exists()


@cache
def _session_statement() -> Select[Any]:
    """A session by its id with its login, whether they have left, and how long sessions last: one statement."""
    idle, hours = limits()
    return (
        select(User, LoginSession, has_left(bindparam("today", type_=Date)), idle, hours)
        .join(LoginSession, LoginSession.user_id == User.id)
        .where(LoginSession.key == bindparam("key"), LoginSession.ended_at.is_(None), User.active)
        .execution_options(populate_existing=True, **{UNSCOPED: True})
    )


def find_session(raw: str, via: str = "") -> tuple[Any, LoginSession] | None:
    """(login, session) of an id that counts now; None for any other. One that is found to be over is ended."""
    found = database.execute(_session_statement(), {"key": key_of(raw), "today": _today()}).one_or_none()
    if found is None:
        return None
    user, row, left, idle, hours = found
    if row.via != via:
        return None
    reason = why_over(row.created_at, row.last_seen_at, now(), *read_limits(idle, hours))
    if left:
        reason = "left"
    elif row.provider and row.provider not in context().site.signin.providers:
        reason = "off"
    elif not fits(user, row.stamp):
        reason = "password"
    if reason:
        end_aside(row, reason)
        return None
    touch(row)
    return user, row


def enter(user: Any, step: str = "", provider: str = "") -> None:
    """Open a session for a login in this browser; the cookie gets its new id, whatever it held before."""
    login_user(user)
    raw = new_session(user, step, provider=provider)
    session.pop("_id", None)
    session[COOKIE_KEY] = raw
    found = find_session(raw)
    g.login_session = found[1] if found else None


def new_session(user: Any, step: str = "", via: str = "", provider: str = "") -> str:
    """A session of a login, opened from this request's address; returns its id."""
    agent = request.user_agent.string
    address = get_remote_address()
    return open_session(user.id, stamp_of(user), step=step, via=via, provider=provider, address=address, agent=agent)


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session as the screens list it."""

    id: int
    device: str
    via: str
    address: str
    created_at: datetime
    seen_at: datetime
    is_current: bool
    #: The way in from outside, as the screen calls it; empty for a password of ours.
    provider: str = ""


def sessions_of(user_id: int) -> list[OpenSession]:
    """The sessions and tokens of a login that are open now, last used first."""
    row = current_session()
    lasting = setting(IDLE_MINUTES), setting(SESSION_HOURS)
    return [
        OpenSession(
            each.id,
            device(each.agent),
            each.via,
            each.address,
            each.created_at,
            each.last_seen_at,
            row is not None and each.id == row.id,
            provider_label(each.provider) if each.provider else "",
        )
        for each in open_sessions(user_id, now(), *lasting)
    ]


def provider_label(key: str) -> str:
    """What a way in from outside is called in the language shown; its name where the site has it no more."""
    found = context().site.signin.providers.get(key)
    return found.label(language()) if found is not None else key


def go_half_way(user: Any, provider: str = "") -> None:
    """Note in this browser that the password was right; the code is asked for within `HALF_WAY_LASTS`."""
    session.clear()
    session[HALF_KEY] = new_session(user, via=HALF_WAY, provider=provider)


def half_way() -> tuple[Any, LoginSession] | None:
    """(login, what it is half way of) of somebody whose password was right; None once it took too long."""
    raw = session.get(HALF_KEY)
    found = find_session(raw, HALF_WAY) if isinstance(raw, str) else None
    if found is None or now() - found[1].created_at > HALF_WAY_LASTS:
        return None
    return found


def current_session() -> LoginSession | None:
    """The session this request came with; None for guests, keys and tokens."""
    found: LoginSession | None = g.get("login_session")
    return found if found is not None and current_user.is_authenticated else None


def leave() -> None:
    """End this browser's session for good."""
    row = current_session()
    if row is not None:
        end_session(row.id, row.user_id, "logout")
    logout_user()
    session.clear()
