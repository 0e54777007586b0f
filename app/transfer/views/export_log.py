"""The log of exports, for those who answer for what leaves the product."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from flask import request
from flask_babel import lazy_gettext as _l

from app.base.page import PageView, expose, has_access
from app.base.questions import Question
from app.base.security.audit_query import people_called
from app.base.views.cells import zone
from app.host.context import context
from app.transfer.services.export_log import STATES, Logged, LogQuery, read_log
from app.transfer.services.sheets import FIGURES
from app.transfer.views.pieces import named
from app.types import Refused, Text

ASKED = ("from", "to", "who", "entity", "state", "before")
STATE_LABELS: dict[str, Text] = {
    "queued": _l("Being made"),
    "done": _l("Can be fetched"),
    "expired": _l("Expired"),
    "failed": _l("Not made"),
}


class ExportLogView(PageView):
    """Every export of every person."""

    route_base = "/export-log"
    default_view = "list"

    @expose("/")
    @has_access
    def list(self) -> Any:
        """Exports that match, newest first; nothing for a question that is not understood."""
        asked = {name: request.args.get(name, "").strip() for name in ASKED}
        errors: dict[str, Any] = {}
        lines: Sequence[Logged] = ()
        more = False
        try:
            lines, more = read_log(read_query(asked))
        except Refused as refused:
            errors = refused.errors
        given = {name: text for name, text in asked.items() if text}
        older = urlencode({**given, "before": str(lines[-1].export.id)}) if more else ""
        newest = urlencode({name: text for name, text in given.items() if name != "before"})
        page = self.render_template(
            "transfer/export_log.html",
            asked=asked,
            errors=errors,
            lines=lines,
            older=f"?{older}" if older else None,
            newest=f"?{newest}" if asked["before"] else None,
            entities=exported_things(),
            states=STATE_LABELS,
            named=named,
            zone=zone(),
        )
        return page, (400 if errors else 200)


def exported_things() -> dict[str, str]:
    """The entities lists of which can be exported, and figures that can be, by what people call them."""
    lists = {one.slug: str(one.label) for one in context().entities.values() if "export" in one.actions}
    return {**lists, **{slug: str(label) for slug, label in FIGURES.items()}}


def read_query(asked: Mapping[str, str]) -> LogQuery:
    """The question an address asks. Raises `Refused` by parameter for anything not understood."""
    question = Question(asked, {})
    days = question.days()
    question.words("who")
    entity, state = question.one_of("entity", exported_things()), question.one_of("state", STATES)
    before = question.before()
    if question.errors:
        raise Refused(errors=question.errors)
    return LogQuery(
        start=days.start,
        end=days.end,
        users=people_called(asked["who"]) if asked["who"] else None,
        entity=entity,
        state=state,
        before=before,
    )
