"""Sessions, second factors, earlier passwords, failures that lock, and who logins are at providers outside."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.access.models import BigId
from app.db import Model, UtcDateTime


class OldPassword(Model):
    """One password a login has or had, as its hash; the newest one's `set_at` is the password's age."""

    __tablename__ = "access_old_password"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    user_id: Mapped[int] = mapped_column(Integer, index=True)
    password: Mapped[str] = mapped_column(String(256))
    set_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Lock(Model):
    """Failed attempts of one login name or one address since `since`, and until when it is locked.

    `key` is a MAC: people type passwords into the field for the name. `address` is told only of addresses.
    """

    __tablename__ = "access_lock"

    key: Mapped[str] = mapped_column(String(80), primary_key=True)
    address: Mapped[str] = mapped_column(String(64), default="")
    failures: Mapped[int] = mapped_column(Integer, default=0)
    since: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    locked_until: Mapped[datetime | None] = mapped_column(UtcDateTime)


class LoginSession(Model):
    """One way in that is open or was: a browser's session, or a token of the REST login (`via` says so).

    The browser or script holds a random id, of which `key` is a MAC. `stamp` ties it to the password it was
    opened with; `step` names what must be done before anything else (nothing: empty); `provider` is who outside
    proved who it is.
    """

    __tablename__ = "access_session"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    key: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[int] = mapped_column(Integer, index=True)
    stamp: Mapped[str] = mapped_column(String(24))
    step: Mapped[str] = mapped_column(String(20), default="")
    via: Mapped[str] = mapped_column(String(10), default="")
    provider: Mapped[str | None] = mapped_column(String(32))
    address: Mapped[str] = mapped_column(String(64), default="")
    agent: Mapped[str] = mapped_column(String(300), default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_seen_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reason: Mapped[str] = mapped_column(String(20), default="")


class SecondFactor(Model):
    """The authenticator app of a login: its secret, sealed under the site's; counts once `confirmed_at` is set.

    `last_step` is the half minute of the last code that was taken: each code counts once.
    """

    __tablename__ = "access_second_factor"

    user_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    secret: Mapped[str] = mapped_column(String(200))
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_step: Mapped[int] = mapped_column(BigId, default=0)


class RecoveryCode(Model):
    """A code that opens a login once when the telephone is lost, as its MAC."""

    __tablename__ = "access_recovery_code"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    user_id: Mapped[int] = mapped_column(Integer, index=True)
    code: Mapped[str] = mapped_column(String(64))
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class FactorRole(Model):
    """A role whose holders must have a second factor."""

    __tablename__ = "access_factor_role"

    role_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)


class Identity(Model):
    """Who of a provider outside a login belongs to. `key` is a hash of provider and subject, which may be long."""

    __tablename__ = "access_identity"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    key: Mapped[str] = mapped_column(String(64), unique=True)
    provider: Mapped[str] = mapped_column(String(32))
    subject: Mapped[str] = mapped_column(String(1000))
    user_id: Mapped[int] = mapped_column(Integer, index=True)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class SignInRequest(Model):
    """One browser sent to a provider, good for one answer. `key` is a MAC of what only that browser holds.

    `answer` keeps what a provider told by another site's form until the browser comes for it.
    """

    __tablename__ = "access_signin_request"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    provider: Mapped[str] = mapped_column(String(32))
    target: Mapped[str] = mapped_column(String(2000), default="")
    made_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    answer: Mapped[str] = mapped_column(Text, default="")
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
