"""A rule of the ladder on screen, in files and in REST."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.api import CUSTOMER_LEVELS, condition_as_seen
from app.types import Choice, Entity, Field, Kind, ScopedBy, Section
from plugins.pools.models import PoolRule
from plugins.pools.rules import LONGEST_DAYS, MOST_DAYS_AHEAD

#: What the clock counts from; the metrics of the site come besides ("no deal for so long").
TRIGGERS = (
    Choice("follow_up", _l("Last effective follow-up"), "blue"),
    Choice("owned", _l("Start of ownership"), "purple"),
    Choice("protection", _l("Protection clock"), "green"),
)


#: No rule counts from a day on which, or so long after which, databases cannot count.
EARLIEST, LATEST = date(1990, 1, 1), date(2999, 12, 31)


def _protects(values: Mapping[str, Any]) -> bool:
    return values.get("trigger") == "protection"


def _warns(values: Mapping[str, Any]) -> bool:
    return not _protects(values)


def _whom(text: str, exactly: bool) -> str | None:
    if text or exactly:
        return condition_as_seen("customer", text, exactly)
    return _("Every customer somebody looks after")


def _days(name: str, label: Any, help_text: Any = "", **more: Any) -> Field:
    return Field(name, label, Kind.INTEGER, smallest=1, largest=LONGEST_DAYS, help=help_text, **more)


#: Who is reminded of which step, as the form asks for the days.
_BEFORE = {
    "owner_amber_days": _l("Account manager: days before amber"),
    "head_amber_days": _l("Head: days before amber"),
    "owner_red_days": _l("Account manager: days before red"),
    "head_red_days": _l("Head: days before red"),
    "owner_pool_days": _l("Account manager: days before the pool"),
    "head_pool_days": _l("Head: days before the pool"),
    "head_city_days": _l("Head: days before the city's pool"),
}
_REMINDERS = tuple(
    Field(name, label, Kind.INTEGER, smallest=0, largest=MOST_DAYS_AHEAD,
          help=_l("Calendar days. Empty: as the site's settings say; 0: no reminder"))
    for name, label in _BEFORE.items()
)  # fmt: skip

RULE = Entity(
    slug="pools_rule",
    model=PoolRule,
    label=_l("Pool rule"),
    icon="ruler-2",
    scoped_by=ScopedBy(unit="unit_id", below=True),
    fields=(
        Field("name", _l("Name"), required=True, max_length=100),
        Field(
            "position",
            _l("Order"),
            Kind.INTEGER,
            required=True,
            default=100,
            smallest=0,
            largest=9999,
            help=_l("Of the rules that match a customer the first one counts"),
        ),
        Field("active", _l("Active"), Kind.BOOLEAN, default=True),
        Field("condition", _l("Which customers"), Kind.LONG_TEXT, max_length=2000, sortable=False, filterable=False,
              said=_whom),
        Field(
            "unit_id",
            _l("Unit and below"),
            Kind.LINK,
            target="unit",
            relationship="unit",
            help=_l("Empty: the unit of the pool and all below it; all units where no pool is named"),
        ),
        Field(
            "trigger", _l("Counts from"), Kind.CHOICE, choices=TRIGGERS, choices_of="metric", default="follow_up",
            required=True,
        ),
        _days("amber_days", _l("Days to amber"), _l("Empty: no amber"), visible_when=_warns),
        _days("protect_days", _l("Days protected"), visible_when=_protects, required_when=_protects),
        _days("extend_days", _l("A follow-up protects at least so many days"), visible_when=_protects),
        _days("hard_stop_days", _l("Never longer than so many days"), visible_when=_protects),
        _days("red_days", _l("Further days to red"), _l("Empty: no red")),
        _days("pool_days", _l("Further days to the pool"), _l("Empty: warns only, moves nobody")),
        _days("city_days", _l("Further days to the city's pool"), _l("Empty: stays in the pool")),
        Field("working_days", _l("Only working days count"), Kind.BOOLEAN, default=False),
        Field(
            "counts_from",
            _l("Counts nothing before"),
            Kind.DATE,
            smallest=EARLIEST,
            largest=LATEST,
            help=_l("Earlier days are held against nobody, so that a new rule takes no customers in its first night"),
        ),
        Field(
            "pool_id",
            _l("Target pool"),
            Kind.LINK,
            target="pools_pool",
            relationship="pool",
            help=_l("Empty: the nearest head's pool at or above the customer's unit"),
        ),
        Field(
            "city_pool_id",
            _l("Then to"),
            Kind.LINK,
            target="pools_pool",
            relationship="city_pool",
            help=_l("Empty: the nearest city manager's pool at or above the customer's unit"),
        ),
        Field("spared_levels", _l("Spares levels"), Kind.CHOICES, choices=CUSTOMER_LEVELS, sortable=False,
              filterable=False),
        Field("spares_deals", _l("Spares customers with a deal"), Kind.BOOLEAN, default=False),
        Field("spares_approvals", _l("Spares customers with a running approval"), Kind.BOOLEAN, default=True),
        *_REMINDERS,
        _days("keep_days", _l("Days an extension gives"), required=True, default=15),
        Field("version", _l("Rule version"), Kind.INTEGER, computed=True),
    ),
    list_fields=(
        "position", "name", "trigger", "amber_days", "red_days", "pool_days", "city_days", "working_days", "active",
        "version",
    ),
    filter_fields=("trigger", "active", "unit_id", "pool_id"),
    order_by=("position", "asc"),
    sections=(
        Section(_l("Rule"), ("name", "position", "active")),
        Section(_l("Which customers"), ("condition", "unit_id")),
        Section(
            _l("The ladder"),
            (
                "trigger", "working_days", "amber_days", "protect_days", "extend_days", "hard_stop_days", "red_days",
                "pool_days", "city_days", "counts_from",
            ),
        ),
        Section(_l("Reminders before each step"), tuple(field.name for field in _REMINDERS)),
        Section(_l("Where to"), ("pool_id", "city_pool_id")),
        Section(_l("Who is spared"), ("spared_levels", "spares_deals", "spares_approvals", "keep_days")),
    ),
    module="pools",
    actions=frozenset({"list", "show", "add", "edit"}),
)  # fmt: skip
