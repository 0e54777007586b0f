"""What a handover looks like in its list and on its page, and what its jobs take."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from marshmallow import Schema, fields, validate

from app.organisation.handover.models import Handover
from app.types import Choice, Entity, Field, Kind, ScopedBy, Section

KINDS = (
    Choice("handover", _l("Work handover"), "azure"),
    Choice("leaving", _l("Leaving"), "orange"),
)
STATUSES = (
    Choice("planned", _l("Planned"), "secondary"),
    Choice("running", _l("Running"), "blue"),
    Choice("done", _l("Done"), "green"),
    Choice("undoing", _l("Being undone"), "amber"),
    Choice("undone", _l("Undone"), "secondary"),
    Choice("cancelled", _l("Called off"), "secondary"),
)
#: What became of a record.
STATES = (
    Choice("moved", _l("Transferred"), "green"),
    Choice("stayed", _l("Stayed"), "amber"),
    Choice("back", _l("Brought back"), "blue"),
    Choice("kept", _l("Not brought back"), "amber"),
)

HANDOVER = Entity(
    slug="handover",
    model=Handover,
    label=_l("Work handover"),
    icon="transfer",
    title="id",
    scoped_by=ScopedBy(unit="unit_id"),
    fields=(
        Field("id", _l("No."), Kind.INTEGER, computed=True),
        Field("giver_id", _l("Handed over by"), Kind.LINK, target="employee", relationship="giver", computed=True),
        Field("kind", _l("Kind"), Kind.CHOICE, choices=KINDS, computed=True),
        Field("status", _l("Status"), Kind.CHOICE, choices=STATUSES, computed=True),
        Field("unit_id", _l("Unit"), Kind.LINK, target="unit", relationship="unit", computed=True),
        Field("effective_on", _l("Takes effect on"), Kind.DATE, computed=True),
        Field("last_on", _l("Last day at work"), Kind.DATE, computed=True),
        Field("reason", _l("Reason"), max_length=300, computed=True),
        Field("created_at", _l("Asked for at"), Kind.DATETIME, computed=True),
        Field("finished_at", _l("Finished at"), Kind.DATETIME, computed=True),
        Field("undone_at", _l("Undone at"), Kind.DATETIME, computed=True),
    ),
    list_fields=("id", "giver_id", "kind", "status", "unit_id", "effective_on", "reason", "created_at"),
    filter_fields=("giver_id", "kind", "status", "unit_id", "effective_on"),
    search_fields=("reason",),
    sections=(
        Section(_l("Work handover"), ("giver_id", "kind", "status", "unit_id", "effective_on", "last_on", "reason")),
        Section(_l("Dates"), ("created_at", "finished_at", "undone_at")),
    ),
    module="organisation",
    actions=frozenset({"list", "show"}),
)


class HandoverArguments(Schema):
    """Which handover a job is about."""

    handover_id = fields.Integer(required=True, strict=True, validate=validate.Range(min=1))
