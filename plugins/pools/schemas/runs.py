"""A nightly run on screen and in REST."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.types import Choice, Entity, Field, Kind, ScopedBy, Section
from plugins.pools.models import PoolRun

STATES = (
    Choice("running", _l("Running"), "blue"),
    Choice("done", _l("Done"), "green"),
    Choice("reversing", _l("Being taken back"), "orange"),
    Choice("reversed", _l("Night reversed"), "secondary"),
)

RUN = Entity(
    slug="pools_run",
    model=PoolRun,
    label=_l("Nightly run"),
    icon="moon",
    title="business_date",
    scoped_by=ScopedBy(public=True),
    fields=(
        Field("business_date", _l("Business date"), Kind.DATE, computed=True),
        Field("state", _l("Status"), Kind.CHOICE, choices=STATES, computed=True),
        Field("started_at", _l("Begun at"), Kind.DATETIME, computed=True),
        Field("finished_at", _l("Finished at"), Kind.DATETIME, computed=True),
    ),
    list_fields=("business_date", "state", "started_at", "finished_at"),
    filter_fields=("business_date", "state"),
    sections=(Section(_l("Nightly run"), ("business_date", "state", "started_at", "finished_at")),),
    order_by=("business_date", "desc"),
    module="pools",
    actions=frozenset({"list", "show"}),
)
