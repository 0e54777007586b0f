"""Editing one field of a record where it is shown: in a cell of a list, on the record's page, on a board."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flask import Response, abort, jsonify, make_response, request
from flask_appbuilder import expose
from flask_babel import gettext as _

from app.access.actors import require_actor
from app.access.policy import seen_by
from app.base.views.cells import FIGURES, cell, row_writer, zone
from app.base.views.guard import needs
from app.base.views.inputs import Input, build_form, input_text, is_shown, is_typed, record_values, sections_of
from app.base.views.saving import posted_text, posted_version, save_changes
from app.base.views.screen import EntityScreen
from app.base.views.titles import links_of, read_titles
from app.fields.gate import held_of, lock_of, refuse_locked
from app.fields.messages import message
from app.types import Entity, Field, Level, Refused


class CellScreen(EntityScreen):
    """`/cell/<pk>/<field>`: GET the editor of one field, POST its new value."""

    #: Fields only the module's own form can ask for.
    own_inputs: frozenset[str] = frozenset()
    #: Choice fields a verb of the module's own moves (`move_card`), and the permission for it: {"stage": "can_move"}.
    own_moves: Mapping[str, str] = {}

    def move_card(self, record: Any, field: str, value: str) -> None:
        """Put a record into another column of a board, for the fields in `own_moves`. Raises `Refused`."""
        raise NotImplementedError(field)

    def editable_fields(self) -> frozenset[str]:
        """The fields the actor may edit in place where the record can be changed."""
        if not self.can("edit"):
            return frozenset()
        entity = self.seen()
        inside = {name for section in sections_of(entity) for name in section.fields}
        return frozenset(
            field.name
            for field in entity.fields
            if field.name in inside and is_typed(field, True) and field.name not in self.own_inputs
        )

    @expose("/cell/<int:pk>/<field>", methods=("GET", "POST"))
    @needs("can_edit")
    def cell(self, pk: int, field: str) -> Response:
        """The editor, or what became of the value: `cells` as they look now, `refused` with the reason, or the `editor`
        again with what was typed and what is wrong with it (422), or what somebody else stored meanwhile (409)."""
        described = self.seen().field(field)
        if described is None:
            abort(404)
        record, writable = self.find(pk)
        if reason := self._cell_kept_back(record, writable, described):
            return make_response(jsonify(refused=reason), 200 if request.method == "GET" else 403)
        if request.method == "GET" and "_shown" in request.args:
            return self._cell_saved(record, request.args["_shown"])
        if request.method == "GET":
            return jsonify(editor=self._cell_editor(record, described))
        text = posted_text(request.form, field)
        if text is None:
            abort(400)
        version, was, plain = posted_version(request.form), posted_text(request.form, "_was"), "_plain" in request.form
        if self._cell_stale(record, described, version, was):
            said = _("Somebody else has changed this record meanwhile")
            again = "" if plain else self._cell_editor(record, described, text, stale=True)
            return make_response(jsonify(editor=again, reason=said), 409)
        try:
            if field in self.own_moves:
                refuse_locked(self.entity, record, (field,))
                self.move_card(record, field, text)
            else:
                save_changes(self.entity, record, {field: text}, version)
        except Refused as refused:
            said = str(refused.errors.get(field) or "; ".join(map(str, refused.errors.values())) or refused)
            record, _writable = self.find(pk)
            again = "" if plain else self._cell_editor(record, described, text, version=version, error=said)
            return make_response(jsonify(editor=again, reason=said), 422)
        return self._cell_saved(record, request.form.get("_shown", ""))

    def _cell_saved(self, record: Any, names: str) -> Response:
        cells = self._cell_looks(record, names.split(","))
        held = held_of(self.entity, record.id)
        told = {"told": _("Sent for approval: %(what)s", what=held.text), "told_url": held.url} if held else {}
        return jsonify(cells=cells, mark=self.mark(record), version=getattr(record, "version", None), **told)

    def _cell_kept_back(self, record: Any, writable: bool, field: Field) -> str:
        """Why the field of the record cannot be edited here; nothing when it can."""
        if not writable:
            return _("You may see this record, but not change it")
        if field.name in self.own_moves and request.method == "POST":
            may = field.level is Level.WRITE and require_actor().can(
                self.own_moves[field.name], self.class_permission_name
            )
            return "" if may else f"{field.label}: {message('not_writable')}"
        if field.computed or field.create_only or field.level is not Level.WRITE:
            code = "computed" if field.computed else "create_only" if field.create_only else "not_writable"
            return f"{field.label}: {message(code)}"
        if field.name in self.own_inputs or field.name not in self.editable_fields():
            return _("“%(field)s” is changed on the form of the record", field=field.label)
        if not self.offers(record, "edit"):
            return _("In its present state this record is not changed by hand")
        lock = lock_of(self.entity, record)
        if lock is not None and lock.holds(field.name):
            return str(lock.reason)
        if not is_shown(self.entity, field.name, record_values(self.entity, record)):
            return _("This field does not belong to this kind of record")
        return ""

    def _cell_stale(self, record: Any, field: Field, version: int | None, was: str | None) -> bool:
        """Whether somebody else was faster: by the record's version, where it has none by the value."""
        if hasattr(record, "version"):
            return version != record.version
        return input_text(field, getattr(record, field.name, None), zone()) != (was or "").replace("\r\n", "\n")

    def _cell_editor(
        self,
        record: Any,
        field: Field,
        text: str | None = None,
        *,
        version: int | None = None,
        stale: bool = False,
        error: str = "",
    ) -> str:
        stored = input_text(field, getattr(record, field.name, None), zone())
        values = record_values(self.entity, record)
        if text is not None:
            values[field.name] = text
        errors = {field.name: error} if error else {}
        form = build_form(self.entity, values, record=record, errors=errors)
        one: Input | None = next((one for one in form.inputs if one.name == field.name), None)
        if one is None:
            abort(404)
        titles = read_titles(links_of(self.entity, [record], [field.name])) if stale else {}
        return self.render(
            "entity/cell_editor.html",
            one=one,
            address=self.url("cell", pk=record.id, field=field.name),
            version=version if version is not None else getattr(record, "version", ""),
            was=stored,
            theirs=cell(field, getattr(record, field.name, None), titles) if stale else None,
            pick_url=lambda name: self.url("pick", field=name),
        )

    def _cell_looks(self, record: Any, names: Iterable[str]) -> dict[str, dict[str, str]]:
        """How the fields of the record look now: in a list, and (`short`) on its page."""
        entity = seen_by(self.entity, require_actor())
        shown = [name for name in dict.fromkeys(names) if entity.field(name) is not None]
        titles = read_titles(links_of(entity, [record], shown))
        written = row_writer(entity, shown, titles)(record)
        return {name: _looks(entity, name, record, titles, one) for name, one in zip(shown, written, strict=True)}


def _looks(entity: Entity, name: str, record: Any, titles: Any, listed: Any) -> dict[str, str]:
    field = entity.field(name) or Field(name, name)
    short = cell(field, getattr(record, name, None), titles, short=True)
    return {
        "list": str(listed.__html__()),
        "short": str(short.__html__()),
        "class": listed.classes(field.kind in FIGURES),
    }
