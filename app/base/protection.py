"""What every request passes: a trace id, a clean start, the content policy with a nonce, security headers."""

from __future__ import annotations

import hashlib
import logging
import secrets
import time
from pathlib import Path
from typing import Any

import structlog
from flask import Flask, Response, abort, current_app, g, redirect, request, session, url_for
from flask_wtf.csrf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from app.access.actors import current_actor, set_actor
from app.base.security.manager import acting
from app.base.security.viewing import hold_still
from app.host.context import context
from config import settings

log = logging.getLogger(__name__)

YEAR = 365 * 24 * 3600
#: What never changes from one answer to the next.
FIXED_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=(), browsing-topics=()",
}
#: Two years, as the browsers' preload lists ask for; only behind TLS in production.
HSTS = f"max-age={2 * YEAR}; includeSubDomains"
POLICY = (
    "default-src 'self'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}'; "
    "img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; object-src 'none'; "
    "base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)
#: What a request may leave behind in `g` when an app context outlives it (tests, the shell).
LEFT_OVERS = ("_login_user", "user", "babel_locale", "babel_tzinfo", "babel_translations", "icons_url", "record_paths")


def protect(app: Flask) -> None:
    """Install the request guards that come before anybody is known."""
    if settings().proxies:
        behind = {"x_for": settings().proxies, "x_proto": settings().proxies}
        app.wsgi_app = ProxyFix(app.wsgi_app, **behind)  # type: ignore[method-assign]
    app.config.update(
        WTF_CSRF_CHECK_DEFAULT=False,  # asked in `_guard`, once it is known who acts
        RATELIMIT_ENABLED=True,
        RATELIMIT_HEADERS_ENABLED=True,  # Retry-After
        RATELIMIT_KEY_PREFIX=f"qiao:{context(app).site.slug}",
        RATELIMIT_STORAGE_URI=limiter_storage(settings().redis_url),
        RATELIMIT_IN_MEMORY_FALLBACK_ENABLED=True,
        RATELIMIT_SWALLOW_ERRORS=True,
    )
    CSRFProtect(app)
    app.before_request(_begin)
    app.after_request(_headers)
    app.teardown_request(_end)
    app.jinja_env.globals["csp_nonce"] = lambda: g.csp_nonce
    app.jinja_env.globals["url_for"] = Addresses(Path(str(app.static_folder)))
    app.url_defaults(_version_static)
    if settings().production:
        app.after_request(_strict_transport)


def guard(app: Flask) -> None:
    """Install the guards that need to know who acts; called once the admin is built."""
    app.before_request(_guard)


def limiter_storage(redis_url: str | None) -> str:
    """Where the rate limiter counts: the Redis all processes share, else this process's memory."""
    if not redis_url:
        return "memory://"
    return f"redis+{redis_url}" if redis_url.startswith("unix:") else redis_url


def _begin() -> None:
    for name in LEFT_OVERS:
        g.pop(name, None)
    set_actor(None)
    g.trace_id = secrets.token_hex(8)
    g.csp_nonce = secrets.token_urlsafe(16)
    g.started = time.perf_counter()
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(trace_id=g.trace_id, site=context().site.slug)


def _end(_error: BaseException | None) -> None:
    """The thread serves somebody else next."""
    set_actor(None)


def _guard() -> Any:
    """Nobody gets a page without a login unless it says `public`; no change without the session's token."""
    view = current_app.view_functions.get(request.endpoint or "")
    if view is None:
        return None  # 404 and 405 are answered the same to everybody
    is_api = request.path.startswith("/api/")
    is_open = getattr(view, "public", False) or is_file(request.endpoint)
    if not is_api and not is_open and acting() is None:
        return ask_to_log_in()
    if _holds_nul():
        abort(400)
    hold_still()
    if request.method in ("GET", "HEAD", "OPTIONS", "TRACE"):
        return None
    if (is_api and not _rides_on_cookie()) or getattr(view, "from_elsewhere", False):
        return None
    return check_csrf()


def is_file(endpoint: str | None) -> bool:
    """Whether an endpoint serves static files: the theme's or a module's."""
    return endpoint is not None and (endpoint == "static" or endpoint.endswith("_files.static"))


def _holds_nul() -> bool:
    """Whether text of the address or the form holds the one character no database text can hold."""
    texts = [request.path, *request.args.values()]
    if request.mimetype == "application/x-www-form-urlencoded":
        texts += request.form.values()
    return any("\0" in text for text in texts)


def _rides_on_cookie() -> bool:
    """Whether the request is authenticated by the browser's cookie, which a foreign page could use."""
    return "Authorization" not in request.headers and "_user_id" in session


def check_csrf() -> None:
    """Abort with 400 unless the request carries the session's CSRF token."""
    if current_app.config.get("WTF_CSRF_ENABLED", True):
        current_app.extensions["csrf"].protect()


def ask_to_log_in() -> Any:
    """Send a guest to the login page and back again afterwards; a script gets told instead."""
    target = request.full_path.removesuffix("?") if request.method == "GET" else "/"
    if request.headers.get("HX-Request"):
        return Response(status=401, headers={"HX-Redirect": url_for("LoginView.login")})
    if wants_json():
        abort(401)
    return redirect(url_for("LoginView.login", next=None if target == "/" else target))


def wants_json() -> bool:
    """Whether the asker is a script: the REST paths, or JSON sent or asked for rather than a page."""
    if request.path.startswith("/api/") or request.is_json:
        return True
    accepts = request.accept_mimetypes
    return accepts["application/json"] > accepts["text/html"]


def public(view: Any) -> Any:
    """Mark a view as open to everybody, logged in or not."""
    view.public = True
    return view


def from_elsewhere(view: Any) -> Any:
    """Mark a view whose form lies on another site: it has no token of ours, and must do nothing by the cookie."""
    view.from_elsewhere = True
    return view


def _headers(response: Response) -> Response:
    nonce = getattr(g, "csp_nonce", "")
    response.headers.setdefault("Content-Security-Policy", POLICY.format(nonce=nonce))
    for name, value in FIXED_HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("X-Trace-Id", getattr(g, "trace_id", ""))
    if not is_file(request.endpoint):
        response.headers.setdefault("Cache-Control", "no-store")
        _log_answer(response)
    elif "v" in request.args and response.status_code in (200, 304):
        response.headers["Cache-Control"] = f"public, max-age={YEAR}, immutable"
    return response


def _strict_transport(response: Response) -> Response:
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", HSTS)
    return response


def _log_answer(response: Response) -> None:
    """One line per request: the route, never the address, whose query may hold a name or a phone number."""
    actor = current_actor()
    log.info(
        "%s %s %s %.0f ms user=%s",
        request.method,
        request.url_rule.rule if request.url_rule else "-",
        response.status_code,
        (time.perf_counter() - g.started) * 1000 if "started" in g else 0,
        actor.user_id if actor else "-",
    )


class Addresses:
    """`url_for` in templates: every page names two dozen static files, whose addresses rarely change."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[tuple[str, str], tuple[str | None, str]] = {}

    def __call__(self, endpoint: str, /, **values: Any) -> str:
        if endpoint != "static" or len(values) != 1:
            return url_for(endpoint, **values)
        key = (request.root_path, values["filename"])
        version = file_version(self._folder / values["filename"])
        known = self._known.get(key)
        if known is None or known[0] != version:
            known = self._known[key] = (version, url_for(endpoint, **values))
        return known[1]


_hashes: dict[Path, tuple[float, str]] = {}


def _version_static(endpoint: str, values: dict[str, Any]) -> None:
    """Give addresses of static files the hash of their content, so that they can be cached for good."""
    if is_file(endpoint) and "filename" in values and "v" not in values:
        owner = current_app.blueprints[endpoint.removesuffix(".static")] if "." in endpoint else current_app
        if version := file_version(Path(str(owner.static_folder)) / values["filename"]):
            values["v"] = version


def file_version(path: Path) -> str | None:
    """The first digits of a file's SHA-256, worked out once per change; None when there is no such file."""
    try:
        changed = path.stat().st_mtime
    except OSError:
        return None
    known = _hashes.get(path)
    if known is None or known[0] != changed:
        known = _hashes[path] = (changed, hashlib.sha256(path.read_bytes()).hexdigest()[:12])
    return known[1]
