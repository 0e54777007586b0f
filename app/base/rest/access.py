"""Who asks a REST resource: the browser's session, an API key, or a token from the REST login."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import abort, g, request
from flask_jwt_extended import decode_token
from flask_jwt_extended.exceptions import JWTExtendedException
from jwt.exceptions import PyJWTError

from app.access.actors import current_actor, set_actor
from app.base.security.keys import PREFIX, find_key, narrowed
from app.base.security.manager import acting, become
from app.base.security.sessions import find_session
from app.types import Actor

#: The claim that names the token's session, and what such sessions say of how they were opened.
SESSION, REST = "sid", "REST"


def api_needs(*permissions: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Let a resource pass when the asker holds any of the permissions on its view; with none: anybody known.

    401 for nobody, 403 for someone who may not.
    """

    def guard(route: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(route)
        def guarded(self: Any, *args: Any, **kwargs: Any) -> Any:
            actor = asking()
            if actor is None:
                abort(401)
            if permissions and not any(actor.can(name, self.class_permission_name) for name in permissions):
                abort(403)
            return route(self, *args, **kwargs)

        if permissions:
            guarded._permission_name = permissions[0].removeprefix("can_")  # type: ignore[attr-defined]
        return guarded

    return guard


def asking() -> Actor | None:
    """The actor of a REST request. An Authorization header counts alone, without the cookie."""
    header = request.headers.get("Authorization")
    if header is None:
        return acting()
    if "api_actor" not in g:
        set_actor(None)
        g.user = None
        g.pop("api_way", None)
        kind, _blank, credential = header.partition(" ")
        g.api_actor = _holder(credential.strip()) if kind.lower() == "bearer" else None
    return current_actor() if g.api_actor else None


def way() -> dict[str, list[Any]]:
    """By which key, or by a token, the request came, as the audit log keeps it; nothing for a browser's session."""
    return g.get("api_way", {}) if "Authorization" in request.headers else {}


def _holder(credential: str) -> bool:
    """Set the actor a key or token stands for; whether there is one."""
    if not credential.isascii() or len(credential) > 2000:
        return False
    if credential.startswith(PREFIX):
        found = find_key(credential)
        if found is None or (actor := become(found.user_id)) is None:
            return False
        set_actor(narrowed(actor, found.scopes))
        g.api_way = {"api_key": [None, found.said]}
        return True
    return _token_holder(credential)


def _token_holder(token: str) -> bool:
    try:
        claims = decode_token(token)
    except (JWTExtendedException, PyJWTError, ValueError):
        return False
    if claims.get("type") != "access" or not str(claims.get("sub", "")).isdecimal():
        return False
    found = find_session(str(claims.get(SESSION)), via=REST)
    if found is None or str(found[0].id) != claims["sub"]:
        return False
    g.token_session = found[1]
    g.api_way = {"via": [None, REST]}
    return become(found[0].id) is not None
