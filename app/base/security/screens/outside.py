"""To a provider and back: OpenID Connect and SAML."""

from __future__ import annotations

import logging
from hmac import compare_digest
from typing import Any

from flask import abort, g, redirect, request, session
from flask_appbuilder import BaseView, expose
from flask_appbuilder.utils.limit import Limit
from flask_babel import gettext as _
from flask_limiter.util import get_remote_address

from app.access.signin.locks import seconds_to_wait
from app.access.signin.outside import oidc
from app.access.signin.outside.claims import NotProven, Person, Unreachable
from app.access.signin.outside.identities import identity_key
from app.access.signin.outside.requests import begin, key_of, nonce_of, take, verifier_of
from app.base.protection import public
from app.base.security.attempts import failed, told_to_wait
from app.base.security.entering import login_page, proven
from app.base.security.manager import acting
from app.base.security.outside import admit, known_login
from app.base.shell import safe_target
from app.db import session as database
from app.db import writing
from app.host.context import context
from app.host.signin import OIDC, Provider
from app.types import Refused

log = logging.getLogger(__name__)

#: What the browser's cookie holds of the request it was sent with.
SENT_KEY = "sent_outside"


class OutsideView(BaseView):
    """`/login/with/<provider>/`: the browser is sent there, and comes back with the provider's word."""

    route_base = "/login/with"
    base_permissions: list[str] = []
    limits = [Limit("600 per minute", key_func=get_remote_address, scope="outside")]

    @expose("/<provider>/")
    @public
    def start(self, provider: str) -> Any:
        """Send the browser to the provider; `next` is where the person goes afterwards."""
        chosen, target = _provider(provider), safe_target(request.args.get("next"))
        if acting() is not None:
            return redirect(target)
        database.commit()
        with writing():
            raw = begin(chosen.key, target)
        session[SENT_KEY] = raw
        try:
            return redirect(_way_to(chosen, raw))
        except Unreachable as away:
            log.error("a provider could not be asked: %s", away)
            return _away(target)

    @expose("/<provider>/callback/")
    @public
    def callback(self, provider: str) -> Any:
        """OpenID Connect's way back: a code for the request this browser was sent with."""
        chosen = _provider(provider, OIDC)
        raw = session.pop(SENT_KEY, None)
        state = request.args.get("state", "")
        if not isinstance(raw, str) or not compare_digest(state.encode(), key_of(raw).encode()):
            return _not_asked_for()
        taken = _take(raw, chosen)
        if taken is None:
            return _not_asked_for()
        target = taken[0]
        code = request.args.get("code", "")
        if not code or not oidc.is_issuer(chosen, request.args.get("iss")):
            log.warning("provider %s refused: %s", chosen.key, request.args.get("error", "")[:100])
            return _not_proven(target)
        try:
            given = {"nonce": nonce_of(raw), "verifier": verifier_of(raw), "back": _back(chosen)}
            person = oidc.person_by_code(chosen, code=code, **given)
        except Unreachable as away:
            log.error("a provider could not be asked: %s", away)
            return _away(target)
        except NotProven as lacking:
            log.error("a provider's answer proves nothing: %s", lacking)
            return _not_proven(target)
        return _admitted(chosen, person, target)


def _provider(key: str, kind: str = "") -> Provider:
    """The provider of an address, which is none of name and password. 404 for any other."""
    found = context().site.signin.providers.get(key)
    if found is None or not found.sends_browsers or kind not in ("", found.kind):
        abort(404)
    return found


def _way_to(provider: Provider, raw: str) -> str:
    return oidc.login_address(
        provider, state=key_of(raw), nonce=nonce_of(raw), verifier=verifier_of(raw), back=_back(provider)
    )


def _back(provider: Provider) -> str:
    """Where OpenID Connect sends the browser back to."""
    return f"{context().site.signin.address}/login/with/{provider.key}/callback/"


def _take(raw: str, provider: Provider) -> tuple[str, Person | None] | None:
    """The request this browser was sent with; it is used up, and the database let go of."""
    database.commit()
    with writing():
        return take(raw, provider.key)


def _admitted(provider: Provider, person: Person, target: str) -> Any:
    """The answer to somebody the provider has proven."""
    database.commit()
    with writing():
        try:
            user = admit(provider, person)
        except Refused as refused:
            log.warning("provider %s: somebody is proven and refused", provider.key)
            known = known_login(person)
            failed(
                known.username if known is not None else identity_key(provider.key, person.subject), known, provider.key
            )
            return login_page(target, refusal=refused.reason), 403
        if wait := seconds_to_wait(user.username, get_remote_address()):
            return login_page(target, refusal=told_to_wait(wait)), 429, {"Retry-After": str(wait)}
        return proven(user, target, provider.key)


def _not_asked_for() -> Any:
    g.login_failed = True
    told = _("This answer does not belong to this browser, came too late, or was used before. Please log in again.")
    return login_page("/", refusal=told), 400


def _not_proven(target: str) -> Any:
    g.login_failed = True
    return login_page(target, refusal=_("You were not logged in there, or the answer does not hold.")), 403


def _away(target: str) -> Any:
    told = _("The way in you chose does not answer at the moment. Try again later, or ask an administrator.")
    return login_page(target, refusal=told), 503
