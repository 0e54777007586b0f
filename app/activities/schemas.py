"""What a follow-up looks like on screen, in files and in REST."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.activities.models import Activity
from app.db import now
from app.types import Choice, Entity, Field, Kind, ScopedBy, Section

KINDS = (
    Choice("call", _l("Call"), "blue"),
    Choice("meeting", _l("Meeting out"), "indigo"),
    Choice("visit_in", _l("Visit in"), "teal"),
    Choice("salon", _l("Salon"), "purple"),
    Choice("invitation", _l("Invitation"), "orange"),
    Choice("message", _l("Message"), "cyan"),
    Choice("email", _l("Email"), "azure"),
    Choice("note", _l("Note"), "secondary"),
)
DIRECTIONS = (Choice("out", _l("Outgoing")), Choice("in", _l("Incoming")))
RESULTS = (
    Choice("deal", _l("Deal"), "green"),
    Choice("interested", _l("Interested"), "blue"),
    Choice("follow_up", _l("To be followed up"), "amber"),
    Choice("refused", _l("Refused"), "red"),
    Choice("no_answer", _l("No answer"), "secondary"),
    Choice("done", _l("Done"), "secondary"),
)

ACTIVITY = Entity(
    slug="activity",
    model=Activity,
    label=_l("Follow-up"),
    icon="phone-call",
    title="subject",
    scoped_by=ScopedBy(parent=("customer_id", "customer")),
    fields=(
        Field(
            "customer_id",
            _l("Customer"),
            Kind.LINK,
            target="customer",
            relationship="customer",
            required=True,
            create_only=True,
        ),
        Field("kind", _l("Follow-up type"), Kind.CHOICE, required=True, choices=KINDS, default="call"),
        Field("subject", _l("Subject"), max_length=200, default=""),
        Field("at", _l("When"), Kind.DATETIME, required=True, default=now),
        Field(
            "employee_id",
            _l("Done by"),
            Kind.LINK,
            target="employee",
            relationship="employee",
            create_only=True,
        ),
        Field("direction", _l("Direction"), Kind.CHOICE, choices=DIRECTIONS, default="out"),
        Field("result", _l("Result"), Kind.CHOICE, choices=RESULTS),
        Field("effective", _l("Effective"), Kind.BOOLEAN, default=True),
        Field("duration_seconds", _l("Duration"), Kind.INTEGER, unit=_l("seconds")),
        Field("amount", _l("Deal amount"), Kind.MONEY),
        Field("content", _l("Content"), Kind.LONG_TEXT, max_length=8000),
        Field("next_step", _l("Next step"), max_length=200),
        Field("next_on", _l("Next date"), Kind.DATE),
        Field("created_at", _l("Created at"), Kind.DATETIME, computed=True),
    ),
    list_fields=(
        "at",
        "kind",
        "customer_id",
        "subject",
        "result",
        "effective",
        "duration_seconds",
        "employee_id",
    ),
    filter_fields=("kind", "at", "result", "effective", "employee_id", "customer_id"),
    sections=(
        Section(_l("Follow-up"), ("customer_id", "kind", "at", "direction", "subject", "content")),
        Section(
            _l("Outcome"),
            ("result", "effective", "duration_seconds", "amount", "next_step", "next_on", "employee_id"),
        ),
    ),
    order_by=("at", "desc"),
    module="activities",
)
