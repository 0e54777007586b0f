"""What people keep of their lists: the dialogs of columns and of views, for every entity's list; their own views."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

from flask import Response, abort, request, url_for
from flask_babel import gettext as _

from app.access.actors import require_actor
from app.access.policy import seen_by
from app.base.page import PageView, expose
from app.base.saved.asking import kept_wish, posted_form, posted_wish, private_wish, view_dialog
from app.base.saved.desk import WHOLE, choose_columns, choose_default
from app.base.saved.models import SavedView
from app.base.saved.rules import MOST_COLUMNS, read_columns
from app.base.saved.services import add_view, change_view, find_view, keep_state, query_of, remove_view
from app.base.views.cells import heading, zone
from app.base.views.desk import list_home, may_list, usual_columns
from app.base.views.leaving import readable_pairs
from app.base.views.opening import Opening, choosable, open_list
from app.base.views.replies import dialog, done
from app.base.views.saving import posted_version
from app.base.views.state import ListState
from app.db import session
from app.host.context import context
from app.types import Entity, Refused


class ListDeskView(PageView):
    """Columns and views of one's own, for whoever may open the list; the address carries what the list shows."""

    route_base = "/desk"
    default_view = "columns"

    @expose("/<entity>/columns", methods=("GET", "POST"))
    def columns(self, entity: str) -> Response:
        """Choose and order the columns: of the view one is in, else of the list for oneself."""
        seen, opening = opened(entity)
        if request.method == "GET":
            return _columns_dialog(seen, opening)
        usual = usual_columns(seen)
        able = set(choosable(seen, usual))
        asked = set(request.form.getlist("shown"))
        chosen = tuple(name for name in dict.fromkeys(request.form.getlist("order")) if name in asked & able)
        reset = "reset" in request.form
        if not reset and not 1 <= len(chosen) <= MOST_COLUMNS:
            return _columns_dialog(seen, opening, _("Choose 1 to %(count)s columns", count=MOST_COLUMNS))
        named = () if reset or chosen == usual else chosen
        if opening.view is None:
            choose_columns(seen.slug, list(named))
            named = ()
        return done(address(seen, replace(opening.state, columns=named)))


    @expose("/<entity>/save", methods=("GET", "POST"))
    def save(self, entity: str) -> Response:
        """Keep what the list shows as a new view."""
        seen, opening = opened(entity)
        here = request.full_path.removesuffix("?")
        if request.method == "GET":
            return view_dialog(None, here, private_wish())
        try:
            made = add_view(seen.slug, query_of(wishes(seen, opening)), wish := posted_wish())
        except Refused as refused:
            return view_dialog(None, here, posted_form(), refused)
        if "own_default" in request.form:
            choose_default(seen.slug, made.id)
        return done(f"{list_home(seen)}?view={made.id}", _("“%(name)s” was saved", name=wish.name.strip()))

    @expose("/view/<int:pk>/edit", methods=("GET", "POST"))
    def edit(self, pk: int) -> Response:
        """Name a view anew, or share it otherwise."""
        view, seen = found(pk)
        here = url_for(".edit", pk=pk)
        if request.method == "GET":
            return view_dialog(view, here, kept_wish(view))
        try:
            change_view(view, wish := posted_wish(), posted_version(request.form))
        except Refused as refused:
            session.rollback()
            return view_dialog(found(pk)[0], here, posted_form(), refused)
        return done(f"{list_home(seen)}?view={pk}", _("“%(name)s” was saved", name=wish.name.strip()))

    @expose("/view/<int:pk>/keep", methods=("POST",))
    def keep(self, pk: int) -> Response:
        """Let the view show what the list shows now."""
        view, seen = found(pk)
        opening = opened(seen.slug)[1]
        try:
            if hides_parts(seen, view):
                raise Refused(_("You do not see all of this view; save it as one of your own"))
            keep_state(view, query_of(wishes(seen, opening)), posted_version(request.form))
        except Refused as refused:
            session.rollback()
            return done(address(seen, opening.state), str(refused), "danger")
        return done(f"{list_home(seen)}?view={pk}", _("“%(name)s” was saved", name=view.name))

    @expose("/view/<int:pk>/delete", methods=("GET", "POST"))
    def delete(self, pk: int) -> Response:
        """Ask about a view, or remove it."""
        view, seen = found(pk)
        here, name = url_for(".delete", pk=pk), view.name
        if request.method == "GET":
            return dialog("entity/view_delete.html", view=view, address=here)
        try:
            remove_view(view, posted_version(request.form))
        except Refused as refused:
            session.rollback()
            return dialog("entity/view_delete.html", 422, view=found(pk)[0], address=here, reason=str(refused))
        return done(f"{list_home(seen)}?view=all", _("%(name)s was deleted", name=name))

    @expose("/<entity>/default", methods=("POST",))
    def default(self, entity: str) -> Response:
        """Choose which view opens by itself for oneself: one, none at all, or what the site says."""
        found_here = context().entities.get(entity)
        if found_here is None or not may_list(found_here):
            abort(404)
        text = request.form.get("view", "")[:20]
        if text.isascii() and text.isdecimal():
            found(int(text))
            choose_default(entity, int(text))
        else:
            choose_default(entity, WHOLE if text == WHOLE else None)
        home = list_home(found_here)
        return done(f"{home}?view={text}" if text else home, _("Kept"))


def found(pk: int) -> tuple[SavedView, Entity]:
    """(the view, its entity as the actor sees it); 404 for one that is not theirs to open."""
    try:
        view = find_view(pk)
    except LookupError:
        abort(404)
    described = context().entities.get(view.entity)
    if described is None or not may_list(described):
        abort(404)
    return view, seen_by(described, require_actor())


def wishes(entity: Entity, opening: Opening) -> list[tuple[str, str]]:
    """What a view keeps of a list: also the columns, where they are not the usual ones."""
    usual = usual_columns(entity)
    columns = opening.columns if opening.columns != usual else ()
    return replace(opening.state, columns=columns).wishes


def hides_parts(entity: Entity, view: SavedView) -> bool:
    """Whether the view has parts that are kept from the actor: saving over it would lose them."""
    pairs = parse_qsl(view.query, max_num_fields=300)
    kept, left = readable_pairs(entity, pairs, zone())
    named = [value for key, value in kept if key == "columns"]
    usual = usual_columns(entity)
    gone = tuple(name for name in read_columns(",".join(named)) if name not in choosable(entity, usual))
    return left.and_columns(entity, gone).count > 0


def opened(slug: str) -> tuple[Entity, Opening]:
    """(the entity as the actor sees it, its list as the address asks for it); 404 where there is none for them."""
    found = context().entities.get(slug)
    if found is None or not may_list(found):
        abort(404)
    seen = seen_by(found, require_actor())
    try:
        return seen, open_list(seen, request.args, zone(), usual_columns(seen))
    except Refused:
        abort(400)


def address(entity: Entity, state: ListState) -> str:
    """The address of the list in that state."""
    return list_home(entity) + state.query.removesuffix("?")


def _columns_dialog(entity: Entity, opening: Opening, error: str = "") -> Response:
    able = choosable(entity, usual_columns(entity))
    names = (*opening.columns, *(name for name in able if name not in opening.columns))
    fields: list[tuple[str, Any]] = [(name, field) for name in names if (field := entity.field(name)) is not None]
    return dialog(
        "entity/columns.html",
        status=422 if error else 200,
        columns=[(name, heading(field), name in opening.columns) for name, field in fields],
        address=request.full_path.removesuffix("?"),
        view=opening.view,
        error=error,
    )


__all__ = ["ListDeskView", "address", "opened"]
