"""What activities bring: the follow-up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l

from app.activities import page, services
from app.activities.metrics import METRICS
from app.activities.schemas import ACTIVITY
from app.activities.steps import step_holding
from app.activities.views import ActivityView
from app.customers.models import Customer
from app.hookspecs import hookimpl
from app.types import Actor, Entity, Holding, MenuGroup, MenuItem, Metric, Tab, TimelineItem, Verbs


@hookimpl
def entities() -> Sequence[Entity]:
    verbs = Verbs(
        create=services.record_activity,
        update=services.update_activity,
        delete=services.delete_activity,
        create_many=services.record_activities,
    )
    return (replace(ACTIVITY, verbs=verbs),)


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
            ),
            order=100,
        ),
    )


@hookimpl
def views() -> Sequence[type]:
    return (ActivityView,)


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
