"""What pools, rules, entries and movements look like on screen, in files and in REST."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.types import Choice, Entity, Field, Kind, ScopedBy, Section
from plugins.pools.models import Pool, PoolEntry, PoolMovement, PoolRule

ACTS = (
    Choice("recycle", _l("Recycled"), "red"),
    Choice("claim", _l("Claimed"), "green"),
    Choice("assign", _l("Assigned"), "blue"),
    Choice("return", _l("Returned"), "amber"),
)

POOL = Entity(
    slug="pools_pool",
    model=Pool,
    label=_l("Pool"),
    icon="bucket",
    scoped_by=ScopedBy(public=True),
    fields=(
        Field("code", _l("Code"), required=True, unique=True, max_length=40),
        Field("name", _l("Name"), required=True, max_length=100),
        Field("unit_id", _l("Unit"), Kind.LINK, target="unit", relationship="unit", required=True, create_only=True),
        Field("claimable", _l("Members may claim"), Kind.BOOLEAN, default=True),
        Field("active", _l("Active"), Kind.BOOLEAN, default=True),
    ),
    list_fields=("name", "code", "unit_id", "claimable", "active"),
    search_fields=("name", "code"),
    sections=(Section(_l("Pool"), ("name", "code", "unit_id", "claimable", "active")),),
    match_fields=(("code",),),
    module="pools",
)

RULE = Entity(
    slug="pools_rule",
    model=PoolRule,
    label=_l("Pool rule"),
    icon="ruler-2",
    scoped_by=ScopedBy(public=True),
    fields=(
        Field("name", _l("Name"), required=True, max_length=100),
        Field("pool_days", _l("Days without an effective follow-up"), Kind.INTEGER, required=True, default=30),
        Field("working_days", _l("Only working days count"), Kind.BOOLEAN, default=False),
        Field("condition", _l("Condition"), max_length=2000, help=_l("Empty: every customer")),
        Field(
            "unit_id",
            _l("Unit and below"),
            Kind.LINK,
            target="unit",
            relationship="unit",
            help=_l("Empty: the unit of the pool and all below it"),
        ),
        Field("pool_id", _l("Target pool"), Kind.LINK, target="pools_pool", relationship="pool", required=True),
        Field("active", _l("Active"), Kind.BOOLEAN, default=True),
        Field("version", _l("Rule version"), Kind.INTEGER, computed=True),
    ),
    list_fields=("name", "pool_days", "working_days", "unit_id", "pool_id", "active", "version"),
    sections=(
        Section(_l("Rule"), ("name", "pool_days", "working_days", "pool_id", "active")),
        Section(_l("Which customers"), ("condition", "unit_id")),
    ),
    module="pools",
    actions=frozenset({"list", "show", "add", "edit"}),
)

ENTRY = Entity(
    slug="pools_entry",
    model=PoolEntry,
    label=_l("Customer in a pool"),
    icon="inbox",
    title="id",
    scoped_by=ScopedBy(unit="unit_id"),
    fields=(
        Field("customer_id", _l("Customer"), Kind.LINK, target="customer", relationship="customer", computed=True),
        Field("pool_id", _l("Pool"), Kind.LINK, target="pools_pool", relationship="pool", computed=True),
        Field("unit_id", _l("Unit"), Kind.LINK, target="unit", relationship="unit", computed=True),
        Field(
            "from_employee_id",
            _l("Former account manager"),
            Kind.LINK,
            target="employee",
            relationship="from_employee",
            computed=True,
        ),
        Field("entered_at", _l("In the pool since"), Kind.DATETIME, computed=True),
    ),
    list_fields=("customer_id", "pool_id", "unit_id", "from_employee_id", "entered_at"),
    filter_fields=("pool_id", "unit_id", "from_employee_id", "entered_at"),
    sections=(Section(_l("Pool"), ("customer_id", "pool_id", "unit_id", "from_employee_id", "entered_at")),),
    order_by=("entered_at", "desc"),
    module="pools",
    actions=frozenset({"list", "show", "export"}),
    audited=False,
)

MOVEMENT = Entity(
    slug="pools_movement",
    model=PoolMovement,
    label=_l("Pool movement"),
    icon="arrows-exchange",
    title="id",
    scoped_by=ScopedBy(parent=("customer_id", "customer")),
    fields=(
        Field("at", _l("When"), Kind.DATETIME, computed=True),
        Field("customer_id", _l("Customer"), Kind.LINK, target="customer", relationship="customer", computed=True),
        Field("act", _l("Movement"), Kind.CHOICE, choices=ACTS, computed=True),
        Field(
            "from_pool_id",
            _l("From which pool"),
            Kind.LINK,
            target="pools_pool",
            relationship="from_pool",
            computed=True,
        ),
        Field(
            "to_pool_id", _l("Into which pool"), Kind.LINK, target="pools_pool", relationship="to_pool", computed=True
        ),
        Field(
            "from_employee_id",
            _l("From whom"),
            Kind.LINK,
            target="employee",
            relationship="from_employee",
            computed=True,
        ),
        Field("to_employee_id", _l("To whom"), Kind.LINK, target="employee", relationship="to_employee", computed=True),
        Field("rule_id", _l("Rule"), Kind.LINK, target="pools_rule", relationship="rule", computed=True),
        Field("business_date", _l("Business date"), Kind.DATE, computed=True),
        Field("reason", _l("Reason"), computed=True),
    ),
    list_fields=(
        "at",
        "customer_id",
        "act",
        "from_pool_id",
        "to_pool_id",
        "from_employee_id",
        "to_employee_id",
        "rule_id",
        "business_date",
    ),
    filter_fields=("act", "at", "from_pool_id", "to_pool_id", "from_employee_id", "to_employee_id"),
    sections=(
        Section(
            _l("Movement"),
            (
                "at",
                "customer_id",
                "act",
                "from_pool_id",
                "to_pool_id",
                "from_employee_id",
                "to_employee_id",
                "rule_id",
                "business_date",
                "reason",
            ),
        ),
    ),
    order_by=("at", "desc"),
    module="pools",
    actions=frozenset({"list", "show", "export"}),
    audited=False,
)
