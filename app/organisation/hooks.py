"""What the organisation brings: units, employees, posts, and where a login stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from flask_babel import lazy_gettext as _l

from app.base.views.related import related_tab
from app.hookspecs import hookimpl
from app.organisation import services
from app.organisation.handover.jobs import JOBS
from app.organisation.handover.schemas import HANDOVER
from app.organisation.handover.team import team_holding
from app.organisation.schemas import EMPLOYEE, POST, UNIT
from app.organisation.services import placements_of
from app.organisation.views import EmployeeView, UnitView, posts_tab
from app.types import Action, Actor, Entity, Holding, JobSpec, MenuGroup, MenuItem, Placement, Tab, Verbs


@hookimpl
def entities() -> Sequence[Entity]:
    unit = Verbs(create=services.create_unit, update=services.update_unit, delete=services.delete_unit)
    employee = Verbs(create=services.create_employee, update=services.update_employee)
    post = Verbs(create=services.create_post, update=services.update_post)
    return (replace(UNIT, verbs=unit), replace(EMPLOYEE, verbs=employee), replace(POST, verbs=post), HANDOVER)


@hookimpl
def views() -> Sequence[type]:
    return (UnitView, EmployeeView)


@hookimpl
def jobs() -> Sequence[JobSpec]:
    return JOBS


@hookimpl
def holdings(employee_id: int) -> Sequence[Holding]:
    return (team_holding(employee_id),)


@hookimpl
def record_tabs(entity: str, actor: Actor) -> Sequence[Tab]:
    if entity == "unit":
        return (
            related_tab("employee", "unit_id", label=_l("Employees"), order=10),
            related_tab("unit", "parent_id", label=_l("Units below"), order=20),
        )
    if entity == "employee":
        return (
            Tab("posts", _l("Second posts"), posts_tab, "EmployeeView", "can_show", order=10),
            related_tab("employee", "manager_id", label=_l("Team"), order=20, name="team"),
        )
    return ()


@hookimpl
def record_actions(entity: str, actor: Actor) -> Sequence[Action]:
    if entity != "unit":
        return ()
    move = "UnitView.move"
    return (Action("move", _l("Move"), move, "UnitView", "can_edit", "hierarchy", dialog_endpoint=move, bulk=False),)


@hookimpl
def menu() -> Sequence[MenuGroup]:
    return (
        MenuGroup(
            "organisation",
            _l("Organisation"),
            "building-bank",
            (
                MenuItem("units", _l("Institutions"), "UnitView.tree", "UnitView", icon="building-bank", order=10),
                MenuItem("employees", _l("Employees"), "EmployeeView.list", "EmployeeView", icon="users", order=20),
                MenuItem("posts", _l("Second posts"), "PostView.list", "PostView", icon="briefcase", order=30),
            ),
            order=800,
        ),
    )


@hookimpl
def placements(user_id: int) -> Sequence[Placement]:
    return placements_of(user_id)
