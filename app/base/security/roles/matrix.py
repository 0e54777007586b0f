"""The matrix of a site: module × view × act, as its running app has it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flask import current_app
from flask_appbuilder.security.sqla.models import Permission, PermissionView, ViewMenu
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.base.language import language
from app.base.security.roles.power import Pair
from app.db import session
from app.host.context import context
from app.types import Entity, Scope, Text

#: The acts that have a column of their own.
ACTS: dict[str, Text] = {
    "can_list": _l("List"),
    "can_show": _l("Show"),
    "can_add": _l("Add"),
    "can_edit": _l("Edit"),
    "can_delete": _l("Delete"),
    "can_export": _l("Export"),
    "can_import": _l("Import"),
}
SCOPES: dict[Scope, Text] = {
    Scope.NONE: _l("Nothing"),
    Scope.OWN: _l("Own"),
    Scope.SHARED: _l("Own and shared"),
    Scope.UNIT: _l("The unit"),
    Scope.UNIT_AND_BELOW: _l("The unit and below"),
    Scope.ALL: _l("All"),
}
#: What views often call further acts of their own; a view's `permission_labels` go before them.
FURTHER: dict[str, Text] = {
    "can_assign": _l("Assign"),
    "can_share": _l("Share"),
    "can_move": _l("Move"),
    "can_claim": _l("Claim"),
    "can_return": _l("Return"),
    "can_preview": _l("Preview"),
    "can_run": _l("Run"),
    "can_cancel": _l("Cancel"),
    "can_retry": _l("Retry"),
    "can_graph": _l("Graph"),
    "can_download": _l("Download"),
    "can_undo": _l("Undo"),
    "can_submit": _l("Submit"),
    "can_decide": _l("Decide"),
    "can_chart": _l("Chart"),
    "can_list_all": _l("See everybody's"),
    "can_unmask": _l("Show masked values"),
}
_OTHER = "~"


@dataclass(frozen=True, slots=True)
class Row:
    """A view: what it is called, its acts, the entity whose rows it shows."""

    view: str
    label: str
    acts: tuple[str, ...]
    #: Further permissions of the view's own: (name, label).
    others: tuple[tuple[str, str], ...]
    #: The entity whose scope is chosen here, and the scopes it knows.
    entity: str | None = None
    scopes: tuple[Scope, ...] = ()
    #: What decides about the rows when nothing is chosen here.
    note: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """The views of one module."""

    name: str
    label: str
    icon: str
    rows: tuple[Row, ...]


def pair_ids() -> dict[Pair, int]:
    """(permission, view) → its id, of all that were ever synchronised."""
    rows = session.execute(
        select(Permission.name, ViewMenu.name, PermissionView.id)
        .join_from(PermissionView, Permission, Permission.id == PermissionView.permission_id)
        .join(ViewMenu, ViewMenu.id == PermissionView.view_menu_id)
    )
    return {(permission, view): pair_id for permission, view, pair_id in rows}


def matrix() -> list[Group]:
    """The groups of views in the order of the menu; only permissions that are synchronised."""
    views = _permissions_by_view(pair_ids())
    entities = {entity.view_name: entity for entity in context().entities.values()}
    places = _places(entities.values())
    groups: dict[str, list[tuple[int, Row]]] = {}
    for view, names in views.items():
        entity = entities.get(view)
        name, order = places.get(view, (_OTHER, 0))
        groups.setdefault(name, []).append((order, _row(view, names, entity)))
    heads = _heads()
    made = []
    for name in sorted(groups, key=lambda name: (heads.get(name, ("", "", 10_000))[2], name)):
        label, icon, _order = heads.get(name, (str(_l("Further screens")), "apps", 0))
        rows = sorted(groups[name], key=lambda placed: (placed[0], placed[1].view))
        made.append(Group(name, label, icon, tuple(row for _place, row in rows)))
    return made


def shown_pairs(groups: Iterable[Group]) -> set[Pair]:
    """Every permission the matrix offers."""
    return {
        (name, row.view)
        for group in groups
        for row in group.rows
        for name in (*row.acts, *(name for name, _label in row.others))
    }


def shown_scopes(groups: Iterable[Group]) -> dict[str, tuple[Scope, ...]]:
    """{entity: its scopes} of every entity the matrix asks a scope for."""
    return {row.entity: row.scopes for group in groups for row in group.rows if row.entity}


def _permissions_by_view(known: dict[Pair, int]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for view in current_app.appbuilder.baseviews:  # type: ignore[attr-defined]
        name = getattr(view, "class_permission_name", None) or type(view).__name__
        for permission in view.base_permissions or ():
            if (permission, name) in known:
                found.setdefault(name, set()).add(permission)
    return found


def _places(entities: Iterable[Entity]) -> dict[str, tuple[str, int]]:
    """(group, place in it) of a view: where the menu shows it, else with its module's other entities."""
    places: dict[str, tuple[str, int]] = {}
    for group in context().menu:
        for item in group.items:
            places.setdefault(item.view, (group.name, item.order))
    homes: dict[str, str] = {}
    for entity in entities:
        if entity.view_name in places:
            homes.setdefault(entity.module, places[entity.view_name][0])
    for entity in entities:
        home = homes.get(entity.module, entity.module)
        places.setdefault(entity.view_name, (home, 500))
    return places


def _heads() -> dict[str, tuple[str, str, int]]:
    """(label, icon, order) of the groups: the menu's, else the module's own name."""
    heads: dict[str, tuple[str, str, int]] = {}
    for group in context().menu:
        heads.setdefault(group.name, (str(group.label), group.icon, group.order))
    for slug, found in context().installed.items():
        if found.manifest is not None:
            heads.setdefault(slug, (found.manifest.label(language()), found.manifest.icon, 5000))
    return heads


def _row(view: str, names: set[str], entity: Entity | None) -> Row:
    labels = _own_labels(view)
    others = tuple(
        (name, str(labels.get(name) or FURTHER.get(name) or name.removeprefix("can_").replace("_", " ")))
        for name in sorted(names - set(ACTS))
    )
    acts = tuple(name for name in ACTS if name in names)
    label = str(entity.label) if entity else _menu_label(view) or view.removesuffix("View")
    if entity is None:
        return Row(view, label, acts, others)
    by = entity.scoped_by
    if by.parent is not None:
        parent = context().entities.get(by.parent[1])
        return Row(view, label, acts, others, note=str(_l("As %(what)s", what=parent.label)) if parent else "")
    if by.public:
        return Row(view, label, acts, others, note=str(_l("Everybody sees all")))
    scopes = [Scope.NONE]
    scopes += [Scope.OWN] if by.owner else []
    scopes += [Scope.SHARED] if by.shares else []
    scopes += [Scope.UNIT, Scope.UNIT_AND_BELOW] if by.unit else []
    return Row(view, label, acts, others, entity.slug, (*scopes, Scope.ALL))


def _own_labels(view: str) -> dict[str, Any]:
    """What a view calls permissions of its own (`permission_labels` on the class)."""
    for each in current_app.appbuilder.baseviews:  # type: ignore[attr-defined]
        if type(each).__name__ == view:
            return dict(getattr(each, "permission_labels", {}))
    return {}


def _menu_label(view: str) -> str:
    """What the menu calls a view; one that is in no menu may say it itself (`label` on the class)."""
    items = (item for group in context().menu for item in group.items)
    named = next((str(item.label) for item in items if item.view == view), "")
    own = (each for each in current_app.appbuilder.baseviews if type(each).__name__ == view)  # type: ignore[attr-defined]
    return named or str(getattr(next(own, None), "label", ""))
