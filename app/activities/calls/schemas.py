"""What a call and a connection look like on screen, in files, by REST and in the call centre's requests."""

from __future__ import annotations

import re
from dataclasses import replace

from flask_babel import lazy_gettext as _l

from app.activities.calls.models import CallRecord, CallSource
from app.activities.calls.rules import AMBIGUOUS, FILE, IGNORED, MATCHED, UNMATCHED
from app.types import Choice, Entity, Field, Kind, ScopedBy, Section

STATES = (
    Choice(UNMATCHED, _l("No customer found"), "red"),
    Choice(AMBIGUOUS, _l("Several customers"), "amber"),
    Choice(MATCHED, _l("Matched"), "green"),
    Choice(IGNORED, _l("Ignored"), "secondary"),
)
DIRECTIONS = (Choice("out", _l("Outgoing call")), Choice("in", _l("Incoming call")))
#: The longest a call may last: a day.
DAY = 86_400

CALL = Entity(
    slug="activity_call",
    model=CallRecord,
    label=_l("Call record"),
    icon="headset",
    title="call_id",
    # Calls without a customer are seen by whoever may match them: app/activities/calls/seeing.py.
    scoped_by=ScopedBy(parent=("customer_id", "customer")),
    fields=(
        Field("call_id", _l("Call number"), required=True, max_length=100, create_only=True,
              aliases=("呼叫ID", "通话ID", "流水号", "callid", "uuid")),
        Field("source", _l("Connection"), max_length=40, create_only=True, default=FILE, aliases=("来源",)),
        Field("state", _l("Status"), Kind.CHOICE, choices=STATES, computed=True),
        Field("started_at", _l("Started at"), Kind.DATETIME, required=True,
              aliases=("开始时间", "呼叫时间", "start_time")),
        Field("direction", _l("Direction"), Kind.CHOICE, choices=DIRECTIONS, default="out", aliases=("呼叫方向",)),
        Field("number", _l("Customer's number"), max_length=40, mask="phone", shows=("customer", "mobile"),
              aliases=("号码", "电话", "电话号码", "客户号码", "phone", "number")),
        Field("line", _l("Number compared"), computed=True, mask="phone", shows=("customer", "mobile")),
        Field("extension", _l("Extension dialled"), computed=True),
        Field("customer_id", _l("Customer"), Kind.LINK, target="customer", relationship="customer", computed=True),
        Field("agent", _l("Call-centre agent"), max_length=40, help=_l("Extension or staff number"),
              aliases=("坐席", "工号", "座席", "坐席工号")),
        Field("employee_id", _l("Done by"), Kind.LINK, target="employee", relationship="employee", computed=True),
        Field("answered", _l("Answered"), Kind.BOOLEAN, aliases=("是否接通",)),
        Field("duration_seconds", _l("Duration"), Kind.INTEGER, unit=_l("seconds"), smallest=0, largest=DAY,
              aliases=("时长", "通话秒数", "duration")),
        Field("result", _l("Result told"), max_length=100, aliases=("通话结果",)),
        Field("recording", _l("Recording"), max_length=500, help=_l("Where it lies; it is never fetched"),
              aliases=("录音", "录音地址")),
        Field("note", _l("Note"), Kind.LONG_TEXT, max_length=4000, aliases=("小结",)),
        Field("activity_id", _l("Follow-up"), Kind.LINK, target="activity", relationship="activity", computed=True),
        Field("reason", _l("Why it is ignored"), computed=True),
        Field("created_at", _l("Received at"), Kind.DATETIME, computed=True),
    ),
    list_fields=("call_id", "started_at", "direction", "number", "state", "customer_id", "employee_id", "answered",
                 "duration_seconds"),
    filter_fields=("state", "started_at", "direction", "employee_id", "customer_id", "source", "line"),
    sections=(
        Section(_l("Call details"), ("call_id", "source", "started_at", "direction", "number", "line", "extension",
                                     "answered", "duration_seconds", "result", "recording", "note")),
        Section(_l("Assignment of the call"), ("state", "customer_id", "activity_id", "agent", "employee_id", "reason",
                                               "created_at")),
    ),
    order_by=("started_at", "desc"),
    match_fields=(("source", "call_id"), ("call_id",)),
    actions=frozenset({"list", "show", "export", "import"}),
    module="activities",
)  # fmt: skip

#: What a request of the call centre says of a call: all it can know, and not by which connection it comes.
SENT = replace(
    CALL,
    slug="sent_call",
    fields=tuple(field for field in CALL.fields if not field.computed and field.name != "source"),
    view="SentCallView",
)

SOURCE = Entity(
    slug="activity_call_source",
    model=CallSource,
    label=_l("Call-centre connection"),
    icon="plug-connected",
    # Whoever may open the list sees all: it holds no secret and nothing of customers.
    scoped_by=ScopedBy(public=True),
    fields=(
        Field("name", _l("Name"), required=True, max_length=100),
        Field("code", _l("Code"), required=True, unique=True, max_length=40, create_only=True,
              fits=lambda text: re.fullmatch(r"[a-z][a-z0-9_-]{1,39}", text) is not None and text != FILE,
              fits_help=_l("Two to forty of a–z, 0–9, - and _, beginning with a letter; “file” stands for files")),
        Field("active", _l("In use"), Kind.BOOLEAN, default=True),
        Field("key", _l("Connection key"), computed=True),
        Field("issued_at", _l("Secret issued at"), Kind.DATETIME, computed=True),
        Field("used_at", _l("Last used"), Kind.DATETIME, computed=True),
        Field("created_at", _l("Created at"), Kind.DATETIME, computed=True),
    ),
    list_fields=("name", "code", "active", "key", "issued_at", "used_at"),
    sections=(Section(_l("Basic data"), ("name", "code", "active", "key", "issued_at", "used_at", "created_at")),),
    order_by=("code", "asc"),
    actions=frozenset({"list", "show", "add", "edit"}),
    module="activities",
)  # fmt: skip

__all__ = ["CALL", "SENT", "SOURCE", "STATES"]
