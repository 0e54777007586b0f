"""The entries a question to the audit log finds, as a file; asking for one is itself written to the log."""

from __future__ import annotations

from tempfile import TemporaryFile
from typing import IO, Any, ClassVar
from urllib.parse import urlencode

from flask import Response, flash, redirect, request, send_file, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.access.actors import require_actor
from app.access.audit import Act, record_acts
from app.access.audit.reading import MAX_EXPORTED, AuditQuery, every_entry
from app.base.page import PageView, expose, has_access
from app.base.security.audit import Line, lines
from app.base.security.audit_query import read_asked, read_query
from app.base.views.cells import zone
from app.db import now, reading, session, transaction
from app.transfer.services.export_files import CsvWriter, Writer, XlsxWriter
from app.types import Field, Kind, Refused

FORMATS = ("xlsx", "csv")
COLUMNS = (
    Field("id", _l("Entry number"), Kind.INTEGER),
    Field("at", _l("When"), Kind.DATETIME),
    Field("who", _l("Who"), Kind.TEXT),
    Field("action", _l("What was done"), Kind.TEXT),
    Field("thing", _l("About what"), Kind.TEXT),
    Field("record_id", _l("Record number"), Kind.TEXT),
    Field("label", _l("Name"), Kind.TEXT),
    Field("changes", _l("Changes"), Kind.LONG_TEXT),
    Field("trace_id", _l("Trace number"), Kind.TEXT),
    Field("hash", _l("Hash"), Kind.TEXT),
)


class AuditExportView(PageView):
    """The log as a file, with a permission of its own."""

    route_base = "/audit"
    default_view = "file"
    class_permission_name = "AuditView"
    method_permission_name: ClassVar[dict[str, str]] = {"file": "export"}

    @expose("/export", methods=["POST"])
    @has_access
    def file(self) -> Response:
        """The entries found, as CSV or XLSX."""
        asked = {name: text for name, text in read_asked(request.form).items() if text and name != "before"}
        kind = request.form.get("format", "")
        out = TemporaryFile()  # noqa: SIM115  (closed by whoever sends it)
        try:
            if kind not in FORMATS:
                raise Refused(_("Choose XLSX or CSV"))
            export_entries(out, read_query(read_asked(asked)), kind, urlencode(asked))
        except Refused as refused:
            out.close()
            flash("; ".join(str(text) for text in refused.errors.values()) or str(refused), "danger")
            return redirect(url_for("AuditView.list", **asked), 303)  # type: ignore[return-value, arg-type]
        out.seek(0)
        log = _("Audit log")
        name = f"{log}-{now().astimezone(zone()):%Y%m%d-%H%M}.{kind}"
        return send_file(out, as_attachment=True, download_name=name, mimetype=_MIME[kind])


_MIME = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def export_entries(out: IO[bytes], query: AuditQuery, kind: str, asked: str) -> int:
    """Write what matches, newest first, as ``csv`` or ``xlsx``; the number of entries.

    Fields the acting person does not read are masked or left out, as on the screen. Raises `Refused` when more than
    `MAX_EXPORTED` match.
    """
    actor = require_actor()
    session.rollback()  # nothing is locked while the file is written
    writer: Writer = (XlsxWriter if kind == "xlsx" else CsvWriter)(out, COLUMNS, zone())
    count = 0
    with reading():
        for chunk in every_entry(query):
            count += len(chunk)
            if count > MAX_EXPORTED:
                raise Refused(
                    _("At most %(count)s entries at a time; please narrow the search", count=f"{MAX_EXPORTED:,}")
                )
            writer.write([_row(line) for line in lines(chunk)], {})
        writer.close()
        session.rollback()
    with transaction() as current:
        changes: dict[str, list[Any]] = {"filter": [None, asked], "rows": [None, count], "format": [None, kind]}
        record_acts(current, [Act("export", "audit", "", actor.name[:200], changes)])
    return count


def _row(line: Line) -> list[Any]:
    entry = line.entry
    changes = "\n".join(f"{one.label}: {one.before} → {one.after}" for one in line.changes)
    said = (line.who, line.action, line.thing, entry.record_id, line.label, changes)
    return [entry.id, entry.at, *said, entry.trace_id, entry.hash]
