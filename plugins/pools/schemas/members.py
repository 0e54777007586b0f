"""Who belongs to a pool, on screen, in files and in REST."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.types import Entity, Field, Kind, ScopedBy, Section
from plugins.pools.models import PoolMember

_NAMES = ("pool_id", "employee_id", "unit_id", "administers")

MEMBER = Entity(
    slug="pools_member",
    model=PoolMember,
    label=_l("Member of a pool"),
    icon="users",
    title="id",
    scoped_by=ScopedBy(parent=("pool_id", "pools_pool")),
    fields=(
        Field(
            "pool_id", _l("Pool"), Kind.LINK, target="pools_pool", relationship="pool", required=True, create_only=True
        ),
        Field(
            "employee_id",
            _l("Employee"),
            Kind.LINK,
            target="employee",
            relationship="employee",
            help=_l("An employee, or a unit with everybody in it and below"),
        ),
        Field("unit_id", _l("Unit and below"), Kind.LINK, target="unit", relationship="unit"),
        Field(
            "administers",
            _l("Administers the pool"),
            Kind.BOOLEAN,
            default=False,
            help=_l("Assigns and returns what lies in the pool"),
        ),
    ),
    list_fields=_NAMES,
    sections=(Section(_l("Member of a pool"), _NAMES),),
    module="pools",
)
