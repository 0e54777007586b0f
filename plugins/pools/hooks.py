"""What pools bring to a site: the module's table of contents."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import true

from app.api import Customer, hookimpl, now, related_tab, session
from app.types import (
    Action,
    Actor,
    AddedFields,
    ApprovalAct,
    Card,
    Entity,
    FlowDefinition,
    JobSpec,
    MenuGroup,
    MenuItem,
    NoticeKind,
    Place,
    RoleTemplate,
    ScopeFilter,
    Setting,
    Tab,
    TimelineItem,
    Undoing,
    Verbs,
    Veto,
    Write,
)
from plugins.pools import pieces, services
from plugins.pools.approvals import ACTS, FLOWS
from plugins.pools.demo import write_demo
from plugins.pools.jobs import JOBS
from plugins.pools.role_templates import ROLE_TEMPLATES
from plugins.pools.schemas import ENTRY, KEEP, MEMBER, MOVEMENT, POOL, RULE, RUN
from plugins.pools.schemas.movements import CAUSES
from plugins.pools.services.reminding import MORNING, UNIT_MORNING
from plugins.pools.settings import SETTINGS
from plugins.pools.views import VIEWS
from plugins.pools.views.runs import RESULT


@hookimpl
def entities() -> Sequence[Entity]:
    rule = replace(RULE, verbs=Verbs(create=services.write_rule, update=services.change_rule))
    undo = Undoing(services.releases_of, services.take_back_releases)
    entry = replace(ENTRY, verbs=Verbs(create_many=services.lay_into_pools, undo=undo))
    pool = replace(POOL, verbs=Verbs(create=services.write_pool, update=services.change_pool))
    member = replace(MEMBER, verbs=Verbs(create=services.write_member, update=services.change_member))
    return (pool, member, rule, entry, KEEP, MOVEMENT, RUN)


@hookimpl
def added_fields() -> Sequence[AddedFields]:
    return (pieces.COUNTDOWN, CAUSES)


@hookimpl
def notice_kinds() -> Sequence[NoticeKind]:
    return (MORNING, UNIT_MORNING)


@hookimpl
def views() -> Sequence[type]:
    return VIEWS


@hookimpl
def settings() -> Sequence[Setting]:
    return SETTINGS


@hookimpl
def role_templates() -> Sequence[RoleTemplate]:
    return ROLE_TEMPLATES


@hookimpl
def jobs() -> Sequence[JobSpec]:
    return JOBS


@hookimpl
def scope_filters(entity: str, actor: Actor, write: bool) -> Sequence[ScopeFilter]:
    """Members of a claimable pool see what lies in it, and the customers themselves, to look at only.

    Rules and pools are looked at by whoever opens their screens, and written as far as the role's scope reaches.
    """
    if write:
        return ()
    if entity in services.LOOKED_AT:
        return (ScopeFilter(also=true()),)
    if entity not in ("pools_entry", "customer"):
        return ()
    condition = services.member_condition if entity == "pools_entry" else services.customer_condition
    seen = condition(actor)
    return () if seen is None else (ScopeFilter(also=seen),)


@hookimpl
def assignable() -> Sequence[Any]:
    return (services.outside_pools(),)


@hookimpl
def before_assign(customer_ids: Sequence[int], cause: str) -> Veto | None:
    return services.lying_in_pools(customer_ids, cause)


@hookimpl
def customers_changed(customer_ids: Sequence[int]) -> None:
    """The countdown is true at every moment: whatever it counts from is worked out in the same transaction."""
    services.reckon(session(), customer_ids)
    services.end_overtaken(session(), customer_ids)


@hookimpl
def before_write(entity: str, writes: Sequence[Write]) -> Mapping[int, Veto]:
    """Days the site names itself move everybody's countdown by working days."""
    if entity == "calendar_day" and writes:
        services.reckon_soon(f"days.{now():%Y%m%d%H%M%S}")
    return {}


@hookimpl
def transitioned(entity: str, record_id: int, transition: str) -> None:
    """An approval begun or ended spares a customer, or spares it no more."""
    if transition.startswith("approvals."):
        services.reckon_approved(entity, record_id)


@hookimpl
def holdings(employee_id: int) -> Sequence[Place]:
    return services.pools_for(employee_id)


@hookimpl
def home_cards(actor: Actor) -> Sequence[Card]:
    return (pieces.CARD,)


@hookimpl
def record_tabs(entity: str) -> Sequence[Tab]:
    tabs = {"customer": (pieces.STORY, pieces.KEEPS_TAB), "pools_rule": (pieces.VERSIONS,), "pools_run": (RESULT,)}
    if entity == "pools_pool":
        empty = _l("As long as nobody is named, the people of the pool's unit and below are its members.")
        members = related_tab(MEMBER, "pool_id", label=_l("Members"), order=40, empty=empty)
        none = _l("No customer you see lies here")
        lying = related_tab(ENTRY, "pool_id", label=_l("Customers in pools"), order=30, empty=none)
        return (lying, members)
    return tabs.get(entity, ())


@hookimpl
def record_actions(entity: str, actor: Actor, record: Any) -> Sequence[Action]:
    return pieces.actions_of(entity, actor, record)


@hookimpl
def flow_definitions() -> Sequence[FlowDefinition]:
    return FLOWS


@hookimpl
def approval_acts() -> Sequence[ApprovalAct]:
    return ACTS


@hookimpl
def timeline(entity: str, record: Any, before: datetime | None, limit: int) -> Sequence[TimelineItem]:
    if entity != "customer" or not isinstance(record, Customer):
        return ()
    return pieces.timeline_of(record, before, limit)


@hookimpl
def demo_data(random: Any, progress: Callable[[str], None]) -> None:
    write_demo(random, progress)


@hookimpl
def menu() -> Sequence[MenuGroup]:
    return (
        MenuGroup(
            "pools",
            _l("Pools"),
            "recycle",
            (
                MenuItem(
                    "pools_board",
                    _l("Pools at a glance"),
                    "PoolsBoardView.list",
                    "PoolsBoardView",
                    icon="chart-bar",
                    order=5,
                ),
                MenuItem(
                    "pools_entries",
                    _l("Customers in pools"),
                    "PoolsEntryView.list",
                    "PoolsEntryView",
                    icon="inbox",
                    order=10,
                ),
                MenuItem(
                    "pools_keeps",
                    _l("Applications to keep"),
                    "PoolsKeepView.list",
                    "PoolsKeepView",
                    icon="shield",
                    order=15,
                ),
                MenuItem(
                    "pools_movements",
                    _l("Movements"),
                    "PoolsMovementView.list",
                    "PoolsMovementView",
                    icon="arrows-exchange",
                    order=20,
                ),
                MenuItem("pools_runs", _l("Nightly runs"), "PoolsRunView.list", "PoolsRunView", icon="moon", order=25),
                MenuItem("pools_pools", _l("Pools"), "PoolsPoolView.list", "PoolsPoolView", icon="bucket", order=30),
                MenuItem(
                    "pools_rules", _l("Pool rules"), "PoolsRuleView.list", "PoolsRuleView", icon="ruler-2", order=40
                ),
            ),
            order=200,
        ),
    )
