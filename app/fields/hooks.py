"""What low code brings to every site: custom fields."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from flask_babel import lazy_gettext as _l

from app.access.role_templates import BUSINESS_ADMIN
from app.fields.custom.schemas import CUSTOM_FIELD
from app.fields.custom.services import add_field, change_field, remove_field
from app.hookspecs import hookimpl
from app.types import Entity, MenuGroup, MenuItem, RoleTemplate, Verbs


@hookimpl
def entities() -> Sequence[Entity]:
    return (replace(CUSTOM_FIELD, verbs=Verbs(create=add_field, update=change_field, delete=remove_field)),)


@hookimpl
def role_templates() -> Sequence[RoleTemplate]:
    acts = ("can_list", "can_show", "can_add", "can_edit", "can_delete")
    return (replace(BUSINESS_ADMIN, permissions={CUSTOM_FIELD.view_name: acts}, scopes={}),)


@hookimpl
def menu() -> Sequence[MenuGroup]:
    view = CUSTOM_FIELD.view_name
    items = (MenuItem("custom_fields", _l("Custom fields"), f"{view}.list", view, icon="forms", order=10),)
    return (MenuGroup("shaping", _l("Shape the system"), "adjustments", items, order=880),)
