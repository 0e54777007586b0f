"""What the organisation brings: units, employees, posts, and where a login stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from flask_babel import lazy_gettext as _l

from app.hookspecs import hookimpl
from app.organisation.schemas import EMPLOYEE, POST, UNIT
from app.organisation.services import create_unit, placements_of
from app.types import Entity, MenuGroup, MenuItem, Placement, Verbs


@hookimpl
def entities() -> Sequence[Entity]:
    return (replace(UNIT, verbs=Verbs(create=create_unit)), EMPLOYEE, POST)


@hookimpl
def menu() -> Sequence[MenuGroup]:
    return (
        MenuGroup(
            "organisation",
            _l("Organisation"),
            "building-bank",
            (
                MenuItem(
                    "units", _l("Institutions"), "UnitView.list", "UnitView", icon="building-bank", order=10
                ),
                MenuItem(
                    "employees", _l("Employees"), "EmployeeView.list", "EmployeeView", icon="users", order=20
                ),
                MenuItem(
                    "posts", _l("Second posts"), "PostView.list", "PostView", icon="briefcase", order=30
                ),
            ),
            order=800,
        ),
    )


@hookimpl
def placements(user_id: int) -> Sequence[Placement]:
    return placements_of(user_id)
