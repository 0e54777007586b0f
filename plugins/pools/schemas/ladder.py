"""A rule of the ladder on screen, in files and in REST."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.types import Entity, Field, Kind, ScopedBy, Section
from plugins.pools.models import PoolRule

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
