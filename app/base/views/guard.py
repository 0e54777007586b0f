"""Who may open a route of a generated screen: one of the named permissions on the view, or nothing."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from flask import Response, abort, current_app, make_response, redirect, request, url_for

from app.access.actors import current_actor, require_actor
from app.base.security.manager import acting
from app.types import Actor


def needs(*permissions: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Let a route pass when the actor holds any of the permissions (``can_list`` …) on the view.

    Nobody logged in is sent to the login; whoever is, but may not, gets the 403 page.
    """

    def guard(route: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(route)
        def guarded(self: Any, *args: Any, **kwargs: Any) -> Any:
            actor = acting()
            if actor is None:
                return to_login()
            if not any(actor.can(name, self.class_permission_name) for name in permissions):
                abort(403)
            return route(self, *args, **kwargs)

        # What Flask-AppBuilder collects as the view's permissions.
        guarded._permission_name = permissions[0].removeprefix("can_")  # type: ignore[attr-defined]
        return guarded

    return guard


def to_login() -> Response:
    """Send the browser to the login and back here afterwards; a fragment's page is sent as a whole."""
    manager = current_app.appbuilder.sm  # type: ignore[attr-defined]
    target = request.full_path.rstrip("?") if request.method == "GET" and not is_htmx() else ""
    login = f"{type(manager.auth_view).__name__}.login"
    address = url_for(login, next=target) if target else url_for(login)
    if is_htmx():
        response = make_response("", 401)
        response.headers["HX-Redirect"] = address
        return response
    return redirect(address)  # type: ignore[return-value]


def is_htmx() -> bool:
    """Whether the request wants a fragment of a page (and not a page put back by the browser's history)."""
    return (
        request.headers.get("HX-Request") == "true"
        and request.headers.get("HX-History-Restore-Request") != "true"
    )


def own_path(target: str | None, otherwise: str) -> str:
    """`target` when it is a path of this site, else `otherwise`: nobody is sent elsewhere."""
    if not target or len(target) > 2000 or not target.startswith("/") or target.startswith(("//", "/\\")):
        return otherwise
    if any(ord(c) < 33 or c == "\\" for c in target):
        return otherwise
    parts = urlsplit(target)
    return otherwise if parts.scheme or parts.netloc else target


def may(view: str | None, permission: str, actor: Actor | None = None) -> bool:
    """Whether the actor holds a permission on a view; a piece without a view is for everybody."""
    return view is None or (actor or require_actor()).can(permission, view)


def mine(route: Callable[..., Any]) -> Callable[..., Any]:
    """Only for somebody who is logged in; what is absent or foreign is 404."""

    @wraps(route)
    def guarded(self: Any, *args: Any, **kwargs: Any) -> Any:
        if current_actor() is None:
            return to_login()
        try:
            return route(self, *args, **kwargs)
        except LookupError:
            abort(404)

    return guarded
