"""What ties a cookie or token to the password it was given for: a new password ends them all.

A password somebody else has set, and one that has expired, is to be changed before anything else is done with it.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

from flask import Flask, abort, flash, redirect, request, session, url_for
from flask_babel import gettext as _
from flask_login import user_logged_in

from app.access.preferences import preference, set_preference
from app.access.signin.history import password_set_at
from app.access.signin.rules import is_expired
from app.access.signin.settings import policy
from app.db import now
from app.host.context import context

#: The person's setting that says so.
MUST_CHANGE = "must_change_password"
_STAMP = "_stamp"
_RENEW = "_renew"
#: Where one may go with a password that is to be changed.
_OPEN = ("ProfileView.password", "LoginView.logout", "LoginView.login")


def stamp_of(user: Any) -> str:
    """A short MAC over the login and its password's hash, under the site's secret."""
    secret = f"stamp:{context().site.secret}".encode()
    return hmac.new(secret, f"{user.id}:{user.password}".encode(), hashlib.sha256).hexdigest()[:24]


def fits(user: Any, stamp: Any) -> bool:
    """Whether a cookie or token with this stamp still counts for the login."""
    return isinstance(stamp, str) and hmac.compare_digest(stamp, stamp_of(user))


def is_stale(user: Any) -> bool:
    """Whether the browser's session is from before the login's password was changed."""
    return not fits(user, session.get(_STAMP))


def why_change(user_id: int) -> str:
    """Why the login's password is to be changed first, in the person's language; empty when it is not."""
    if preference(MUST_CHANGE, user_id=user_id):
        return _("Please choose a password of your own first.")
    set_at = password_set_at(user_id)
    if set_at is not None and is_expired(set_at, now(), policy().expiry_days):
        return _("Your password has expired; please choose a new one.")
    return ""


def ask_for_new_password() -> Any:
    """The way to the password page, for a session that must go there first; None for every other."""
    endpoint = request.endpoint or ""
    if not session.get(_RENEW) or endpoint in _OPEN or endpoint.rpartition(".")[2] == "static":
        return None
    if endpoint.startswith("shell."):
        return None
    if request.method != "GET" or request.path.startswith("/api/") or request.headers.get("HX-Request"):
        abort(403)
    flash(why_change(int(session["_user_id"])) or _("Please choose a new password."), "info")
    return redirect(url_for("ProfileView.password"))


def stamp_logins(app: Flask) -> None:
    """Stamp every session as somebody logs in."""
    user_logged_in.connect(_enter, app)


def _enter(_app: Flask, user: Any) -> None:
    session[_STAMP] = stamp_of(user)
    if why_change(user.id):
        session[_RENEW] = True


def password_chosen(user: Any) -> None:
    """Let this browser's session go on after its own person has changed the password."""
    session[_STAMP] = stamp_of(user)
    session.pop(_RENEW, None)
    set_preference(MUST_CHANGE, None, user_id=user.id)
