"""The tab and the routes by which an admin gives a field another kind: try it, look at what does not convert, do it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import Any

from flask import Response, abort, flash, g, make_response, redirect, render_template, request, send_file
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from marshmallow import Schema, fields
from sqlalchemy import func, select

from app.access.actors import require_actor
from app.access.audit import Act, record_acts
from app.access.policy import may_ask
from app.access.scope import UNSCOPED, scope_condition
from app.base.page import expose
from app.base.views.acts import optional_url
from app.base.views.cells import zone
from app.base.views.guard import needs
from app.base.views.screen import EntityScreen
from app.base.views.titles import read_titles
from app.db import session, transaction
from app.fields.custom.conversion.models import Conversion, ConvertedValue
from app.fields.custom.conversion.running import run_conversion
from app.fields.custom.conversion.services import change_kind, entity_of, kinds_after, latest, try_kind
from app.fields.custom.models import CustomField
from app.fields.custom.rules import CHOOSING
from app.fields.custom.schemas import KIND_LABELS
from app.fields.hooks import INDEX_JOB, TERMS_JOB
from app.fields.messages import message
from app.jobs.models import Job
from app.jobs.rules import OPEN
from app.jobs.services import Run, enqueue
from app.transfer.services.export_files import CsvWriter
from app.types import SYSTEM, Entity, Field, JobSpec, Kind, Refused, Tab

CONVERT_JOB = "fields.kind"
SHOWN = 50
_BATCH = 2000


class ConversionArguments(Schema):
    """Which change of kind."""

    conversion_id = fields.Integer(required=True, strict=True)


def convert_job(run: Run, conversion_id: int) -> dict[str, Any]:
    """Try a change of kind or make it; the field's index is then built anew."""
    found = run_conversion(run, conversion_id)
    if found.get("status") == "done":
        enqueue(INDEX_JOB, actor=SYSTEM, unique_key=INDEX_JOB)
        enqueue(TERMS_JOB, actor=SYSTEM, unique_key=TERMS_JOB)
    return found


JOB_SPEC = JobSpec(CONVERT_JOB, _l("Another kind for a field"), convert_job, ConversionArguments)


@dataclass(frozen=True, slots=True)
class Unfit:
    """A value that does not convert: of which record, and why."""

    record_id: int
    title: str
    url: str | None
    was: str
    reason: str


def kind_tab() -> Tab:
    """The tab of a field's page."""
    return Tab("kind", _l("Change of kind"), render_tab, "CustomFieldView", "can_edit", order=20)


def render_tab(row: CustomField) -> Markup:
    """What the kind may become, how far the last try or change is, and what does not convert."""
    entity, made = entity_of(row), latest(row)
    job = session.get(Job, made.job_id) if made is not None and made.job_id else None
    is_open = job is not None and job.status in OPEN
    shown = list(unfit(entity, row, made, SHOWN)) if made is not None and made.status == "checked" else []
    return Markup(render_template(  # noqa: S704  (a template's own output)
        "shaping/kind.html",
        row=row, made=made, job=job, is_open=is_open, **g.get("kind_refused", {"error": "", "typed": {}}),
        kinds=[(kind.value, KIND_LABELS[kind]) for kind in kinds_after(row)],
        labels={kind.value: label for kind, label in KIND_LABELS.items()},
        choosing=[kind.value for kind in CHOOSING],
        rows=shown, limit=SHOWN, kept_back=not may_look(entity, row),
        in_sight=in_sight(entity, made) if made is not None and shown else 0,
        exports=may_export(entity, row), trouble=_trouble(made), heading=entity.label,
    ))  # fmt: skip


def _trouble(made: Conversion | None) -> str:
    texts = {
        "failed": _("Values that do not convert were written meanwhile; nothing was changed"),
        "twice": _("Several records would share a value, and this field must be unique; nothing was changed"),
        "other": _("The field was changed otherwise meanwhile; nothing was changed. Please try again"),
    }
    return texts.get(made.trouble, "") if made is not None else ""


def may_look(entity: Entity, row: CustomField) -> bool:
    """Whether the actor may see values of the field: who opens the records and may read it there."""
    actor = require_actor()
    opens = actor.can("can_list", entity.view_name) or actor.can("can_show", entity.view_name)
    return opens and may_ask(entity, row.key, actor)


def may_export(entity: Entity, row: CustomField) -> bool:
    """Whether the actor gets the values that do not convert as a file: those may who export these records."""
    actor = require_actor()
    return actor.can("can_export", entity.view_name) and may_look(entity, row) and not actor.viewer


def _in_scope(entity: Entity, made: Conversion, *, every: bool) -> list[Any]:
    where = [
        ConvertedValue.conversion_id == made.id,
        entity.model.id == ConvertedValue.record_id,
        scope_condition(entity, require_actor()),
    ]
    return where if every else [*where, ConvertedValue.value.is_(None)]


def in_sight(entity: Entity, made: Conversion) -> int:
    """How many of the values that do not convert are of records within the actor's scope."""
    counted = select(func.count()).select_from(ConvertedValue).where(*_in_scope(entity, made, every=False))
    return int(session.scalar(counted.execution_options(**{UNSCOPED: True})) or 0)


def unfit(
    entity: Entity, row: CustomField, made: Conversion, limit: int, after: int = 0, *, every: bool = False
) -> Iterator[Unfit]:
    """The next values that do not convert (with `every`, all) of records the actor sees, by id; none of a field
    whose values are kept from the actor."""
    if not may_look(entity, row):
        return
    wanted = (
        select(ConvertedValue)
        .where(*_in_scope(entity, made, every=every), ConvertedValue.record_id > after)
        .order_by(ConvertedValue.record_id)
        .limit(limit)
    )
    found = session.scalars(wanted.execution_options(**{UNSCOPED: True})).all()
    titles = read_titles((entity.slug, one.record_id) for one in found)
    for one in found:
        title = titles.get((entity.slug, one.record_id), f"#{one.record_id}")
        url = optional_url(f"{entity.view_name}.show", pk=one.record_id)
        reason = message(one.code, **json.loads(one.details or "{}")) if one.code else ""
        yield Unfit(one.record_id, title, url, one.was, str(reason))


class ConversionScreen(EntityScreen):
    """`/kind/<pk>/try`, `/change`, `/file`: the acts of the tab."""

    @expose("/kind/<int:pk>/try", methods=["POST"])
    @needs("can_edit")
    def try_kind(self, pk: int) -> Response:
        """Begin a dry run over all records."""
        row, writable = self.find(pk)
        self._when_free(row)
        kind, choices = request.form.get("kind", ""), request.form.get("choices", "")[:20_000]
        try:
            with transaction():
                _ask(try_kind(row, kind, choices))
        except Refused as refused:
            error = "; ".join(str(text) for text in refused.errors.values()) or str(refused)
            g.kind_refused = {"error": error, "typed": {"kind": kind, "choices": choices}}
            return make_response(self._page(self.find(pk)[0], writable, "kind"), 422)
        return self._back(pk)

    @expose("/kind/<int:pk>/change", methods=["POST"])
    @needs("can_edit")
    def change_kind(self, pk: int) -> Response:
        """Change the kind as it was tried."""
        row, _writable = self.find(pk)
        self._when_free(row)
        made = latest(row)
        if made is None or str(made.id) != request.form.get("conversion"):
            abort(404)
        try:
            with transaction():
                change_kind(made, leave_empty=request.form.get("leave_empty") == "yes")
                _ask(made)
        except Refused as refused:
            flash(str(refused), "danger")
        return self._back(pk)

    @expose("/kind/<int:pk>/file")
    @needs("can_edit")
    def kind_file(self, pk: int) -> Response:
        """The values that do not convert, or all of them, as CSV; fetching it is written down."""
        row, _writable = self.find(pk)
        entity, made = entity_of(row), latest(row)
        if made is None or made.status not in ("checked", "done"):
            abort(404)
        if not may_export(entity, row):
            abort(403)
        every = request.args.get("all") == "1"
        out = TemporaryFile()  # noqa: SIM115  (closed by whoever sends it)
        count = _write_file(out, entity, row, made, every=every)
        if request.method != "HEAD":
            with transaction() as current:
                told = {"rows": [None, count], "field": [None, row.key]}
                record_acts(current, [Act("export", entity.slug, "", str(row.label_zh), told)])
        out.seek(0)
        name = f"{entity.slug}-{row.key}.csv"
        return send_file(out, as_attachment=True, download_name=name, mimetype="text/csv; charset=utf-8")

    def _when_free(self, row: CustomField) -> None:
        made = latest(row)
        job = session.get(Job, made.job_id) if made is not None and made.job_id else None
        if job is not None and job.status in OPEN:
            abort(409)
        if made is not None and made.status == "changing":  # its job was cancelled or has failed
            made.status = "checked"

    def _back(self, pk: int) -> Response:
        return redirect(self.url("tab", pk=pk, name="kind"), 303)  # type: ignore[return-value]


def _ask(made: Conversion) -> None:
    row = session.get_one(CustomField, made.field_id)
    title = _("Change of kind: %(field)s", field=row.label_zh)
    made.job_id = enqueue(CONVERT_JOB, {"conversion_id": made.id}, actor=SYSTEM, title=title)


def _write_file(out: Any, entity: Entity, row: CustomField, made: Conversion, *, every: bool) -> int:
    columns = (
        Field("id", _("Record number"), Kind.INTEGER), Field("title", _("Name")), Field("was", str(row.label_zh)),
        Field("reason", _("Why it does not convert")),
    )  # fmt: skip
    writer, after, count = CsvWriter(out, columns, zone()), 0, 0
    while batch := list(unfit(entity, row, made, _BATCH, after, every=every)):
        writer.write([(one.record_id, one.title, one.was, one.reason) for one in batch], {})
        after, count = batch[-1].record_id, count + len(batch)
    writer.close()
    return count


__all__ = ["CONVERT_JOB", "JOB_SPEC", "ConversionScreen", "kind_tab", "render_tab"]
