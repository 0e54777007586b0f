"""`/layouts/`: arranging forms, pages and lists; a draft is looked at as any role before it is published."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import astuple, replace
from typing import Any, ClassVar
from urllib.parse import urlencode

from flask import abort, flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.access.actors import require_actor
from app.base.layouts.editing import (
    Role,
    Target,
    asked_target,
    choice_fields,
    differing_by,
    is_same_page,
    list_form,
    page_form,
    posted_list,
    posted_page,
    roles_there,
    types_of,
)
from app.base.layouts.preview import Wish, preview, said_filter
from app.base.page import PageView, expose, has_access
from app.base.views.acts import optional_url
from app.base.views.asked import asked_links, list_of
from app.base.views.cells import zone
from app.base.views.formats import moment_text
from app.base.views.lists import filter_inputs
from app.base.views.titles import read_titles
from app.fields.layouts.fitting import settled, with_list, with_page, without_list, without_page
from app.fields.layouts.rules import Layout
from app.fields.layouts.services import (
    Stale,
    bring_back,
    discard_draft,
    history,
    is_arrangeable,
    publish,
    save_draft,
    standing,
    standings,
)
from app.host.context import context
from app.types import Entity, Refused

PAGE, LIST = "page", "list"


class LayoutView(PageView):
    """What can be arranged, the editor of one entity's pages, its preview, its versions."""

    route_base = "/layouts"
    default_view = "list"
    label = _l("Layouts")
    permission_labels: ClassVar[dict[str, Any]] = {"can_edit": _l("Arrange pages"), "can_publish": _l("Publish")}
    method_permission_name: ClassVar[dict[str, str]] = {
        "list": "edit",
        "edit": "edit",
        "save": "edit",
        "preview": "edit",
        "rules": "edit",
        "drop": "edit",
        "discard": "edit",
        "versions": "edit",
        "publish": "publish",
        "back": "publish",
    }

    @expose("/")
    @has_access
    def list(self) -> Any:
        """Everything whose pages can be arranged, and how it stands."""
        states = standings()
        found = sorted((one for one in context().entities.values() if is_arrangeable(one)), key=lambda e: str(e.label))
        rows = [(entity, states.get(entity.slug)) for entity in found]
        return self._render("layouts/index.html", rows=rows)

    @expose("/<slug>/")
    @has_access
    def edit(self, slug: str) -> Any:
        """The editor for one role and type."""
        return self._editor(_entity(slug), standing(slug).working)

    @expose("/<slug>/save", methods=["POST"])
    @has_access
    def save(self, slug: str) -> Any:
        """Keep what was arranged as the draft; with ``_then=publish`` put it in force."""
        entity, now, then = _entity(slug), standing(slug), request.form.get("_then", "")
        layout = now.working
        try:
            layout = settled(self._posted(entity, now.working))
            version = _seen()
            if version != now.version:
                save_draft(slug, layout, version)  # says who was faster
            if layout != now.working:
                version = save_draft(slug, layout, version)
            elif then != "publish":
                flash(_("Nothing was changed"), "info")
                return self._back(slug)
            if then == "publish" and require_actor().can("can_publish", type(self).__name__):
                return self._publish(slug, version)
        except Stale as stale:
            reason = _("%(reason)s. Look at what you have here, then save again to keep it.", reason=str(stale))
            return self._editor(entity, layout, reason), 409
        except Refused as refused:
            return self._editor(entity, layout, _why(refused)), 422
        flash(_("The draft is saved; nobody sees it before it is published"), "success")
        return self._back(slug)

    @expose("/<slug>/preview", methods=["POST"])
    @has_access
    def preview(self, slug: str) -> Any:
        """What the chosen role would see of what is being arranged; nothing is kept."""
        entity, roles = _entity(slug), roles_there()
        chosen = next((one for one in roles if one.name == request.form.get("as_role")), None)
        try:
            layout = differing_by(entity, self._posted(entity, standing(slug).working), request.form.get("by"))
        except Refused as refused:
            return self.render_template("layouts/refused.html", reason=_why(refused))
        values = {one.value for one in types_of(entity, layout)}
        wanted = request.form.get("as_value", "")
        wish = Wish(
            chosen.id if chosen else None,
            chosen.name if chosen else "",
            wanted if wanted in values else "",
            _number("record"),
            request.form.get("on") == "add",
        )
        shown = preview(entity, layout, require_actor(), wish)
        on = request.form.get("on", "page")
        template = "layouts/preview.html"
        return self._render(template, entity=entity, shown=shown, on=on, role=chosen, pick_url=_picker(entity))

    @expose("/<slug>/rules", methods=["POST"])
    @has_access
    def rules(self, slug: str) -> Any:
        """Which of a person's roles counts first."""
        _entity(slug)
        now = standing(slug)
        known = {one.name for one in roles_there()}
        order = tuple(dict.fromkeys(name for name in request.form.getlist("order") if name in known))
        made = replace(now.working, roles=order + tuple(name for name in now.working.roles if name not in order))
        return self._act(slug, lambda: save_draft(slug, made, _seen()), _("The draft is saved"))

    @expose("/<slug>/drop", methods=["POST"])
    @has_access
    def drop(self, slug: str) -> Any:
        """Take the arrangement for a role and type out of the draft: they follow the next one again."""
        entity, layout = _entity(slug), standing(slug).working
        layout = differing_by(entity, layout, request.form.get("by"))
        target = asked_target(request.form, roles_there(), types_of(entity, layout))
        is_list = request.form.get("area") == LIST
        made = settled(without_list(layout, target.role) if is_list else without_page(layout, *astuple(target)))
        return self._act(slug, lambda: save_draft(slug, made, _seen()), _("The draft is saved"))

    @expose("/<slug>/discard", methods=["POST"])
    @has_access
    def discard(self, slug: str) -> Any:
        """Throw the draft away."""
        _entity(slug)
        return self._act(slug, lambda: discard_draft(slug, _seen()), _("The draft is thrown away"))

    @expose("/<slug>/publish", methods=["POST"])
    @has_access
    def publish(self, slug: str) -> Any:
        """Put the draft in force."""
        _entity(slug)
        return self._publish(slug, _seen())

    @expose("/<slug>/back", methods=["POST"])
    @has_access
    def back(self, slug: str) -> Any:
        """Put an earlier version in force again; number 0 is the built-in layout."""
        _entity(slug)
        text = _("It is in force; every page shows it within a second")
        return self._act(slug, lambda: bring_back(slug, _number("number"), _seen()), text, "versions")

    @expose("/<slug>/versions")
    @has_access
    def versions(self, slug: str) -> Any:
        """What was published, when and by whom."""
        entity, now = _entity(slug), standing(slug)
        found = history(slug)
        return self._render("layouts/versions.html", entity=entity, standing=now, versions=found)

    def _editor(self, entity: Entity, layout: Layout, reason: str = "") -> Any:
        now, roles = standing(entity.slug), roles_there()
        layout = differing_by(entity, layout, request.values.get("by"))
        types = types_of(entity, layout)
        target = asked_target(request.values, roles, types)
        area = LIST if request.values.get("area") == LIST and "list" in entity.actions else PAGE
        values: dict[str, Any] = {"page": None, "listed": None}
        if area == LIST:
            values["listed"] = made = list_form(entity, layout, target.role)
            state = list_of(entity, "")
            with suppress(Refused):  # a field it names is gone
                state = list_of(entity, urlencode(made.filter))
            values["filters"] = filter_inputs(entity, state.filters, read_titles(asked_links(state)))
            values["said"] = said_filter(entity, made.filter)
        else:
            values["page"] = page_form(entity, layout, target)
        return self._render(
            "layouts/editor.html",
            entity=entity,
            standing=now,
            layout=layout,
            roles=_in_order(layout, roles),
            labels={one.name: one.label for one in roles},
            types=types,
            fields_by=choice_fields(entity),
            target=target,
            area=area,
            reason=reason,
            pick_url=_picker(entity),
            made=_arranged(layout),
            **values,
        )

    def _render(self, template: str, **values: Any) -> str:
        clock, may_publish = zone(), require_actor().can("can_publish", type(self).__name__)
        return self.render_template(
            template, moment=lambda at: moment_text(at, clock), may_publish=may_publish, **values
        )

    def _posted(self, entity: Entity, kept: Layout) -> Layout:
        layout = differing_by(entity, kept, request.form.get("by"))
        target = asked_target(request.form, roles_there(), types_of(entity, layout))
        if request.form.get("area") == LIST:
            made = posted_list(entity, target.role, request.form)
            form = list_form(entity, layout, target.role)
            shown = tuple(field.name for field in form.columns)
            same = (made.columns or entity.list_fields, made.filter) == (shown, form.filter)
            return kept if same else with_list(kept, made)
        page = posted_page(target, request.form.get("document", ""))
        return kept if is_same_page(page, page_form(entity, layout, target)) else with_page(layout, page)

    def _publish(self, slug: str, version: int) -> Any:
        text = _("It is in force; every page shows it within a second")
        return self._act(slug, lambda: publish(slug, version), text)

    def _act(self, slug: str, act: Any, text: str, route: str = "edit") -> Any:
        try:
            act()
        except Refused as refused:
            return self._answer(slug, _why(refused), route)
        flash(text, "success")
        return self._back(slug, route)

    def _answer(self, slug: str, reason: str, route: str = "edit") -> Any:
        flash(reason, "error")
        return self._back(slug, route)

    def _back(self, slug: str, route: str = "edit") -> Any:
        keys = ("role", "by", "value", "area") if route == "edit" else ()
        kept: dict[str, Any] = {key: text for key in keys if (text := request.form.get(key, ""))}
        return redirect(url_for(f"LayoutView.{route}", slug=slug, **kept), 303)


def _entity(slug: str) -> Entity:
    found = context().entities.get(slug)
    if found is None or not is_arrangeable(found):
        abort(404)
    return found


def _picker(entity: Entity) -> Any:
    return lambda name: optional_url(f"{entity.view_name}.pick", field=name)


def _seen() -> int:
    return _number("version")


def _number(name: str) -> int:
    text = request.form.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 18 else 0


def _why(refused: Refused) -> str:
    return str(refused.reason) or "; ".join(str(text) for text in refused.errors.values())


def _in_order(layout: Layout, roles: list[Role]) -> list[Role]:
    places = {name: place for place, name in enumerate(layout.roles)}
    return sorted(roles, key=lambda one: (places.get(one.name, len(places)), one.id))


def _arranged(layout: Layout) -> dict[str, set[Target]]:
    """The targets that have an arrangement of their own, per part."""
    pages = {Target(page.role, page.value) for page in layout.pages}
    return {PAGE: pages, LIST: {Target(one.role) for one in layout.lists}}
