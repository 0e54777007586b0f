"""What customers bring: the customer with its contacts, shares and ledger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l

from app.customers import page, services
from app.customers.assignment import setup
from app.customers.assignment.creating import create_many_with_rules, create_with_rules
from app.customers.assignment.running import JOBS
from app.customers.assignment.schemas import ASSIGNMENT_RULE, ASSIGNMENT_RUN, ASSIGNMENT_TARGET
from app.customers.assignment.views import (
    ASK,
    RULE_TABS,
    RUN_TABS,
    SWITCH,
    UNDO,
    AssignmentRuleView,
    AssignmentRunView,
)
from app.customers.models import Customer
from app.customers.schemas import CONTACT, CUSTOMER, OWNERSHIP, SHARE
from app.customers.services.telling import ASSIGNED
from app.customers.views import CustomerView
from app.hookspecs import hookimpl
from app.types import (
    Action,
    Actor,
    Entity,
    Holding,
    JobSpec,
    MenuGroup,
    MenuItem,
    NoticeKind,
    RoleTemplate,
    Scope,
    Tab,
    Text,
    TimelineItem,
    Verbs,
)


@hookimpl
def entities() -> Sequence[Entity]:
    customer = Verbs(
        create=create_with_rules,
        update=services.update_customer,
        update_many=services.update_customers,
        delete=services.delete_customer,
        create_many=create_many_with_rules,
    )
    share = Verbs(create=services.share_customer, update=services.change_share, delete=services.unshare)
    return (
        *(replace(CUSTOMER, verbs=customer), CONTACT, replace(SHARE, verbs=share), OWNERSHIP),
        replace(ASSIGNMENT_RULE, verbs=Verbs(create=setup.write_rule, update=setup.change_rule)),
        replace(ASSIGNMENT_TARGET, verbs=Verbs(create=setup.write_target, update=setup.change_target)),
        ASSIGNMENT_RUN,
    )


@hookimpl
def menu() -> Sequence[MenuGroup]:
    return (
        MenuGroup(
            "customers",
            _l("Customers"),
            "user-heart",
            (
                MenuItem(
                    "customers",
                    _l("Customers"),
                    "CustomerView.list",
                    "CustomerView",
                    icon="user-heart",
                    order=10,
                ),
                MenuItem(
                    "contacts",
                    _l("Contacts"),
                    "ContactView.list",
                    "ContactView",
                    icon="address-book",
                    order=20,
                ),
                MenuItem(
                    "assignment_rules",
                    _l("Assignment rules"),
                    "AssignmentRuleView.list",
                    "AssignmentRuleView",
                    icon="user-share",
                    order=80,
                ),
                MenuItem(
                    "assignment_runs",
                    _l("Runs of the rules"),
                    "AssignmentRunView.list",
                    "AssignmentRunView",
                    icon="player-play",
                    order=90,
                ),
            ),
            order=100,
        ),
    )


@hookimpl
def notice_kinds() -> Sequence[NoticeKind]:
    return (ASSIGNED,)


@hookimpl
def views() -> Sequence[type]:
    return (CustomerView, AssignmentRuleView, AssignmentRunView)


@hookimpl
def jobs() -> Sequence[JobSpec]:
    return JOBS


@hookimpl
def role_templates() -> Sequence[RoleTemplate]:
    share, steer = ("can_share", "can_unmask"), ("can_share", "can_assign", "can_unmask")
    contacts = {"ContactView": ("can_unmask",)}
    read, write = ("can_list", "can_show"), ("can_list", "can_show", "can_add", "can_edit")
    rules = {
        "AssignmentRuleView": (*write, "can_preview"),
        "AssignmentTargetView": (*write, "can_delete", "can_import"),
        "AssignmentRunView": (*read, "can_run", "can_undo"),
    }
    own = {"assignment_rule": Scope.UNIT_AND_BELOW, "assignment_run": Scope.UNIT_AND_BELOW}
    return (
        RoleTemplate("account_manager", "", {"CustomerView": share, **contacts}),
        RoleTemplate("department_head", "", {"CustomerView": steer, **contacts}),
        RoleTemplate("city_manager", "", {"CustomerView": steer, **contacts, **rules}, own),
        RoleTemplate("business_admin", "", rules, dict.fromkeys(own, Scope.ALL)),
        RoleTemplate("risk_officer", "", {"CustomerView": ("can_unmask",), **contacts}),
    )


@hookimpl
def holdings(employee_id: int) -> Sequence[Holding]:
    return services.customer_holdings(employee_id)


@hookimpl
def record_tabs(entity: str, actor: Actor) -> Sequence[Tab]:
    tabs = {"assignment_rule": RULE_TABS, "assignment_run": RUN_TABS}
    return page.tabs() if entity == "customer" else tabs.get(entity, ())


@hookimpl
def record_actions(entity: str, actor: Actor) -> Sequence[Action]:
    if entity != "customer":
        return {"assignment_rule": (SWITCH,), "assignment_run": (UNDO,)}.get(entity, ())
    return (
        _asking("ActivityView", "record", _l("Record follow-up"), "can_add", "phone-call"),
        _asking("CustomerView", "assign", _l("Assign"), "can_assign", "user-share"),
        _asking("CustomerView", "share", _l("Share customer"), "can_share", "share", bulk=False),
        ASK,
    )


def _asking(view: str, route: str, label: Text, permission: str, icon: str, *, bulk: bool = True) -> Action:
    """A button whose dialog is served, and whose answer is taken, by the same route."""
    address = f"{view}.{route}"
    return Action(route, label, address, view, permission, icon, dialog_endpoint=address, bulk=bulk)


@hookimpl
def timeline(entity: str, record: Any, before: datetime | None, limit: int) -> Sequence[TimelineItem]:
    if entity != "customer" or not isinstance(record, Customer):
        return ()
    return page.timeline_of(record, before, limit)
