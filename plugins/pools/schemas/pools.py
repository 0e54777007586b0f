"""A pool on screen, in files and in REST."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.types import Choice, Entity, Field, Kind, ScopedBy, Section
from plugins.pools.models import Pool

KINDS = (
    Choice("head", _l("Head's pool"), "amber"),
    Choice("city", _l("City manager's public pool"), "blue"),
    Choice("public", _l("Public pool"), "green"),
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
        Field("kind", _l("Kind of pool"), Kind.CHOICE, choices=KINDS, required=True, default="public"),
        Field("unit_id", _l("Unit"), Kind.LINK, target="unit", relationship="unit", required=True, create_only=True),
        Field("claimable", _l("Members may claim"), Kind.BOOLEAN, default=True),
        Field("active", _l("Active"), Kind.BOOLEAN, default=True),
    ),
    list_fields=("name", "code", "kind", "unit_id", "claimable", "active"),
    search_fields=("name", "code"),
    sections=(Section(_l("Pool"), ("name", "code", "kind", "unit_id", "claimable", "active")),),
    match_fields=(("code",),),
    module="pools",
)
