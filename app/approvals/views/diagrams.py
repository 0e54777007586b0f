"""A diagram as it stands on a page: the SVG, and the same as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import render_template
from markupsafe import Markup, escape

from app.approvals.rules.document import Document
from app.approvals.rules.drawing import draw
from app.approvals.rules.state import Event
from app.approvals.views.words import KINDS, SAID, STANDS, STATUSES
from app.base.views.cells import language, zone
from app.base.views.formats import moment_text


def diagram(
    document: Document, events: Sequence[Event], names: Mapping[int, str], times: Sequence[Any] = (), *, title: str
) -> Markup:
    """The diagram of a document with a case after these events in it, and its table, as HTML."""
    drawing = draw(document, events, names, times=times, english=language() != "zh")
    clock = zone()
    made = render_template(
        "approvals/diagram.html",
        drawing=drawing,
        title=title,
        stands=_spoken(STANDS),
        said=_spoken(SAID),
        kinds={kind: escape(label) for kind, label in KINDS.items()},
        statuses=_spoken(STATUSES),
        moment=lambda at: moment_text(at, clock),
    )
    return Markup(made)  # noqa: S704 - rendered by an escaping template


def _spoken(words: Mapping[Any, tuple[Any, ...]]) -> dict[Any, tuple[Any, ...]]:
    """The words in the reader's language, looked up once and not for every box."""
    return {key: (escape(label), *more) for key, (label, *more) in words.items()}


__all__ = ["diagram"]
