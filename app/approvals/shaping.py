"""What the designer of flows brings to every site: its line in the menu, and who may use it."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.approvals.services.definitions import VIEW
from app.types import MenuGroup, MenuItem, RoleTemplate

ROLES = (RoleTemplate("business_admin", "", {VIEW: ("can_list", "can_edit", "can_publish")}),)


def designer_menu() -> MenuGroup:
    """The line “Approval flows” under “Shape the system”."""
    item = MenuItem("approval_flows", _l("Approval flows"), f"{VIEW}.list", VIEW, icon="route", order=40)
    return MenuGroup("shaping", _l("Shape the system"), "adjustments", (item,), order=880)


__all__ = ["ROLES", "designer_menu"]
