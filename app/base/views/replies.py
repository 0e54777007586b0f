"""Answers of a screen after an act: a toast and the way on, for whole pages and for fragments alike."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, make_response, redirect, render_template
from flask_babel import gettext as _
from markupsafe import Markup, escape

from app.base.views.guard import is_htmx
from app.types import Held


def done(address: str, message: Any = "", category: str = "success") -> Response:
    """Go on to `address` and say there what happened. Works for a page's form and for a dialog's."""
    if message:
        flash(message, category)
    if is_htmx():
        response = make_response("", 204)
        response.headers["HX-Redirect"] = address
        return response
    return redirect(address, 303)  # type: ignore[return-value]


def linked(text: str, name: str, address: str | None) -> Markup:
    """A message in which ``%(name)s`` is a link to what it is about."""
    link = Markup('<a href="{}">{}</a>').format(address, name) if address else escape(name)
    before, _placeholder, after = text.partition("%(name)s")
    return Markup("{}{}{}").format(before, link, after)


def say_held(held: Held | None) -> None:
    """Say on the next page that a write was sent for approval, or began one; nothing where it was not."""
    if held is not None:
        flash(linked(_("Sent for approval: %(name)s"), str(held.text), held.url or None), "info")


def dialog(template: str, status: int = 200, **values: Any) -> Response:
    """A fragment for the dialog; its template extends ``entity/dialog.html``."""
    return make_response(render_template(template, **values), status)
