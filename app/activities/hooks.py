"""What activities bring: the follow-up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from flask_babel import lazy_gettext as _l

from app.activities import services
from app.activities.metrics import METRICS
from app.activities.schemas import ACTIVITY
from app.hookspecs import hookimpl
from app.types import Entity, MenuGroup, MenuItem, Metric, Verbs


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
