"""What a list's page shows of the views and columns people keep: tabs, the menu beside them, notices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import current_app, url_for
from flask_babel import gettext as _

from app.access.actors import require_actor
from app.base.saved.rules import SET_DEFAULT, VIEW
from app.base.views.opening import Opening
from app.base.views.state import ListState
from app.types import Entity


@dataclass(frozen=True, slots=True)
class ViewTab:
    """A view above the list. `hint` says whose it is or whom it is for."""

    name: str
    url: str
    is_current: bool
    is_changed: bool = False
    hint: str = ""
    icon: str = ""


def usual_columns(entity: Entity) -> tuple[str, ...]:
    """The columns of an entity's list when nobody chose others, as its own screen says."""
    for view in current_app.appbuilder.baseviews:  # type: ignore[attr-defined]
        if type(view).__name__ == entity.view_name and hasattr(view, "list_fields"):
            names: tuple[str, ...] = view.list_fields()
            return names
    return entity.list_fields


def export_query(state: ListState) -> str:
    """The query string an export of the list is asked for with: its rows, their order, the columns it names."""
    columns = [("columns", ",".join(state.columns))] if state.columns else []
    text = urlencode([*state.narrowing, *state.ordering, *columns])
    return f"?{text}" if text else ""


def desk_values(screen: Any, state: ListState, opening: Opening | None) -> dict[str, Any]:
    """The values of ``entity/list_desk.html`` and ``entity/list_tabs.html``.

    `screen` is the list's; without an `opening` the address was not understood.
    """
    home = screen.url("list")
    whole = f"{home}?view=all"
    if opening is None:
        return {"whole_url": whole, "notices": (), "tabs": (), "columns_url": ""}
    slug, actor, view = screen.entity.slug, require_actor(), opening.view
    asked = state.query.removesuffix("?")
    urls = {
        "save": url_for("ListDeskView.save", entity=slug) + asked,
        "default": url_for("ListDeskView.default", entity=slug),
    }
    if view is not None and (view.mine or (not view.is_private and actor.can(SET_DEFAULT, VIEW))):
        urls |= {act: url_for(f"ListDeskView.{act}", pk=view.id) for act in ("edit", "delete")}
        if not state.is_as_saved:
            urls["keep"] = url_for("ListDeskView.keep", pk=view.id) + asked
    return {
        "whole_url": whole,
        "notices": opening.left.notices,
        "tabs": tabs(opening, home),
        "columns_url": url_for("ListDeskView.columns", entity=slug) + asked,
        "view": view,
        "view_urls": urls,
        "default_choices": _default_choices(opening),
        "spelled_url": home + f"?{urlencode([*state.mark, *state.wishes])}" if view and view.is_private else "",
    }


def _default_choices(opening: Opening) -> list[tuple[str, str]]:
    """(what is posted, what it is called) of the choices which view opens by itself."""
    default, view = opening.desk.default, opening.view
    if view is not None and (default is None or default.id != view.id):
        return [(str(view.id), _("Open this view by default"))]
    if default is not None:
        return [("all", _("Open the whole list by default"))]
    # another choice than the site's was made
    return [("", _("Open by default what the site says"))] if "default" in opening.desk.own else []


def tabs(opening: Opening, home: str) -> tuple[ViewTab, ...]:
    """The list as a whole and the views the person may open; none where there are no views."""
    desk = opening.desk
    if not desk.views:
        return ()
    current = opening.view.id if opening.view is not None else None
    whole = ViewTab(_("All"), f"{home}?view=all" if opening.state.view.guarded else home, current is None)
    return (
        whole,
        *(
            ViewTab(
                view.name,
                f"{home}?view={view.id}",
                view.id == current,
                view.id == current and not opening.state.is_as_saved,
                "" if view.mine else _("By %(name)s", name=view.owner_name),
                "lock" if view.is_private else "users",
            )
            for view in desk.views
        ),
    )


def list_home(entity: Entity) -> str:
    """The address of an entity's list."""
    return url_for(f"{entity.view_name}.list")


def may_list(entity: Entity) -> bool:
    """Whether the actor may open the entity's list at all."""
    endpoint = f"{entity.view_name}.list"
    allowed = "list" in entity.actions and require_actor().can("can_list", entity.view_name)
    return allowed and endpoint in current_app.view_functions


__all__ = ["desk_values", "export_query", "list_home", "may_list", "tabs", "usual_columns"]
