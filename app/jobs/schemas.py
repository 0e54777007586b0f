"""What a background job looks like in lists, filters, exports and REST; it is read only everywhere."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.jobs.models import Job
from app.types import Choice, Entity, Field, Kind, ScopedBy

STATUSES = (
    Choice("queued", _l("Waiting"), "secondary"),
    Choice("running", _l("Running"), "blue"),
    Choice("done", _l("Done"), "green"),
    Choice("failed", _l("Failed"), "red"),
    Choice("cancelled", _l("Cancelled"), "amber"),
)

JOB = Entity(
    slug="job",
    model=Job,
    label=_l("Background task"),
    icon="progress",
    title="title",
    # Who asked for it and who may list all: the `scope_filters` hook says so.
    scoped_by=ScopedBy(),
    fields=(
        Field("title", _l("Task"), computed=True),
        Field("status", _l("Status"), Kind.CHOICE, choices=STATUSES, computed=True),
        Field("employee_id", _l("Asked for by"), Kind.LINK, target="employee", computed=True),
        Field("created_at", _l("Asked for at"), Kind.DATETIME, computed=True),
        Field("started_at", _l("Started at"), Kind.DATETIME, computed=True),
        Field("finished_at", _l("Ended at"), Kind.DATETIME, computed=True),
        Field("seconds", _l("Took"), Kind.INTEGER, unit=_l("seconds"), computed=True),
        Field("progress_done", _l("Done so far"), Kind.INTEGER, computed=True),
        Field("progress_total", _l("Expected in all"), Kind.INTEGER, computed=True),
        Field("message", _l("Progress message"), computed=True),
        Field("error", _l("Error"), Kind.LONG_TEXT, computed=True, sortable=False),
        Field("business_date", _l("Business date"), Kind.DATE, computed=True),
        Field("name", _l("Kind of task"), computed=True),
    ),
    list_fields=("title", "status", "employee_id", "created_at", "started_at", "seconds", "message"),
    filter_fields=("status", "title", "created_at", "employee_id", "seconds"),
    order_by=("id", "desc"),
    module="jobs",
    actions=frozenset({"list", "show", "export"}),
    audited=False,
)
