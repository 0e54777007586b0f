"""What relations bring to a site."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import true

from app.api import hookimpl
from app.types import Actor, Entity, MenuGroup, MenuItem, RoleTemplate, Scope, ScopeFilter, Tab, Verbs
from plugins.relations.demo import write_demo
from plugins.relations.schemas import RELATION
from plugins.relations.services import change_relation, create_relation, visible_condition
from plugins.relations.views import RelationsRelationView, graph_tab

READ = ("can_list", "can_show", "can_graph")
WRITE = (*READ, "can_add", "can_edit", "can_delete")


@hookimpl
def entities() -> Sequence[Entity]:
    return (replace(RELATION, verbs=Verbs(create=create_relation, update=change_relation)),)


@hookimpl
def views() -> Sequence[type]:
    return (RelationsRelationView,)


@hookimpl
def menu() -> Sequence[MenuGroup]:
    item = MenuItem(
        "relations",
        _l("Relations"),
        "RelationsRelationView.list",
        "RelationsRelationView",
        icon="affiliate",
        order=40,
    )
    return (MenuGroup("customers", _l("Customers"), "user-heart", (item,), order=100),)


@hookimpl
def role_templates() -> Sequence[RoleTemplate]:
    writers = ("account_manager", "department_head", "city_manager")
    readers = ("risk_officer", "management")
    return (
        *(RoleTemplate(slug, "", {"RelationsRelationView": WRITE}, {}) for slug in writers),
        *(RoleTemplate(slug, "", {"RelationsRelationView": READ}, {}) for slug in readers),
    )


@hookimpl
def scope_filters(entity: str, actor: Actor, write: bool) -> Sequence[ScopeFilter]:
    if entity != "relations_relation" or actor.widest("customer") is Scope.ALL:
        return (ScopeFilter(also=true()),) if entity == "relations_relation" else ()
    return (ScopeFilter(also=visible_condition(actor)),)


@hookimpl
def record_tabs(entity: str, actor: Actor) -> Sequence[Tab]:
    if entity != "customer":
        return ()
    return (
        Tab("relations", _l("Relation graph"), graph_tab, "RelationsRelationView", "can_graph", order=40),
    )


@hookimpl
def demo_data(random: Any, progress: Callable[[str], None]) -> None:
    write_demo(random, progress)
