"""What ties a cookie or token to the password it was given for: a new password ends them all."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

from flask import Flask, session
from flask_login import user_logged_in

from app.host.context import context

_KEY = "_stamp"


def stamp_of(user: Any) -> str:
    """A short MAC over the login and its password's hash, under the site's secret."""
    secret = f"stamp:{context().site.secret}".encode()
    return hmac.new(secret, f"{user.id}:{user.password}".encode(), hashlib.sha256).hexdigest()[:24]


def fits(user: Any, stamp: Any) -> bool:
    """Whether a cookie or token with this stamp still counts for the login."""
    return isinstance(stamp, str) and hmac.compare_digest(stamp, stamp_of(user))


def is_stale(user: Any) -> bool:
    """Whether the browser's session is from before the login's password was changed."""
    return not fits(user, session.get(_KEY))


def stamp_logins(app: Flask) -> None:
    """Stamp every session as somebody logs in."""
    user_logged_in.connect(_stamp, app)


def _stamp(_app: Flask, user: Any) -> None:
    restamp(user)


def restamp(user: Any) -> None:
    """Let this browser's session go on after its own person has changed the password."""
    session[_KEY] = stamp_of(user)
