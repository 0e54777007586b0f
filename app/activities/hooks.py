"""What activities bring: the follow-up."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import lazy_gettext as _l

from app.activities.schemas import ACTIVITY
from app.hookspecs import hookimpl
from app.types import Entity, MenuGroup, MenuItem


@hookimpl
def entities() -> Sequence[Entity]:
    return (ACTIVITY,)


@hookimpl
def menu() -> Sequence[MenuGroup]:
    return (
        MenuGroup(
            "customers",
            _l("Customers"),
            "user-heart",
            (MenuItem("activities", _l("Follow-ups"), "ActivityView.list", "ActivityView", icon="phone-call", order=30),),
            order=100,
        ),
    )
