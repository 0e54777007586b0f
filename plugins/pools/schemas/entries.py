"""What lies in a pool on screen, in files and in REST."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.api import CUSTOMER_KINDS, CUSTOMER_LEVELS, CUSTOMER_SOURCES
from app.types import Entity, Field, Kind, ScopedBy, Section
from plugins.pools.models import PoolEntry

#: What an entry repeats of its customer, for members whose pool hides the customer itself; with the same field rights.
_SHOWN = (
    Field("name", _l("Customer name"), computed=True, mask="name", shows=("customer", "name")),
    Field("kind", _l("Type"), Kind.CHOICE, choices=CUSTOMER_KINDS, computed=True, shows=("customer", "kind")),
    Field(
        "level", _l("Customer level"), Kind.CHOICE, choices=CUSTOMER_LEVELS, computed=True, shows=("customer", "level")
    ),
    Field("source", _l("Source"), Kind.CHOICE, choices=CUSTOMER_SOURCES, computed=True, shows=("customer", "source")),
    Field("region", _l("Region code"), computed=True, shows=("customer", "region")),
    Field("industry", _l("Industry"), computed=True, shows=("customer", "industry")),
    Field(
        "last_effective_at", _l("Last effective follow-up"), Kind.DATETIME, computed=True,
        shows=("customer", "last_effective_at"),
    ),
)  # fmt: skip

ENTRY = Entity(
    slug="pools_entry",
    model=PoolEntry,
    label=_l("Customer in a pool"),
    icon="inbox",
    scoped_by=ScopedBy(unit="unit_id"),
    fields=(
        *_SHOWN,
        Field(
            "customer_id", _l("Customer"), Kind.LINK, target="customer", relationship="customer", required=True,
            create_only=True,
        ),
        Field(
            "pool_id", _l("Pool"), Kind.LINK, target="pools_pool", relationship="pool", required=True, create_only=True
        ),
        Field("unit_id", _l("Unit"), Kind.LINK, target="unit", relationship="unit", computed=True),
        Field(
            "from_employee_id",
            _l("Former account manager"),
            Kind.LINK,
            target="employee",
            relationship="from_employee",
            computed=True,
            shows=("customer", "owner_id"),
        ),
        Field("entered_at", _l("In the pool since"), Kind.DATETIME, computed=True),
    ),
    list_fields=("name", "level", "source", "pool_id", "from_employee_id", "last_effective_at", "entered_at"),
    filter_fields=("pool_id", "kind", "level", "source", "unit_id", "from_employee_id", "entered_at"),
    sections=(
        Section(_l("Pool"), ("customer_id", "pool_id", "unit_id", "from_employee_id", "entered_at")),
        Section(_l("Customer"), tuple(field.name for field in _SHOWN)),
    ),
    order_by=("entered_at", "desc"),
    module="pools",
    actions=frozenset({"list", "show", "export", "import"}),
    audited=False,
)  # fmt: skip
