"""What a delivery looks like in its list, in exports and by REST; it is read only everywhere."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.notices.models import Delivery
from app.types import Choice, Entity, Field, Kind, ScopedBy

STATES = (
    Choice("waiting", _l("Waiting"), "secondary"),
    Choice("sending", _l("Being sent"), "blue"),
    Choice("sent", _l("Sent"), "green"),
    Choice("failed", _l("Failed, tried again"), "amber"),
    Choice("given_up", _l("Given up"), "red"),
    Choice("unknown", _l("Not known"), "red"),
)

DELIVERY = Entity(
    slug="notice_delivery",
    model=Delivery,
    label=_l("Delivery"),
    icon="send",
    title="id",
    # Whoever may open the list sees all: it says whom and how, and nothing of what.
    scoped_by=ScopedBy(public=True),
    fields=(
        Field("id", _l("Delivery number"), Kind.INTEGER, computed=True),
        Field("employee_id", _l("Recipient"), Kind.LINK, target="employee", computed=True),
        Field("way", _l("Way"), computed=True),
        Field("state", _l("Status"), Kind.CHOICE, choices=STATES, computed=True),
        Field("attempts", _l("Attempts"), Kind.INTEGER, computed=True),
        Field("error", _l("Last error"), Kind.LONG_TEXT, computed=True, sortable=False),
        Field("kind", _l("Kind of notice"), computed=True),
        Field("created_at", _l("Created at"), Kind.DATETIME, computed=True),
        Field("due_at", _l("Due at"), Kind.DATETIME, computed=True),
        Field("tried_at", _l("Last tried at"), Kind.DATETIME, computed=True),
        Field("sent_at", _l("Sent at"), Kind.DATETIME, computed=True),
    ),
    list_fields=("id", "employee_id", "way", "state", "attempts", "error", "due_at", "sent_at"),
    filter_fields=("state", "way", "employee_id", "kind", "created_at"),
    order_by=("id", "desc"),
    module="notices",
    actions=frozenset({"list", "show", "export"}),
    audited=False,
    view="NoticeDeliveryView",
)
