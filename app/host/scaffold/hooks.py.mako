"""What ${en} brings to a site."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import lazy_gettext as _l

from app.api import hookimpl
from app.types import Action, Actor, Entity, MenuGroup, MenuItem, RoleTemplate, Setting
from ${package}.schemas import ITEM
from ${package}.settings import SETTINGS
from ${package}.views import ${cls}ItemView

READ = ("can_list", "can_show")
WRITE = (*READ, "can_add", "can_edit", "can_close")


@hookimpl
def entities() -> Sequence[Entity]:
    return (ITEM,)


@hookimpl
def views() -> Sequence[type]:
    return (${cls}ItemView,)


@hookimpl
def menu() -> Sequence[MenuGroup]:
    items = MenuItem(
        "${slug}_items",
        _l("${en} items"),
        "${cls}ItemView.list",
        "${cls}ItemView",
        icon="checklist",
    )
    return (MenuGroup("${slug}", _l("${en}"), "checklist", (items,), order=500),)


@hookimpl
def role_templates() -> Sequence[RoleTemplate]:
    roles = ("account_manager", "department_head", "city_manager")
    return tuple(RoleTemplate(slug, "", {"${cls}ItemView": WRITE}) for slug in roles)


@hookimpl
def settings() -> Sequence[Setting]:
    return SETTINGS


@hookimpl
def record_actions(entity: str, actor: Actor) -> Sequence[Action]:
    if entity != "${slug}_item":
        return ()
    return (
        Action(
            "close",
            _l("Close"),
            "${cls}ItemView.close",
            "${cls}ItemView",
            "can_close",
            icon="check",
        ),
    )
