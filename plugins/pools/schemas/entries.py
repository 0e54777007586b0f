"""What lies in a pool on screen, in files and in REST."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.types import Entity, Field, Kind, ScopedBy, Section
from plugins.pools.models import PoolEntry

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
