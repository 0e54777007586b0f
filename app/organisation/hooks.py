"""What the organisation brings: units, employees, posts, and where a login stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from flask_babel import lazy_gettext as _l

from app.base.views.related import related_tab
from app.hookspecs import hookimpl
from app.organisation import services
from app.organisation.handover.jobs import JOBS
from app.organisation.handover.reach import VIEW
from app.organisation.handover.schemas import HANDOVER
from app.organisation.handover.team import team_holding
from app.organisation.handover.views import ACTIONS, RESULT, WORK, HandoverView
from app.organisation.schemas import EMPLOYEE, POST, UNIT
from app.organisation.services import placements_of
from app.organisation.views import EmployeeView, UnitView, posts_tab
from app.types import (
    Action,
    Actor,
    Entity,
    Holding,
    JobSpec,
    MenuGroup,
    MenuItem,
    Placement,
    RoleTemplate,
    Scope,
    Tab,
    Verbs,
)


@hookimpl
def entities() -> Sequence[Entity]:
    unit = Verbs(create=services.create_unit, update=services.update_unit, delete=services.delete_unit)
    employee = Verbs(create=services.create_employee, update=services.update_employee)
    post = Verbs(create=services.create_post, update=services.update_post)
    return (replace(UNIT, verbs=unit), replace(EMPLOYEE, verbs=employee), replace(POST, verbs=post), HANDOVER)


@hookimpl
def views() -> Sequence[type]:
    return (UnitView, EmployeeView, HandoverView)


@hookimpl
def role_templates() -> Sequence[RoleTemplate]:
    """Heads hand work over within their part of the organisation; who keeps it in order lets people leave, too."""
    read = ("can_list", "can_show")
    head = {VIEW: (*read, "can_hand_over", "can_undo")}
    full = {VIEW: (*read, "can_hand_over", "can_leave", "can_undo")}
    return (
        RoleTemplate("department_head", "", head, {"handover": Scope.UNIT}),
        RoleTemplate("city_manager", "", full, {"handover": Scope.UNIT_AND_BELOW}),
        RoleTemplate("business_admin", "", full, {"handover": Scope.ALL}),
    )


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
            WORK,
        )
    return (RESULT,) if entity == "handover" else ()


@hookimpl
def record_actions(entity: str, actor: Actor) -> Sequence[Action]:
    if entity == "handover":
        return ACTIONS
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
                MenuItem("handovers", _l("Work handovers"), "HandoverView.list", VIEW, icon="transfer", order=40),
            ),
            order=800,
        ),
    )


@hookimpl
def placements(user_id: int) -> Sequence[Placement]:
    return placements_of(user_id)
