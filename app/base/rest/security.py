"""The REST login: a token for scripts that act as a person; integrations use API keys."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import g, jsonify, request
from flask_appbuilder.api import BaseApi, expose
from flask_appbuilder.utils.limit import Limit
from flask_babel import gettext as _
from flask_jwt_extended import create_access_token
from flask_limiter.util import get_remote_address

from app.access.actors import require_actor, set_actor
from app.access.audit import Act, record_acts
from app.access.sessions import end_session
from app.access.signin.factors import has_factor
from app.base.errors import answer
from app.base.protection import public
from app.base.rest.access import REST, SESSION, api_needs
from app.base.rest.schemas import storable
from app.base.security.attempts import LONGEST_NAME, OWN, Attempt, attempt, away, succeeded, told_to_wait
from app.base.security.directories import directories
from app.base.security.factors import is_asked_of
from app.base.security.manager import become
from app.base.security.sessions import current_session, leave, new_session
from app.base.security.stamps import why_change
from app.base.security.steps import trusts_factor
from app.db import transaction

#: How long a token counts.
TOKEN_LIFE = timedelta(hours=1)


def _failed(_response: Any = None) -> bool:
    """Only attempts that fail count against the limits."""
    return bool(g.get("login_failed"))


def _typed_name() -> str:
    body = request.get_json(silent=True)
    name = body.get("username") if isinstance(body, dict) else None
    return name.strip().lower()[:LONGEST_NAME] if isinstance(name, str) else ""


def _name_and_address() -> str:
    return f"{get_remote_address()}|{_typed_name()}"


class SecurityApi(BaseApi):
    """`/api/v1/security/login`."""

    resource_name = "security"
    base_permissions: list[str] = []
    #: As at the login page, and counted together with it.
    limits = [
        Limit(
            "5 per minute; 30 per hour",
            key_func=_name_and_address,
            scope="login",
            methods=("POST",),
            deduct_when=_failed,
        ),
        Limit(
            "60 per minute",
            key_func=get_remote_address,
            scope="login",
            methods=("POST",),
            deduct_when=_failed,
        ),
        Limit("50 per hour", key_func=_typed_name, scope="login", methods=("POST",), deduct_when=_failed),
    ]

    @expose("/login", methods=["POST"])
    @public
    def login(self) -> Any:
        """A token for name and password."""
        body = request.get_json(silent=True)
        if not isinstance(body, dict):
            return answer(400, reason=_("The body must be a JSON object"))
        errors = {
            name: _("This must be text") for name in ("username", "password") if not isinstance(body.get(name), str)
        }
        provider = body.get("provider", "")
        if provider not in ("", OWN, *(each.key for each in directories())):
            errors["provider"] = _("Only a directory takes name and password here; use an API key instead")
        if unknown := set(body) - {"username", "password", "provider"}:
            errors |= {str(name)[:60]: _("There is no field of this name") for name in sorted(unknown)}
        if errors:
            return answer(422, errors=errors)
        tried = _attempt(body["username"].strip(), body["password"], provider)
        if tried.wait:
            return answer(429, reason=told_to_wait(tried.wait), headers={"Retry-After": str(tried.wait)})
        user = tried.user
        if user is None:
            return _refused(tried)
        if not tried.provider and (reason := why_change(user.id)):
            return answer(403, reason=reason)
        actor = become(user.id)
        if not trusts_factor(tried.provider) and (has_factor(user.id) or is_asked_of(actor)):
            set_actor(None)
            return answer(403, reason=_("This login has a second factor: use an API key instead of the password."))
        succeeded(user, ", ".join(filter(None, (tried.provider, REST))))
        set_actor(None)  # the token acts, not this request
        claims = {SESSION: new_session(user, via=REST, provider=tried.provider)}
        token = create_access_token(identity=str(user.id), expires_delta=TOKEN_LIFE, additional_claims=claims)
        seconds = int(TOKEN_LIFE.total_seconds())
        return jsonify({"access_token": token, "token_type": "Bearer", "expires_in": seconds})

    @expose("/logout", methods=["POST"])
    @api_needs()
    def logout(self) -> Any:
        """End the token or the browser's session this is asked with, for good. A key is revoked on its page."""
        row = g.get("token_session") if "Authorization" in request.headers else current_session()
        actor = require_actor()
        if row is None:
            return answer(422, reason=_("An API key has no session to end; revoke it on its page"))
        with transaction() as current:
            record_acts(current, [Act("logout", "user", str(actor.user_id), actor.name)])
            end_session(row.id, row.user_id, "logout")
        if "Authorization" not in request.headers:
            leave()
        return "", 204


def _attempt(name: str, password: str, provider: str) -> Attempt:
    return attempt(name, password, REST, provider) if storable(name + password) else Attempt()


def _refused(tried: Attempt) -> Any:
    g.login_failed = True
    if tried.reason:
        return answer(403, reason=tried.reason)
    if tried.away:
        return answer(503, reason=away())
    return answer(401, reason=_("Name or password is wrong."))
