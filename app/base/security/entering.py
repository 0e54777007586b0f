"""What follows once somebody has proven who they are: the code of a second factor, then a session of their own."""

from __future__ import annotations

from typing import Any

from flask import redirect, render_template, request, session, url_for
from flask_babel import gettext as _

from app.access.preferences import preference, set_preference
from app.access.signin.factors import has_factor
from app.base.language import language
from app.base.security.attempts import succeeded
from app.base.security.directories import directories
from app.base.security.manager import become
from app.base.security.sessions import enter, go_half_way
from app.base.security.steps import first_step, trusts_factor
from app.base.shell import restore_choices
from app.db import transaction
from app.host.context import context
from app.host.signin import Provider


def login_page(target: str, *, name: str = "", refusal: str = "", note: str = "") -> str:
    """The login page: the form, and a button for each provider people are sent to.

    Where only emergency logins use passwords of ours, the form is shown to who asks for it.
    """
    signin = context().site.signin
    sent_to = [(each.label(language()), each.key) for each in _sending()]
    has_form = bool(name or directories() or not signin.emergency_only or not sent_to or "form" in request.args)
    said = {"name": name, "refusal": refusal, "note": note, "target": target}
    return render_template("login/login.html", sent_to=sent_to, has_form=has_form, **said)


def _sending() -> list[Provider]:
    return [each for each in context().site.signin.providers.values() if each.sends_browsers]


def why_refused(why: str) -> str:
    """What somebody reads whose answer was refused; empty for a word that means nothing."""
    if why == "proof":
        return _("The account could not be verified. Please try again, or ask an administrator.")
    if why != "request":
        return ""
    return _("This answer does not belong to this browser, came too late, or was used before. Please log in again.")


def proven(user: Any, target: str, provider: str = "") -> Any:
    """The answer to somebody whose password was right, or whom a provider outside has proven."""
    if has_factor(user.id) and not trusts_factor(provider):
        go_half_way(user, provider)
        return redirect(url_for("LoginView.code", next=None if target == "/" else target))
    return come_in(user, target, provider=provider)


def come_in(user: Any, target: str, way: str = "", provider: str = "") -> Any:
    """A new session for the person, whatever the browser had before (no session fixation)."""
    chosen = language()
    session.clear()
    become(user.id)
    enter(user, first_step(user, provider), provider)
    with transaction():
        if preference("language") is None:
            set_preference("language", chosen)
        succeeded(user, ", ".join(filter(None, (provider, way))))
    response = redirect(target)
    restore_choices(response, user.id)
    return response
