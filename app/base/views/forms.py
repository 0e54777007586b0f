"""The form screens: add, edit, which fields belong to the record being typed, and the pickers of links."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Response, abort, flash, jsonify, make_response, redirect, request
from flask_appbuilder import expose
from flask_babel import gettext as _

from app.access.actors import require_actor
from app.access.policy import seen_by
from app.base.views.cells import cell, listed, zone
from app.base.views.guard import needs, own_path
from app.base.views.inputs import (
    Form,
    build_form,
    first_values,
    input_text,
    is_shown,
    leniently,
    record_values,
    visibility,
)
from app.base.views.pickers import pick
from app.base.views.replies import done, linked, say_held
from app.base.views.saving import create_once, new_token, posted_values, posted_version, save_changes
from app.base.views.screen import EntityScreen
from app.base.views.shapes import kept_texts, reshaping, shape_of, shaped
from app.base.views.titles import read_titles
from app.fields.gate import held_of
from app.fields.layouts.describing import layout_of
from app.fields.regions import path_of
from app.fields.several import split
from app.types import Entity, Kind, Level, Refused


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that somebody else's change and this form disagree about."""

    label: str
    theirs: str
    yours: str


class FormScreen(EntityScreen):
    """`/add`, `/edit/<pk>`, `/form-state`, `/pick/<field>`."""

    #: A module's own form extends this one.
    form_template = "entity/form.html"

    def first_values(self) -> dict[str, str]:
        """What a new record starts with, as texts by field; a module's view may add to it."""
        return first_values(self.entity)

    def posted(self) -> dict[str, str]:
        """What was typed, by field; a module's form may fold inputs of its own into one field."""
        return posted_values(request.form)

    @expose("/add", methods=("GET", "POST"))
    @needs("can_add")
    def add(self) -> Response:
        """An empty form with what fills itself in, and what the address gives; then the record."""
        if request.method == "GET":
            values = {**self.first_values(), **self._given()}
            return self._form(build_form(shaped(self.entity, values), values), values=values, token=new_token())
        values, token = self.posted(), request.form.get("_token", "")
        begun = {**self.first_values(), **self._given()} if layout_of(self.entity.slug) else {}
        entity = shaped(self.entity, {**begun, **values})
        form = build_form(entity, values)
        if reshaping():
            return self._form(form, values={**begun, **values}, token=token)
        try:
            refuse_foreign(entity, form, values)
            unseen = kept_texts(self.entity, form.arranged, begun)
            record_id, is_new = create_once(self.entity, {**unseen, **values}, token)
        except Refused as refused:
            again = self._refused(entity, values, refused)
            return self._form(again, values={**begun, **values}, token=token or new_token(), status=422)
        self._say_saved(_("%(name)s was created") if is_new else _("%(name)s was created already"), record_id)
        say_held(held_of(self.entity, record_id))
        if request.form.get("_again"):
            return done(self.url("add", **({"next": request.form["next"]} if request.form.get("next") else {})))
        return done(own_path(request.form.get("next"), self.home_url(record_id)))

    @expose("/edit/<int:pk>", methods=("GET", "POST"))
    @needs("can_edit")
    def edit(self, pk: int) -> Response:
        """The form of a record; what was typed is kept whatever happens."""
        record, writable = self.find(pk)
        if not writable:
            return self._read_only(pk)
        if request.method == "GET":
            values = record_values(self.entity, record)
            return self._form(build_form(shaped(self.entity, values), values, record=record), record, values=values)
        posted = self.posted()
        values = {**record_values(self.entity, record), **posted}
        version = posted_version(request.form)
        entity = shaped(self.entity, values)
        form = build_form(entity, values, record=record)
        if reshaping():
            return self._form(form, record, values=values, version=version)
        try:
            refuse_foreign(entity, form, posted, values)
            if version is not None and version != getattr(record, "version", version):
                return self._conflict(record, values, posted)
            changed = save_changes(self.entity, record, posted, version)
        except Refused as refused:
            record, _writable = self.find(pk)
            return self._form(self._refused(entity, values, refused, record), record, values=values, status=422)
        if held := held_of(self.entity, pk):
            say_held(held)
        elif changed:
            self._say_saved(_("%(name)s was saved"), pk)
        else:
            flash(_("Nothing was changed"), "info")
        return done(own_path(request.form.get("next"), self.home_url(pk)))

    @expose("/form-state")
    @needs("can_add", "can_edit")
    def form_state(self) -> Response:
        """Which sections (by number) and fields belong to a record with these values."""
        values = {name: text[:200] for name, text in request.args.items()}
        return jsonify(visibility(shaped(self.seen(), values), values))

    @expose("/pick/<field>")
    @needs("can_list", "can_add", "can_edit")
    def pick(self, field: str) -> Response:
        """Records a link field may name, within the actor's scope, or regions: at most twenty that match ``q``."""
        described = self.seen().field(field)
        if described is None or described.kind not in (Kind.LINK, Kind.REGION) or described.level < Level.READ:
            abort(404)
        return jsonify(pick(described, request.args.get("q", "")))

    def _given(self) -> dict[str, str]:
        """Values in the address (``?customer_id=7``): fields of this form only, links within scope only."""
        given = {name: text for name, text in request.args.items() if name != "next"}
        links = set()
        for name, text in given.items():
            field = self.seen().field(name)
            if field is None or field.computed or field.level is not Level.WRITE or len(text) > 2000:
                abort(400)
            if field.kind is Kind.LINK and text:
                if not (text.isascii() and text.isdecimal() and len(text) < 19):
                    abort(404)
                links.add((field.target or "", int(text)))
        if links - set(read_titles(links)):
            abort(404)
        return given

    def _refused(self, entity: Entity, values: Mapping[str, str], refused: Refused, record: Any = None) -> Form:
        errors = refused.errors
        reason = str(refused.reason) if refused.reason and not errors else ""
        return build_form(entity, values, record=record, errors=errors, reason=reason)

    def _say_saved(self, text: str, record_id: int) -> None:
        name = read_titles({(self.entity.slug, record_id)}).get((self.entity.slug, record_id), f"#{record_id}")
        if not self.entity.field(self.entity.title):
            name = f"{self.entity.label} #{record_id}"
        address = self.url("show", pk=record_id) if self.can("show") else None
        flash(linked(text, name, address), "success")

    def _read_only(self, pk: int) -> Response:
        flash(_("You may see this record, but not change it"), "warning")
        return redirect(self.home_url(pk), 303)  # type: ignore[return-value]

    def _conflict(self, record: Any, values: Mapping[str, str], posted: Mapping[str, str]) -> Response:
        """Somebody was faster: both versions side by side, and the typed one still in the form."""
        form = build_form(
            shaped(self.entity, values),
            values,
            record=record,
            reason=_("Somebody else has changed this record meanwhile. Compare, then save again to keep your values."),
        )
        differences = list(differences_of(self.entity, record, posted))
        return self._form(form, record, values=values, status=409, differences=differences)

    def _form(
        self,
        form: Form,
        record: Any = None,
        *,
        values: Mapping[str, str],
        token: str = "",
        status: int = 200,
        differences: Any = (),
        version: int | None = None,
    ) -> Response:
        back = own_path(request.values.get("next"), self.home_url(record.id if record is not None else None))
        page = self.render(
            self.form_template,
            form=form,
            record=record,
            name=self.title(record) if record is not None else "",
            token=token,
            version=version if version is not None else getattr(record, "version", None),
            shape=shape_of(self.entity, values),
            next=own_path(request.values.get("next"), ""),
            back_url=back,
            differences=differences,
            state_url=self.url("form_state"),
            pick_url=lambda name: self.url("pick", field=name),
            again=record is None,
        )
        return make_response(page, status)


def refuse_foreign(
    entity: Entity, form: Form, posted: Mapping[str, str], values: Mapping[str, str] | None = None
) -> None:
    """Raise `Refused` for posted fields this form does not have: nobody sets more than the screen offers."""
    typed, errors = form.typed, {}
    shown = {one.name: str(one.field.label) for one in form.inputs if one.field.level is not Level.WRITE}
    for name, text in posted.items():
        if name in shown:
            errors[name] = _("You may not change “%(field)s”", field=shown[name])
        elif name not in typed:
            errors[name] = _("This form has no field “%(name)s”", name=name[:60])
        elif _says_something(entity, name, text) and not is_shown(entity, name, values or posted):
            errors[name] = _("This field does not belong to this kind of record")
    if errors:
        raise Refused(errors=errors)


def _says_something(entity: Entity, name: str, text: str) -> bool:
    """Whether a text sets a value: an empty one does not, nor a switch left at “no”, which every form sends along."""
    field = entity.field(name)
    return bool(text) and not (text == "no" and field is not None and field.kind is Kind.BOOLEAN)


def differences_of(entity: Entity, record: Any, posted: Mapping[str, str]) -> Iterator[Difference]:
    """What the acting person may see of where a record's values are others than what was typed."""
    clock, entity = zone(), seen_by(entity, require_actor())
    links = {
        (field.target or "", int(text))
        for name, text in posted.items()
        if (field := entity.field(name)) and field.kind is Kind.LINK and text.isdecimal() and len(text) < 19
    }
    own = {
        (field.target or "", value)
        for name in posted
        if (field := entity.field(name)) and field.kind is Kind.LINK and (value := getattr(record, name)) is not None
    }
    titles = read_titles(links | own)
    for name, text in posted.items():
        field = entity.field(name)
        if field is None or field.computed:
            continue
        theirs = input_text(field, getattr(record, name, None), clock)
        if theirs == text.strip().replace("\r\n", "\n"):
            continue
        yours = text
        if field.kind is Kind.LINK and text.isdecimal():
            yours = titles.get((field.target or "", int(text[:18])), text)
        elif field.kind is Kind.CHOICE:
            yours = next((str(choice.label) for choice in field.choices if choice.value == text), text)
        elif field.kind is Kind.FILES:
            yours = listed(name or f"#{number}" for number, name in leniently(entity, {name: text}).get(name) or ())
        elif field.kind is Kind.REGION:
            yours = path_of(text)
        elif field.kind is Kind.CHOICES:
            yours = listed(str(choice.label) for choice in field.choices if choice.value in split(text))
        elif field.kind is Kind.BOOLEAN:
            yours = _("Yes") if text == "yes" else _("No")
        yield Difference(str(field.label), cell(field, getattr(record, name, None), titles).text, yours or "--")
