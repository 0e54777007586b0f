"""What the site's own days look like on screen, in files and in REST."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.calendar.models import HOLIDAY, WORKING, SiteDay
from app.types import Choice, Entity, Field, Kind, ScopedBy, Section

KINDS = (
    Choice(HOLIDAY, _l("Day off"), "green"),
    Choice(WORKING, _l("Working day"), "blue"),
)

SITE_DAY = Entity(
    slug="calendar_day",
    model=SiteDay,
    label=_l("Day of the calendar"),
    icon="calendar",
    scoped_by=ScopedBy(public=True),
    fields=(
        Field("name", _l("Occasion"), required=True, max_length=100),
        Field(
            "day",
            _l("Day"),
            Kind.DATE,
            required=True,
            unique=True,
            help=_l("Goes before the published calendar, whose holidays and make-up days are known already"),
        ),
        Field("kind", _l("Kind of day"), Kind.CHOICE, required=True, choices=KINDS, default=HOLIDAY),
    ),
    list_fields=("name", "day", "kind"),
    filter_fields=("day", "kind"),
    sections=(Section(_l("Basic data"), ("name", "day", "kind")),),
    order_by=("day", "desc"),
    match_fields=(("day",),),
    module="calendar",
)
