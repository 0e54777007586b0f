"""What the calendar brings: the days a site names itself."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import lazy_gettext as _l

from app.calendar.schemas import SITE_DAY
from app.hookspecs import hookimpl
from app.types import Entity, MenuGroup, MenuItem, RoleTemplate

VIEW = SITE_DAY.view_name


@hookimpl
def entities() -> Sequence[Entity]:
    return (SITE_DAY,)


@hookimpl
def role_templates() -> Sequence[RoleTemplate]:
    kept = ("can_list", "can_show", "can_add", "can_edit", "can_delete", "can_export", "can_import")
    return (RoleTemplate("business_admin", "", {VIEW: kept}),)


@hookimpl
def menu() -> Sequence[MenuGroup]:
    day = MenuItem("calendar", _l("Working days"), f"{VIEW}.list", VIEW, icon="calendar", order=50)
    return (MenuGroup("organisation", _l("Organisation"), "building-bank", (day,), order=800),)
