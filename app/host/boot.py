"""Loading the rooms and modules of one site into its app, each failure kept to its module."""

from __future__ import annotations

import importlib
import logging
from dataclasses import replace
from types import ModuleType

from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import OperationalError, ProgrammingError

from app.db import reading, session
from app.host.context import Context, context
from app.host.discovery import boot_order
from app.host.models import HostModule, HostState
from app.types import RoleTemplate

log = logging.getLogger(__name__)

#: The business core, shaped like modules but always on, in boot order.
ROOMS = (
    "app.access",
    "app.organisation",
    "app.customers",
    "app.activities",
    "app.jobs",
    "app.transfer",
    "app.host",
    "app.workspace",
)


def load_modules(app: Flask, rooms: tuple[str, ...] = ROOMS, only: set[str] | None = None) -> None:
    """Register the hooks of the rooms and of the site's enabled modules, then read what they bring.

    `only` replaces the site's own choice of modules (commands that prepare a database use it).
    """
    carried = context(app)
    for room in rooms:
        carried.hooks.register(room.rpartition(".")[2], importlib.import_module(f"{room}.hooks"))
    with app.app_context(), reading():
        carried.version, wanted = enabled_modules()
        session.remove()
    order, problems = boot_order(carried.installed, wanted if only is None else only)
    for slug, problem in problems.items():
        carried.hooks.quarantine(slug, problem)
    for slug in order:
        try:
            carried.hooks.register(slug, import_hooks(carried, slug))
        except Exception as error:
            log.exception("module %s cannot be imported", slug)
            carried.hooks.quarantine(slug, f"{type(error).__name__}: {error}")
    collect(carried)


def import_hooks(carried: Context, slug: str) -> ModuleType:
    """The module's `hooks.py`."""
    return importlib.import_module(f"{carried.installed[slug].package}.hooks")


def enabled_modules() -> tuple[int, set[str]]:
    """(version counter, enabled slugs) from the site's database; nothing before its first migration."""
    try:
        version = session.scalar(select(HostState.value).where(HostState.key == "version")) or 0
        return version, set(session.scalars(select(HostModule.slug).where(HostModule.enabled)))
    except (OperationalError, ProgrammingError) as error:
        if "host_" not in str(error.orig):
            raise
        session.rollback()
        return 0, set()


def collect(carried: Context) -> None:
    """Ask the boot hooks and fill the context; what clashes quarantines the later module."""
    hooks = carried.hooks
    for slug, entity in hooks.boot("entities"):
        if entity.slug in carried.entities:
            hooks.quarantine(slug, f"entity '{entity.slug}' exists already")
            continue
        carried.entities[entity.slug] = entity
        carried.by_model[entity.model] = entity
        carried.by_table[entity.model.__table__] = entity
    for name, registry in (("jobs", carried.jobs), ("settings", carried.settings), ("metrics", carried.metrics)):
        for slug, item in hooks.boot(name):
            if item.name in registry:
                hooks.quarantine(slug, f"{name} has '{item.name}' already")
                continue
            registry[item.name] = item
    for _slug, template in hooks.boot("role_templates"):
        carried.role_templates[template.slug] = merged(carried.role_templates.get(template.slug), template)
    carried.menu = sorted((group for _slug, group in hooks.boot("menu")), key=lambda group: group.order)


def merged(first: RoleTemplate | None, second: RoleTemplate) -> RoleTemplate:
    """One role template of two parts of the same slug: permissions and scopes of both."""
    if first is None:
        return second
    permissions = {view: tuple(acts) for view, acts in first.permissions.items()}
    for view, acts in second.permissions.items():
        permissions[view] = tuple(dict.fromkeys((*permissions.get(view, ()), *acts)))
    return replace(first, permissions=permissions, scopes={**first.scopes, **second.scopes})
