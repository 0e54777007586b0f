"""What the screens of approvals bring: views, menu, permissions of roles, tabs, buttons, cards."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import lazy_gettext as _l

from app.approvals.views.case import ApprovalView
from app.approvals.views.delegations import ApprovalDelegationView
from app.approvals.views.pieces import submit_actions, tabs_of, waiting_card
from app.approvals.views.report_export import ApprovalReportExportView
from app.approvals.views.reports import ApprovalReportView
from app.types import Action, Actor, Card, MenuGroup, MenuItem, RoleTemplate, Tab

VIEWS: tuple[type, ...] = (ApprovalView, ApprovalDelegationView, ApprovalReportView, ApprovalReportExportView)
MENU = MenuGroup(
    "approvals",
    _l("Approvals"),
    "checklist",
    (
        MenuItem(
            "inbox", _l("Approval inbox"), "ApprovalView.list", "ApprovalView", icon="inbox", order=10,
            count="ApprovalView.count",
        ),
        MenuItem(
            "delegations", _l("Standing in"), "ApprovalDelegationView.list", "ApprovalDelegationView",
            icon="user-share", order=30,
        ),
        MenuItem(
            "reports", _l("Approval reports"), "ApprovalReportView.list", "ApprovalReportView", icon="chart-bar",
            order=40,
        ),
    ),
    order=50,
)  # fmt: skip
#: Everybody who works takes part in approvals; whoever runs the business keeps them going.
_ALL = (
    "account_manager", "department_head", "city_manager", "risk_officer", "finance", "management", "business_admin",
)  # fmt: skip
#: Who answers for the work of others reads how approvals go.
_STEER = frozenset({"department_head", "city_manager", "management", "business_admin"})


def roles() -> Sequence[RoleTemplate]:
    """What roles may do with approvals."""
    keeps = {"business_admin": ("can_list", "can_administer")}
    part = {"ApprovalDelegationView": ("can_list",)}
    steers = {**part, "ApprovalReportView": ("can_list", "can_export")}
    return tuple(
        RoleTemplate(slug, "", {"ApprovalView": keeps.get(slug, ("can_list",)), **(steers if slug in _STEER else part)})
        for slug in _ALL
    )


def cards(actor: Actor) -> Sequence[Card]:
    """What waits for one, on the home page."""
    if actor.employee_id is None:
        return ()
    card = Card("approvals.waiting", _l("Waiting for my approval"), waiting_card, "ApprovalView", order=5)
    return (card,)


def tabs(entity: str, actor: Actor) -> Sequence[Tab]:
    """The tab with a record's approvals."""
    return tabs_of(entity)


def actions(entity: str, actor: Actor) -> Sequence[Action]:
    """The button that submits a record."""
    return submit_actions(entity, actor)


__all__ = ["MENU", "VIEWS", "actions", "cards", "roles", "tabs"]
