"""What pools bring to a site: the module's table of contents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from flask_babel import lazy_gettext as _l

from app.api import hookimpl
from app.types import (
    Actor,
    Entity,
    JobSpec,
    MenuGroup,
    MenuItem,
    RoleTemplate,
    ScopeFilter,
    Setting,
    Verbs,
    Veto,
)
from plugins.pools import services
from plugins.pools.jobs import RECYCLE
from plugins.pools.role_templates import ROLE_TEMPLATES
from plugins.pools.schemas import ENTRY, MOVEMENT, POOL, RULE
from plugins.pools.settings import SETTINGS


@hookimpl
def entities() -> Sequence[Entity]:
    rule = replace(RULE, verbs=Verbs(create=services.write_rule, update=services.change_rule))
    return (POOL, rule, ENTRY, MOVEMENT)


@hookimpl
def settings() -> Sequence[Setting]:
    return SETTINGS


@hookimpl
def role_templates() -> Sequence[RoleTemplate]:
    return ROLE_TEMPLATES


@hookimpl
def jobs() -> Sequence[JobSpec]:
    return (RECYCLE,)


@hookimpl
def scope_filters(entity: str, actor: Actor, write: bool) -> Sequence[ScopeFilter]:
    """Members of a claimable pool see what lies in it, and the customers themselves, to look at only."""
    if write or entity not in ("pools_entry", "customer"):
        return ()
    condition = services.member_condition if entity == "pools_entry" else services.customer_condition
    seen = condition(actor)
    return () if seen is None else (ScopeFilter(also=seen),)


@hookimpl
def before_assign(customer_ids: Sequence[int], cause: str) -> Veto | None:
    return services.lying_in_pools(customer_ids, cause)


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
    )  # fmt: skip
