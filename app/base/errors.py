"""What a person or a script is told when something goes wrong: never a stack, always the trace id."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from typing import Any

from flask import Flask, Response, g, jsonify, render_template, request, url_for
from flask_babel import lazy_gettext as _l
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DataError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException

from app.access.actors import current_actor
from app.base.protection import wants_json
from app.db import session
from app.types import Refused, Text
from config import settings

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Trouble:
    """One kind of error as shown: an icon, a title, what it means and what to do."""

    title: Text
    text: Text
    icon: str


TROUBLES: dict[int, Trouble] = {
    400: Trouble(
        _l("This request cannot be read"), _l("Please go back and check what was entered."), "alert-circle"
    ),
    401: Trouble(_l("Please log in"), _l("You are not logged in, or your session has ended."), "login"),
    403: Trouble(
        _l("You may not do this"),
        _l("Your roles do not include this. Ask your administrator if you need it."),
        "lock",
    ),
    404: Trouble(
        _l("There is nothing here"),
        _l("The record does not exist, or it is not among those you may see."),
        "file-off",
    ),
    405: Trouble(
        _l("This address is not used this way"), _l("Please use the buttons and links of the page."), "ban"
    ),
    409: Trouble(
        _l("Somebody was faster"),
        _l("The record has changed since you opened it. Reload it and try again."),
        "refresh-alert",
    ),
    413: Trouble(_l("This file is too large"), _l("At most %(size)s MB are accepted."), "file-alert"),
    415: Trouble(
        _l("This kind of content is not accepted"), _l("Please check the file or the request."), "file-alert"
    ),
    422: Trouble(_l("This cannot be done"), _l("Nothing has been saved."), "alert-circle"),
    429: Trouble(_l("Too many attempts"), _l("Please wait a minute before you try again."), "hourglass"),
    500: Trouble(
        _l("Something went wrong on our side"),
        _l("Nothing has been saved. If it happens again, tell your administrator the number below."),
        "alert-triangle",
    ),
    503: Trouble(
        _l("The system is not available for a moment"),
        _l("Nothing is lost. Please try again in a minute."),
        "plug-connected",
    ),
}
EXPIRED = Trouble(
    _l("This page has become too old"),
    _l("For your safety the form was not accepted. Reload the page and send it again."),
    "refresh",
)


def add_errors(app: Flask) -> None:
    """Answer every error with our own page, JSON or toast."""
    app.register_error_handler(CSRFError, _csrf)
    app.register_error_handler(Refused, _refused)
    app.register_error_handler(StaleDataError, _stale)
    for away in (OperationalError, InterfaceError, PoolTimeout):
        app.register_error_handler(away, _away)
    app.register_error_handler(DataError, _unfit)
    app.register_error_handler(HTTPException, _http)


def _csrf(_error: CSRFError) -> Any:
    return answer(400, EXPIRED)


def _refused(error: Refused) -> Any:
    session.rollback()
    return answer(422, reason=str(error), errors={name: str(text) for name, text in error.errors.items()})


def _stale(_error: StaleDataError) -> Any:
    session.rollback()
    return answer(409)


def _away(error: Exception) -> Any:
    """The database cannot be reached or is overloaded."""
    log.error("the database does not answer: %s", type(error).__name__, exc_info=error)
    session.rollback()
    return answer(503, headers={"Retry-After": "30"})


def _unfit(error: DataError) -> Any:
    """A value the database cannot hold, which should have been refused before; it is not logged."""
    log.error("a value was refused by the database only: %s", type(error.orig).__name__)
    session.rollback()
    return answer(400)


def _http(error: HTTPException) -> Any:
    if error.response is not None:
        return error.response
    code = error.code or 500
    if code < 400:
        return error
    if code >= 500:
        session.rollback()
    return answer(code, headers=dict(_own_headers(error)))


def _own_headers(error: HTTPException) -> list[tuple[str, str]]:
    """What the exception wants said besides its body (Allow, Retry-After …)."""
    return [
        (name, value)
        for name, value in error.get_headers()
        if name.lower() not in ("content-type", "content-length")
    ]


def answer(
    code: int,
    trouble: Trouble | None = None,
    *,
    reason: str = "",
    errors: dict[str, str] | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    """The answer to an error in the form the asker understands: JSON, a toast for htmx, or a page."""
    trouble = trouble or TROUBLES.get(code) or TROUBLES[400 if code < 500 else 500]
    text = reason or _text(code, trouble)
    if wants_json():
        body: dict[str, Any] = {
            "message": reason or str(trouble.title),
            "trace_id": trace_id(),
        }
        if errors:
            body["errors"] = errors
        response = jsonify(body)
    elif request.headers.get("HX-Request"):
        said = text if reason else f"{trouble.title}: {text}"
        if code >= 500:
            said = f"{said} ({trace_id()})"
        response = Response(status=code)
        response.headers["HX-Trigger"] = toast_event(said, "danger")
        response.headers["HX-Reswap"] = "none"
    else:
        response = Response(_page(code, trouble, text), mimetype="text/html")
    response.status_code = code
    for name, value in (headers or {}).items():
        response.headers[name] = value
    return response


def toast_event(text: str, kind: str = "info") -> str:
    """The value of an ``HX-Trigger`` header that shows a toast (success, info, warning, danger)."""
    return json.dumps({"toast": {"text": text, "kind": kind}})


def trace_id() -> str:
    """The number under which the log knows this request."""
    return str(getattr(g, "trace_id", ""))


def _text(code: int, trouble: Trouble) -> str:
    if code == 413:
        return str(trouble.text) % {"size": settings().max_upload_bytes // (1024 * 1024)}
    return str(trouble.text)


def _page(code: int, trouble: Trouble, text: str) -> str:
    """The error page, in the frame when somebody is logged in; bare when the fault may be the frame's."""
    inside = current_actor() is not None and code < 500
    try:
        return render_template(
            "errors/page.html",
            frame="shell/base.html" if inside else "shell/bare.html",
            code=code,
            trouble=trouble,
            text=text,
            trace_id=trace_id(),
            home=url_for("HomeView.index"),
            may_log_in=current_actor() is None and code < 500,
        )
    except Exception:
        log.exception("the error page itself failed")
        return f"<!doctype html><title>{code}</title><p>{trouble.title} · {trace_id()}</p>"
