"""What activities bring: the follow-up, and the calls a call centre tells of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l

from app.activities import page, services
from app.activities.calls import jobs as call_jobs
from app.activities.calls import services as calls
from app.activities.calls.matching import LEAST
from app.activities.calls.schemas import CALL, SOURCE
from app.activities.calls.seeing import MATCH, call_filters
from app.activities.calls.sources import create_source
from app.activities.calls.views import ACTIONS, SOURCES, VIEW, ActivityCallSourceView, ActivityCallView
from app.activities.calls.webhook import CallRecordApi
from app.activities.metrics import METRICS
from app.activities.schemas import ACTIVITY
from app.activities.steps import step_holding
from app.activities.views import ActivityView
from app.customers.models import Customer
from app.hookspecs import hookimpl
from app.types import (
    Action,
    Actor,
    Entity,
    Holding,
    JobSpec,
    Kind,
    MenuGroup,
    MenuItem,
    Metric,
    RoleTemplate,
    ScopeFilter,
    Setting,
    Tab,
    TimelineItem,
    Verbs,
)


@hookimpl
def entities() -> Sequence[Entity]:
    verbs = Verbs(
        create=services.record_activity,
        update=services.update_activity,
        delete=services.delete_activity,
        create_many=services.record_activities,
    )
    told = Verbs(update=calls.change_call, delete=calls.remove_call, create_many=calls.import_calls)
    source = Verbs(create=create_source)
    return (replace(ACTIVITY, verbs=verbs), replace(CALL, verbs=told), replace(SOURCE, verbs=source))


@hookimpl
def metrics() -> Sequence[Metric]:
    return METRICS


@hookimpl
def menu() -> Sequence[MenuGroup]:
    return (
        MenuGroup(
            "customers",
            _l("Customers"),
            "user-heart",
            (
                MenuItem(
                    "activities",
                    _l("Follow-ups"),
                    "ActivityView.list",
                    "ActivityView",
                    icon="phone-call",
                    order=30,
                ),
                MenuItem("calls", _l("Call records"), f"{VIEW}.list", VIEW, icon="headset", order=40),
            ),
            order=100,
        ),
        MenuGroup(
            "system",
            _l("System"),
            "settings",
            (MenuItem("call_sources", _l("Call-centre connections"), f"{SOURCES}.list", SOURCES,
                      icon="plug-connected", order=75),),
            order=900,
        ),
    )  # fmt: skip


@hookimpl
def views() -> Sequence[type]:
    return (ActivityView, ActivityCallView, ActivityCallSourceView, CallRecordApi)


@hookimpl
def jobs() -> Sequence[JobSpec]:
    label = _l("Calls matched with new customers")
    return (JobSpec(call_jobs.JOB, label, call_jobs.match_waiting, schedule="*/10 * * * *"),)


@hookimpl
def settings() -> Sequence[Setting]:
    return (
        Setting(LEAST, _l("Seconds that make an answered call effective"), Kind.INTEGER, 30, minimum=0, maximum=3600),
        Setting(call_jobs.DAYS, _l("Days a call is matched by itself"), Kind.INTEGER, 90, minimum=1, maximum=3650,
                help=_l("Calls without a customer are looked at again when customers are made; older ones are not")),
    )  # fmt: skip


@hookimpl
def role_templates() -> Sequence[RoleTemplate]:
    read = ("can_list", "can_show")
    settle = (*read, MATCH, "can_unmask")
    grants = {
        "account_manager": (*read, "can_unmask"),
        "department_head": settle,
        "city_manager": (*settle, "can_export"),
        "risk_officer": read,
        "management": (*read, "can_export"),
        "business_admin": (*settle, "can_import", "can_export"),
    }
    connect = RoleTemplate("consultant", "", {SOURCES: (*read, "can_add", "can_edit", "can_issue")})
    return (*(RoleTemplate(role, "", {VIEW: acts}) for role, acts in grants.items()), connect)


@hookimpl
def scope_filters(entity: str, actor: Actor, write: bool) -> Sequence[ScopeFilter]:
    return call_filters(actor) if entity == CALL.slug else ()


@hookimpl
def record_actions(entity: str, actor: Actor) -> Sequence[Action]:
    return ACTIONS.get(entity, ())


@hookimpl
def holdings(employee_id: int) -> Sequence[Holding]:
    return (step_holding(employee_id),)


@hookimpl
def record_tabs(entity: str, actor: Actor) -> Sequence[Tab]:
    return page.tabs() if entity == "customer" else ()


@hookimpl
def timeline(entity: str, record: Any, before: datetime | None, limit: int) -> Sequence[TimelineItem]:
    if entity != "customer" or not isinstance(record, Customer):
        return ()
    return page.timeline_of(record, before, limit)
