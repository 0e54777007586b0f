"""What people keep of their lists: the dialogs of columns and of views, for every entity's list."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Response, abort, request
from flask_babel import gettext as _

from app.access.actors import require_actor
from app.access.policy import seen_by
from app.base.page import PageView, expose
from app.base.saved.desk import choose_columns
from app.base.saved.rules import MOST_COLUMNS
from app.base.views.cells import heading, zone
from app.base.views.desk import list_home, may_list, usual_columns
from app.base.views.opening import Opening, choosable, open_list
from app.base.views.replies import dialog, done
from app.base.views.state import ListState
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
