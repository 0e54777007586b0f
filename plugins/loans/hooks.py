"""What loans bring to a site: the module's table of contents."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, cast

from flask_babel import lazy_gettext as _l
from sqlalchemy import Table

from app.api import Customer, hookimpl
from app.types import (
    Action,
    Actor,
    ApprovalAct,
    Card,
    Entity,
    FlowDefinition,
    Holding,
    JobSpec,
    MenuGroup,
    MenuItem,
    Metric,
    RoleTemplate,
    ScopeFilter,
    Setting,
    Tab,
    TimelineItem,
    Verbs,
    Veto,
)
from plugins.loans import pieces, services
from plugins.loans.approvals import ACTS, FLOWS
from plugins.loans.demo import write_demo
from plugins.loans.jobs import ACTS as MANY_ACTS
from plugins.loans.metrics import METRICS
from plugins.loans.models import Application, Development
from plugins.loans.role_templates import ROLE_TEMPLATES
from plugins.loans.schemas import APPLICATION, DEVELOPMENT, INSTALMENT
from plugins.loans.settings import SETTINGS
from plugins.loans.views import LoansApplicationView, LoansDevelopmentView


@hookimpl
def entities() -> Sequence[Entity]:
    development = Verbs(create=services.open_development, update=services.change_development)
    application = Verbs(create=services.write_application, update=services.change_application)
    return (replace(DEVELOPMENT, verbs=development), replace(APPLICATION, verbs=application), INSTALMENT)


@hookimpl
def views() -> Sequence[type]:
    return (LoansDevelopmentView, LoansApplicationView)


@hookimpl
def jobs() -> Sequence[JobSpec]:
    return (MANY_ACTS,)


@hookimpl
def settings() -> Sequence[Setting]:
    return SETTINGS


@hookimpl
def metrics() -> Sequence[Metric]:
    return METRICS


@hookimpl
def role_templates() -> Sequence[RoleTemplate]:
    return ROLE_TEMPLATES


@hookimpl
def scope_filters(entity: str, actor: Actor) -> Sequence[ScopeFilter]:
    """Whoever takes over a customer sees and goes on with what was begun with it."""
    model = {"loans_development": Development, "loans_application": Application}.get(entity)
    if model is None or not actor.can("can_list", f"Loans{model.__name__}View"):
        return ()
    mine = services.own_customers(actor, cast(Table, model.__table__).c.customer_id)
    return () if mine is None else (ScopeFilter(also=mine),)


@hookimpl
def flow_definitions() -> Sequence[FlowDefinition]:
    return FLOWS


@hookimpl
def approval_acts() -> Sequence[ApprovalAct]:
    return ACTS


@hookimpl
def before_transition(entity: str, record: Any, transition: str, actor: Actor) -> Veto | None:
    return services.own_customer_veto(entity, record, transition, actor)


@hookimpl
def holdings(employee_id: int) -> Sequence[Holding]:
    return services.loan_holdings(employee_id)


@hookimpl
def home_cards(actor: Actor) -> Sequence[Card]:
    return (pieces.CARD,)


@hookimpl
def record_tabs(entity: str) -> Sequence[Tab]:
    return pieces.tabs_of(entity)


@hookimpl
def record_actions(entity: str) -> Sequence[Action]:
    return pieces.actions_of(entity)


@hookimpl
def timeline(entity: str, record: Any, before: datetime | None, limit: int) -> Sequence[TimelineItem]:
    if entity != "customer" or not isinstance(record, Customer):
        return ()
    return pieces.timeline_of(record, before, limit)


@hookimpl
def demo_data(random: Any, progress: Callable[[str], None]) -> None:
    write_demo(random, progress)


@hookimpl
def menu() -> Sequence[MenuGroup]:
    return (
        MenuGroup(
            "loans",
            _l("Loans"),
            "cash",
            (
                MenuItem(
                    "loans_developments",
                    _l("Business developments"),
                    "LoansDevelopmentView.list",
                    "LoansDevelopmentView",
                    icon="trending-up",
                    order=10,
                ),
                MenuItem(
                    "loans_applications",
                    _l("Loan applications"),
                    "LoansApplicationView.list",
                    "LoansApplicationView",
                    icon="file-dollar",
                    order=20,
                ),
                MenuItem(
                    "loans_instalments",
                    _l("Instalments"),
                    "LoansInstalmentView.list",
                    "LoansInstalmentView",
                    icon="calendar-dollar",
                    order=30,
                ),
            ),
            order=300,
        ),
    )
