"""A pool on screen, in files and in REST."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

from app.types import Choice, Entity, Field, Kind, ScopedBy, Section
from plugins.pools.models import Pool

KINDS = (
    Choice("head", _l("Head's pool"), "amber"),
    Choice("city", _l("City manager's public pool"), "blue"),
    Choice("public", _l("Public pool"), "green"),
)

#: What of a customer a pool may hide until it is claimed: what members are shown of an entry (`ENTRY`).
HIDEABLE = (
    Choice("name", _l("Customer name")),
    Choice("kind", _l("Customer type")),
    Choice("level", _l("Customer level")),
    Choice("source", _l("Source")),
    Choice("region", _l("Region")),
    Choice("industry", _l("Industry")),
    Choice("last_effective_at", _l("Last effective follow-up")),
    Choice("mobile", _l("Mobile")),
    Choice("id_number", _l("ID number")),
)


def _limit(name: str, label: Any, most: int) -> Field:
    return Field(name, label, Kind.INTEGER, smallest=0, largest=most, help=_l("Empty: as the site; 0: no limit"))


POOL = Entity(
    slug="pools_pool",
    model=Pool,
    label=_l("Pool"),
    icon="bucket",
    scoped_by=ScopedBy(unit="unit_id"),
    fields=(
        Field("code", _l("Code"), required=True, unique=True, max_length=40),
        Field("name", _l("Name"), required=True, max_length=100),
        Field("kind", _l("Kind of pool"), Kind.CHOICE, choices=KINDS, required=True, default="public"),
        Field("unit_id", _l("Unit"), Kind.LINK, target="unit", relationship="unit", required=True, create_only=True),
        Field("claimable", _l("Members may claim"), Kind.BOOLEAN, default=True),
        Field("active", _l("Active"), Kind.BOOLEAN, default=True),
        _limit("claims_per_day", _l("Claims per person and day"), 1000),
        _limit("owned_limit", _l("Customers one person may own to be allowed to claim"), 100_000),
        _limit("cool_down_days", _l("Days before a former owner may claim the same customer again"), 3650),
        Field(
            "hidden_fields",
            _l("Hidden until claimed"),
            Kind.CHOICES,
            choices=HIDEABLE,
            sortable=False,
            filterable=False,
            help=_l("With any of these, members see the entry only and not the customer, before they have claimed it"),
        ),
    ),
    list_fields=("name", "code", "kind", "unit_id", "claimable", "active"),
    search_fields=("name", "code"),
    sections=(
        Section(_l("Pool"), ("name", "code", "kind", "unit_id", "claimable", "active")),
        Section(_l("Limits of this pool"), ("claims_per_day", "owned_limit", "cool_down_days", "hidden_fields")),
    ),
    match_fields=(("code",),),
    module="pools",
)
