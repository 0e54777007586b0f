"""What every request passes: a trace id, CSRF, the content policy with a nonce, security headers."""

from __future__ import annotations

import logging
import secrets

from flask import Flask, Response, g, request
from flask_wtf.csrf import CSRFProtect

log = logging.getLogger(__name__)


def protect(app: Flask) -> None:
    """Install the request guards."""
    CSRFProtect(app)
    app.before_request(_begin)
    app.after_request(_headers)
    app.jinja_env.globals["csp_nonce"] = lambda: g.csp_nonce


def _begin() -> None:
    g.trace_id = secrets.token_hex(8)
    g.csp_nonce = secrets.token_urlsafe(16)


def _headers(response: Response) -> Response:
    nonce = getattr(g, "csp_nonce", "")
    response.headers.setdefault(
        "Content-Security-Policy",
        f"default-src 'self'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}'; "
        "img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; object-src 'none'; "
        "base-uri 'self'; form-action 'self'; frame-ancestors 'none'",
    )
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "same-origin")
    response.headers.setdefault("X-Trace-Id", getattr(g, "trace_id", ""))
    if request.endpoint != "static":
        response.headers.setdefault("Cache-Control", "no-store")
    return response
