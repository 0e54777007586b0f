"""What an application to keep a customer looks like on screen, in files and in REST."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.types import Choice, Entity, Field, Kind, ScopedBy, Section
from plugins.pools.models import PoolKeep

STATES = (
    Choice("asked", _l("Being decided"), "blue"),
    Choice("granted", _l("May stay"), "green"),
    Choice("refused", _l("May not stay"), "red"),
    Choice("withdrawn", _l("Application withdrawn"), "secondary"),
    Choice("given", _l("Kept by the head"), "teal"),
    Choice("moved", _l("Ended: changed hands"), "secondary"),
    Choice("cleared", _l("Ended: followed up"), "secondary"),
)
_ASKED = ("customer_id", "employee_id", "unit_id", "rule_id", "days", "reason", "asked_at")
_DECIDED = ("state", "kept_until", "decided_by_id", "decided_at", "note")

KEEP = Entity(
    slug="pools_keep",
    model=PoolKeep,
    label=_l("Application to keep a customer"),
    icon="shield",
    title="reason",
    scoped_by=ScopedBy(owner="employee_id", unit="unit_id"),
    fields=(
        Field("customer_id", _l("Customer"), Kind.LINK, target="customer", relationship="customer", computed=True),
        Field(
            "employee_id",
            _l("Account manager"),
            Kind.LINK,
            target="employee",
            relationship="employee",
            computed=True,
            shows=("customer", "owner_id"),
        ),
        Field("unit_id", _l("Unit"), Kind.LINK, target="unit", relationship="unit", computed=True),
        Field("rule_id", _l("Rule"), Kind.LINK, target="pools_rule", relationship="rule", computed=True),
        Field("days", _l("Days asked for"), Kind.INTEGER, computed=True),
        Field("reason", _l("Reason"), computed=True),
        Field("state", _l("State"), Kind.CHOICE, choices=STATES, computed=True),
        Field("kept_until", _l("Kept until"), Kind.DATE, computed=True),
        Field(
            "decided_by_id", _l("Decided by"), Kind.LINK, target="employee", relationship="decided_by", computed=True
        ),
        Field("note", _l("Decision note"), computed=True),
        Field("asked_at", _l("Applied at"), Kind.DATETIME, computed=True),
        Field("decided_at", _l("Decided at"), Kind.DATETIME, computed=True),
    ),
    list_fields=("customer_id", "employee_id", "state", "reason", "kept_until", "asked_at"),
    filter_fields=("state", "employee_id", "unit_id", "customer_id", "asked_at"),
    sections=(Section(_l("Application to keep a customer"), _ASKED), Section(_l("Decision"), _DECIDED)),
    order_by=("asked_at", "desc"),
    module="pools",
    actions=frozenset({"list", "show", "export"}),
    audited=False,
)
