"""What an item looks like on screen, in files and in REST."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.types import Entity, Field, Kind, ScopedBy, Section
from ${package}.models import ${cls}Item

ITEM = Entity(
    slug="${slug}_item",
    model=${cls}Item,
    label=_l("${en} item"),
    icon="checklist",
    title="title",
    scoped_by=ScopedBy(parent=("customer_id", "customer")),
    fields=(
        Field("title", _l("Item"), required=True, max_length=200),
        Field(
            "customer_id",
            _l("Customer"),
            Kind.LINK,
            target="customer",
            relationship="customer",
            required=True,
            create_only=True,
        ),
        Field("due_on", _l("Due on"), Kind.DATE, required=True),
        Field("remark", _l("Remark"), Kind.LONG_TEXT, max_length=4000),
        Field("closed_at", _l("Closed at"), Kind.DATETIME, computed=True),
        Field("created_at", _l("Created at"), Kind.DATETIME, computed=True),
    ),
    list_fields=("title", "customer_id", "due_on", "closed_at"),
    filter_fields=("customer_id", "due_on", "closed_at"),
    search_fields=("title",),
    sections=(
        Section(
            _l("${en} item"),
            ("title", "customer_id", "due_on", "remark", "closed_at", "created_at"),
        ),
    ),
    order_by=("due_on", "asc"),
    module="${slug}",
)
