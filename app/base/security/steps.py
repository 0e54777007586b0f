"""What a session must do before anything else: choose a password of one's own, or a new one."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, redirect, request, url_for
from flask_babel import gettext as _

from app.access.preferences import set_preference
from app.access.sessions import set_step, stamp_session
from app.base.security.sessions import current_session
from app.base.security.stamps import MUST_CHANGE, stamp_of, why_change
from app.db import session, transaction

PASSWORD = "password"  # noqa: S105  (a step's name)
#: Where each step is done; these and the way out stay open.
PLACES = {PASSWORD: "ProfileView.password"}
_OPEN = ("LoginView.logout", "LoginView.login")


def first_step(user: Any) -> str:
    """What a login must do before anything else; empty for nothing."""
    return PASSWORD if why_change(user.id) else ""


def ask_first() -> Any:
    """The way to the page of the session's first step; None for a session that has none, and on that page."""
    row = current_session()
    endpoint = request.endpoint or ""
    if row is None or not row.step or endpoint in (*_OPEN, PLACES[row.step]):
        return None
    if endpoint.rpartition(".")[2] == "static" or endpoint.startswith("shell."):
        return None
    if request.method != "GET" or request.path.startswith("/api/") or request.headers.get("HX-Request"):
        abort(403)
    flash(why_change(row.user_id) or _("Please choose a new password."), "info")
    return redirect(url_for(PLACES[row.step]))


def password_chosen(user: Any) -> None:
    """Let this browser's session go on after its own person has changed the password."""
    row = current_session()
    with transaction():
        set_preference(MUST_CHANGE, None, user_id=user.id)
        session.refresh(user)
        if row is not None:
            stamp_session(row.id, stamp_of(user))
            set_step(row.id, first_step(user))
