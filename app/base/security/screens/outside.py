"""To a provider and back: OpenID Connect and SAML."""

from __future__ import annotations

import logging
from hmac import compare_digest
from typing import Any

from flask import Response, abort, g, redirect, request, session, url_for
from flask_appbuilder import BaseView, expose
from flask_appbuilder.utils.limit import Limit
from flask_babel import gettext as _
from flask_limiter.util import get_remote_address

from app.access.signin.locks import seconds_to_wait
from app.access.signin.outside import oidc, saml
from app.access.signin.outside.claims import NotProven, Person, Unreachable
from app.access.signin.outside.identities import identity_key
from app.access.signin.outside.requests import begin, keep_answer, key_of, nonce_of, take, verifier_of
from app.base.protection import from_elsewhere, public
from app.base.security.attempts import failed, told_to_wait
from app.base.security.entering import login_page, proven, why_refused
from app.base.security.manager import acting
from app.base.security.outside import admit, known_login
from app.base.shell import safe_target
from app.db import now, writing
from app.db import session as database
from app.host.context import context
from app.host.signin import OIDC, SAML, Provider
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

    @expose("/<provider>/acs/", methods=["POST"])
    @public
    @from_elsewhere
    def acs(self, provider: str) -> Any:
        """SAML's way back: a form another site lets the browser post, without our cookie.

        So the answer is only kept here; the browser that was sent fetches it, with its cookie, at `finish`.
        Whatever is said here sets no cookie: it would replace the one the browser has.
        """
        chosen = _provider(provider, SAML)
        try:
            proof = saml.prove(chosen, request.form.get("SAMLResponse", ""), acs=_acs(chosen), now=now())
        except NotProven as lacking:
            log.error("a provider's answer proves nothing: %s", lacking)
            return _refused_at("proof")
        if not keep_answer(proof.request, chosen.key, proof.person):
            return _refused_at("request")
        return redirect(url_for("OutsideView.finish", provider=chosen.key), 303)

    @expose("/<provider>/finish/")
    @public
    def finish(self, provider: str) -> Any:
        """Let the browser in whose request the provider has answered."""
        chosen = _provider(provider, SAML)
        raw = session.pop(SENT_KEY, None)
        taken = _take(raw, chosen) if isinstance(raw, str) else None
        if taken is None or taken[1] is None:
            return _not_asked_for()
        return _admitted(chosen, taken[1], taken[0])

    @expose("/<provider>/metadata/")
    @public
    def metadata(self, provider: str) -> Any:
        """What the provider's administrator has to know of this site, as SAML metadata."""
        chosen = _provider(provider, SAML)
        return Response(saml.metadata(chosen, _acs(chosen)), mimetype="application/samlmetadata+xml")


def _provider(key: str, kind: str = "") -> Provider:
    """The provider of an address, which is none of name and password. 404 for any other."""
    found = context().site.signin.providers.get(key)
    if found is None or not found.sends_browsers or kind not in ("", found.kind):
        abort(404)
    return found


def _way_to(provider: Provider, raw: str) -> str:
    if provider.kind == SAML:
        return saml.login_address(provider, number=key_of(raw), acs=_acs(provider), now=now())
    return oidc.login_address(
        provider, state=key_of(raw), nonce=nonce_of(raw), verifier=verifier_of(raw), back=_back(provider)
    )


def _back(provider: Provider) -> str:
    """Where OpenID Connect sends the browser back to."""
    return f"{context().site.signin.address}/login/with/{provider.key}/callback/"


def _acs(provider: Provider) -> str:
    """Where SAML posts its response to."""
    return f"{context().site.signin.address}/login/with/{provider.key}/acs/"


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
    return login_page("/", refusal=why_refused("request")), 400


def _refused_at(why: str) -> Any:
    """The login page says it, with the browser's own cookie."""
    return redirect(url_for("LoginView.login", refused=why), 303)


def _not_proven(target: str) -> Any:
    g.login_failed = True
    return login_page(target, refusal=why_refused("proof")), 403


def _away(target: str) -> Any:
    told = _("The way in you chose does not answer at the moment. Try again later, or ask an administrator.")
    return login_page(target, refusal=told), 503
