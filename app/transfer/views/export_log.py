"""The log of exports, for those who answer for what leaves the product."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.base.page import PageView, expose, has_access
from app.base.security.audit_query import people_called
from app.base.views.cells import zone
from app.fields.rules import BadValue, read_date
from app.host.context import context
from app.transfer.services.export_log import STATES, Logged, LogQuery, read_log
from app.transfer.views.pieces import named
from app.types import Refused, Text

ASKED = ("from", "to", "who", "entity", "state", "before")
STATE_LABELS: dict[str, Text] = {
    "queued": _l("Being made"),
    "done": _l("Can be fetched"),
    "expired": _l("Expired"),
    "failed": _l("Not made"),
}
_LONGEST = 60


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
    """The entities lists of which can be exported, by what people call them."""
    return {one.slug: str(one.label) for one in context().entities.values() if "export" in one.actions}


def read_query(asked: Mapping[str, str]) -> LogQuery:
    """The question an address asks. Raises `Refused` by parameter for anything not understood."""
    errors: dict[str, Any] = {}

    def day(name: str) -> date | None:
        try:
            return read_date(asked[name]) if asked[name] else None
        except BadValue:
            errors[name] = _("This is not a date; write it like 2019-12-08")
            return None

    start, end = day("from"), day("to")
    if start and end and start > end:
        errors["to"] = _("The range begins after it ends")
    if len(asked["who"]) > _LONGEST or "\0" in asked["who"]:
        errors["who"] = _("This text is too long to search for")
    if asked["entity"] and asked["entity"] not in exported_things():
        errors["entity"] = _("There is nothing of this kind")
    if asked["state"] and asked["state"] not in STATES:
        errors["state"] = _("There is nothing of this kind")
    before = asked["before"]
    if before and not (before.isascii() and before.isdecimal() and len(before) < 19):
        errors["before"] = _("There is no such page")
    if errors:
        raise Refused(errors=errors)
    last = end if end is None or end == date.max else end + timedelta(days=1)
    return LogQuery(
        start=_midnight(start),
        end=_midnight(last),
        users=people_called(asked["who"]) if asked["who"] else None,
        entity=asked["entity"],
        state=asked["state"],
        before=int(before) if before else None,
    )


def _midnight(day: date | None) -> datetime | None:
    return datetime.combine(day, time(), zone()) if day is not None else None
