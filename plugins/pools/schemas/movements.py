"""The ledger on screen, in files and in REST."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.types import AddedFields, Choice, Entity, Field, Kind, ScopedBy, Section
from plugins.pools.models import PoolMovement

ACTS = (
    Choice("amber", _l("Turned amber"), "yellow"),
    Choice("red", _l("Turned red"), "red"),
    Choice("clear", _l("Cleared"), "teal"),
    Choice("escalate", _l("Taken on to the city's pool"), "orange"),
    Choice("recycle", _l("Recycled"), "red"),
    Choice("claim", _l("Claimed"), "green"),
    Choice("assign", _l("Assigned"), "blue"),
    Choice("return", _l("Returned"), "amber"),
    Choice("release", _l("Released"), "orange"),
    Choice("keep", _l("Kept with its owner"), "teal"),
    Choice("lock", _l("Locked"), "purple"),
    Choice("unlock", _l("Unlocked"), "azure"),
    Choice("invalid", _l("Marked invalid"), "secondary"),
    Choice("reverse", _l("Reversed"), "secondary"),
)

#: The acts that change hands: what the kernel's ledger of owners says of them.
CAUSES = AddedFields(
    "customer_ownership",
    choices={
        "cause": tuple(
            Choice(f"pools.{act.value}", act.label, act.colour)
            for act in ACTS
            if act.value in ("recycle", "escalate", "claim", "assign", "return", "release", "reverse")
        )
    },
)

STAGES = (
    Choice("green", _l("In time"), "green"),
    Choice("amber", _l("Amber warning"), "amber"),
    Choice("red", _l("Red warning"), "red"),
)

#: Who may not read whose a customer is does not read whose it was.
OWNER = ("customer", "owner_id")

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
            shows=OWNER,
        ),
        Field(
            "to_employee_id",
            _l("To whom"),
            Kind.LINK,
            target="employee",
            relationship="to_employee",
            computed=True,
            shows=OWNER,
        ),
        Field("rule_id", _l("Rule"), Kind.LINK, target="pools_rule", relationship="rule", computed=True),
        Field("rule_version", _l("Rule version"), Kind.INTEGER, computed=True),
        Field("from_stage", _l("Stage before"), Kind.CHOICE, choices=STAGES, computed=True),
        Field("run_id", _l("Night"), Kind.LINK, target="pools_run", relationship="run", computed=True),
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
    filter_fields=(
        "act",
        "at",
        "from_pool_id",
        "to_pool_id",
        "from_employee_id",
        "to_employee_id",
        "rule_id",
        "rule_version",
        "run_id",
        "business_date",
    ),
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
                "from_stage",
                "rule_id",
                "rule_version",
                "run_id",
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
