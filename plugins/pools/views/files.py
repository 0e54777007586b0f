"""Figures of this module as a workbook: the reason first, then the file, written down as every export is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Response, abort, make_response, request, send_file

from app.api import Sheet, export_sheets, require_actor, setting
from app.types import Refused, Text

#: The screen whose rights bound what is tried and forecast.
VIEW = "PoolsRuleView"
_MIME = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#: Sheets, and (name, value) of what they are about.
Content = tuple[Sequence[Sheet], Sequence[tuple[str, str]]]


@dataclass(frozen=True, slots=True)
class Book:
    """A workbook, kept in the log under `slug` (of `FIGURES`), with the words of the page that asks for its reason."""

    slug: str
    heading: Text
    holds: Text
    #: The page it comes from.
    back: str
    back_text: Text
    #: Raises `Refused` where there is no such file.
    content: Callable[[], Content]


def may_export() -> bool:
    """Whether the actor is offered files of these figures."""
    actor = require_actor()
    return actor.can("can_export", VIEW) and actor.can("can_preview", VIEW) and not actor.viewer


def hand_over(view: Any, book: Book) -> Response:
    """The page that asks for the reason; sent, the file, or the page again with what is wrong."""
    if not may_export():
        abort(403)
    error, reason = "", request.form.get("reason", "")
    if request.method == "POST":
        try:
            sheets, about = book.content()
            out, name = export_sheets(book.slug, VIEW, sheets, about, reason)
            return send_file(out, as_attachment=True, download_name=name, mimetype=_MIME, max_age=0)
        except Refused as refused:
            error = "; ".join(str(text) for text in refused.errors.values()) or str(refused)
    asks = setting("transfer.export_reason")
    page = view.render_template("pools/file.html", book=book, error=error, reason=reason, asks_reason=asks)
    return make_response(page, 400 if error else 200)


__all__ = ["VIEW", "Book", "hand_over", "may_export"]
