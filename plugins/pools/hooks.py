"""What pools bring to a site: the module's table of contents."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import lazy_gettext as _l

from app.api import hookimpl
from app.types import Entity, MenuGroup, MenuItem, Setting
from plugins.pools.schemas import ENTRY, MOVEMENT, POOL, RULE
from plugins.pools.settings import SETTINGS


@hookimpl
def entities() -> Sequence[Entity]:
    return (POOL, RULE, ENTRY, MOVEMENT)


@hookimpl
def settings() -> Sequence[Setting]:
    return SETTINGS


@hookimpl
def menu() -> Sequence[MenuGroup]:
    return (
        MenuGroup(
            "pools",
            _l("Pools"),
            "recycle",
            (
                MenuItem("pools_entries", _l("Customers in pools"), "PoolsEntryView.list", "PoolsEntryView", icon="inbox", order=10),
                MenuItem("pools_movements", _l("Movements"), "PoolsMovementView.list", "PoolsMovementView", icon="arrows-exchange", order=20),
                MenuItem("pools_pools", _l("Pools"), "PoolsPoolView.list", "PoolsPoolView", icon="bucket", order=30),
                MenuItem("pools_rules", _l("Pool rules"), "PoolsRuleView.list", "PoolsRuleView", icon="ruler-2", order=40),
            ),
            order=200,
        ),
    )
