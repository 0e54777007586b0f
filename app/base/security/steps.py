"""What a session must do before anything else: choose a password of one's own or a new one, set up a second factor."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, redirect, request, url_for
from flask_babel import gettext as _

from app.access.actors import current_actor
from app.access.preferences import set_preference
from app.access.sessions import set_step, stamp_session
from app.access.signin.factors import has_factor, is_required
from app.base.security.sessions import current_session
from app.base.security.stamps import MUST_CHANGE, stamp_of, why_change
from app.db import session, transaction
from app.host.context import context

PASSWORD = "password"  # noqa: S105  (a step's name)
FACTOR = "factor"
#: Where each step is done; these and the way out stay open.
PLACES = {
    PASSWORD: ("ProfileView.password",),
    FACTOR: ("FactorView.show", "FactorView.begin", "FactorView.confirm"),
}
_OPEN = ("LoginView.logout", "LoginView.login")


def trusts_factor(provider: str | None) -> bool:
    """Whether the second factor of a way in from outside is enough."""
    found = context().site.signin.providers.get(provider or "")
    return found is not None and found.trusts_factor


def first_step(user: Any, provider: str | None = "") -> str:
    """What a login, which acts already, must do before anything else; empty for nothing.

    Who comes from a provider outside has used no password of ours: it may be as old as it likes.
    """
    if not provider and why_change(user.id):
        return PASSWORD
    if trusts_factor(provider):
        return ""
    actor = current_actor()
    roles = {grant.role_id for grant in actor.grants} if actor is not None else set()
    return FACTOR if is_required(roles) and not has_factor(user.id) else ""


def ask_first() -> Any:
    """The way to the page of the session's first step; None for a session that has none, and on that page."""
    row = current_session()
    endpoint = request.endpoint or ""
    if row is None or not row.step or endpoint in (*_OPEN, *PLACES[row.step]):
        return None
    if endpoint.rpartition(".")[2] == "static" or endpoint.startswith("shell."):
        return None
    if request.method != "GET" or request.path.startswith("/api/") or request.headers.get("HX-Request"):
        abort(403)
    if row.step == PASSWORD:
        flash(why_change(row.user_id) or _("Please choose a new password."), "info")
    else:
        flash(_("Your role or the site asks for a second factor: please set it up first."), "info")
    return redirect(url_for(PLACES[row.step][0]))


def password_chosen(user: Any) -> None:
    """Let this browser's session go on after its own person has changed the password."""
    row = current_session()
    with transaction():
        set_preference(MUST_CHANGE, None, user_id=user.id)
        session.refresh(user)
        if row is not None:
            stamp_session(row.id, stamp_of(user))
            set_step(row.id, first_step(user, row.provider))
