"""What the room brings to every site: the screen of the blueprint."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from flask_babel import lazy_gettext as _l

from app.access.role_templates import BUSINESS_ADMIN, CONSULTANT
from app.blueprint import approved, showing
from app.blueprint.views import BlueprintView
from app.hookspecs import hookimpl
from app.types import MenuGroup, MenuItem, RoleTemplate


@hookimpl
def views() -> Sequence[type]:
    return (BlueprintView,)


@hookimpl
def role_templates() -> Sequence[RoleTemplate]:
    acts = {"BlueprintView": ("can_list", "can_edit")}
    return tuple(replace(role, permissions=acts, scopes={}) for role in (BUSINESS_ADMIN, CONSULTANT))


@hookimpl
def menu() -> Sequence[MenuGroup]:
    item = MenuItem("blueprint", _l("Blueprint"), "BlueprintView.list", "BlueprintView", icon="map", order=90)
    return (MenuGroup("shaping", _l("Shape the system"), "adjustments", (item,), order=880),)


__all__ = ["approved", "showing"]
