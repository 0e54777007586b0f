"""Loading the rooms and modules of one site into its app, each failure kept to its module."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Mapping
from dataclasses import replace
from types import ModuleType

from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError

from app.db import Model, reading, session
from app.host.adding import enter, misfit, with_fields
from app.host.context import Context, context
from app.host.discovery import Found, boot_order, requires
from app.host.models import VERSION, HostModule, HostState
from app.types import RoleTemplate

log = logging.getLogger(__name__)

#: The business core, shaped like modules but always on, in boot order.
ROOMS = (
    "app.access",
    "app.fields",
    "app.base",
    "app.notices",
    "app.organisation",
    "app.calendar",
    "app.approvals",
    "app.customers",
    "app.activities",
    "app.jobs",
    "app.transfer",
    "app.host",
    "app.workspace",
    "app.blueprint",
    "app.demo",
)


#: The version each module's code had when this process imported it, by package.
_imported: dict[str, str] = {}


def load_modules(
    app: Flask,
    rooms: tuple[str, ...] = ROOMS,
    only: set[str] | None = None,
    aside: Mapping[str, str] | None = None,
) -> None:
    """Register the hooks of the rooms and of the site's enabled modules, then read what they bring.

    `only` replaces the site's own choice of modules (commands that prepare a database use it); modules in
    `aside` are known not to work, with the reason, and are quarantined at once. Raises `BootError` when a
    room fails.
    """
    carried = context(app)
    for room in rooms:
        carried.hooks.register(room.rpartition(".")[2], importlib.import_module(f"{room}.hooks"), is_room=True)
    with app.app_context(), reading():
        carried.version, wanted = enabled_modules()
        session.remove()
    for slug, problem in (aside or {}).items():
        carried.hooks.quarantine(slug, problem)
    order, problems = boot_order(carried.installed, (wanted if only is None else only) - set(aside or {}))
    for slug, problem in problems.items():
        carried.hooks.quarantine(slug, problem)
    for slug in order:
        try:
            module = import_hooks(carried, slug)
            check_tables(carried.installed[slug])
            carried.hooks.register(slug, module)
        except Exception as error:
            log.exception("module %s cannot be imported", slug)
            carried.hooks.quarantine(slug, f"{type(error).__name__}: {error}")
    collect(carried)


def import_hooks(carried: Context, slug: str) -> ModuleType:
    """The module's `hooks.py`. Python keeps the code it has: a newer one on disk takes a new process."""
    found = carried.installed[slug]
    module = importlib.import_module(f"{found.package}.hooks")
    if _imported.setdefault(found.package, found.manifest_version) != found.manifest_version:
        log.warning("module %s on disk is newer than the code that runs: restart Qiao", slug)
    return module


def running_version(found: Found) -> str:
    """The version of a module's code in this process; the one on disk when it has not been imported yet."""
    return _imported.get(found.package, found.manifest_version)


def check_tables(found: Found) -> None:
    """A module's tables carry its slug as prefix. Raises `ValueError` naming one that does not."""
    for mapper in Model.registry.mappers:
        inside = mapper.class_.__module__.startswith(f"{found.package}.")
        if inside and not str(mapper.local_table).startswith(f"{found.slug}_"):
            raise ValueError(f"the table '{mapper.local_table}' does not begin with '{found.slug}_'")


def enabled_modules() -> tuple[int, set[str]]:
    """(version counter, enabled slugs) from the site's database; nothing before its first migration."""
    try:
        version = session.scalar(select(HostState.value).where(HostState.key == VERSION)) or 0
        return version, set(session.scalars(select(HostModule.slug).where(HostModule.enabled)))
    except (OperationalError, ProgrammingError) as error:
        if not is_missing_table(error):
            raise
        session.rollback()
        return 0, set()


def is_missing_table(error: DBAPIError) -> bool:
    """Whether a statement failed because its table is not there, and for no other reason."""
    return "no such table" in str(error.orig) or getattr(error.orig, "sqlstate", None) == "42P01"


def is_missing_column(error: DBAPIError) -> bool:
    """Whether a statement named a column its table does not have yet."""
    return "no such column" in str(error.orig) or getattr(error.orig, "sqlstate", None) == "42703"


def collect(carried: Context) -> None:
    """Ask the boot hooks and fill the context.

    What clashes quarantines the later module, and with it whatever requires it; then everything is read
    anew, so that nothing is left of a module that was set aside at a late step.
    """
    while True:
        before = set(carried.hooks.quarantined)
        _fill(carried)
        _quarantine_dependents(carried)
        if set(carried.hooks.quarantined) == before:
            return


def _fill(carried: Context) -> None:
    hooks = carried.hooks
    for registry in (
        carried.entities,
        carried.by_model,
        carried.by_table,
        carried.owners,
        carried.jobs,
        carried.settings,
        carried.metrics,
        carried.notice_kinds,
        carried.approval_acts,
        carried.assignee_rules,
        carried.flow_definitions,
        carried.role_templates,
    ):
        registry.clear()
    view_names: set[str] = set()
    for slug, entity in hooks.boot("entities"):
        if slug not in hooks.modules:
            continue
        if entity.slug in carried.entities or entity.view_name in view_names:
            hooks.quarantine(slug, f"entity '{entity.slug}' exists already")
            continue
        view_names.add(entity.view_name)
        enter(carried, entity)
        carried.owners[entity.slug] = slug
    for slug, more in hooks.boot("added_fields"):
        if slug in hooks.modules and (wrong := misfit(carried, slug, more)):
            hooks.quarantine(slug, wrong)
        elif slug in hooks.modules and more.entity in carried.entities:
            enter(carried, with_fields(carried.entities[more.entity], more))
    for name, registry in (
        ("jobs", carried.jobs),
        ("settings", carried.settings),
        ("metrics", carried.metrics),
        ("notice_kinds", carried.notice_kinds),
        ("approval_acts", carried.approval_acts),
        ("assignee_rules", carried.assignee_rules),
    ):
        for slug, item in hooks.boot(name):
            if slug not in hooks.modules:
                continue
            if item.name in registry:
                hooks.quarantine(slug, f"{name} has '{item.name}' already")
                continue
            registry[item.name] = item
    for slug, flow in hooks.boot("flow_definitions"):
        if slug in hooks.modules and flow.code in carried.flow_definitions:
            hooks.quarantine(slug, f"flow_definitions has '{flow.code}' already")
        elif slug in hooks.modules:
            carried.flow_definitions[flow.code] = (slug, flow)
    for _slug, template in hooks.boot("role_templates"):
        carried.role_templates[template.slug] = merged(carried.role_templates.get(template.slug), template)
    carried.menu = sorted((group for _slug, group in hooks.boot("menu")), key=lambda group: group.order)


def _quarantine_dependents(carried: Context) -> None:
    for slug in list(carried.hooks.modules):
        found = carried.installed.get(slug)
        needs = found.manifest.requires if found is not None and found.manifest is not None else ()
        if missing := [name for name in needs if name in carried.hooks.quarantined]:
            carried.hooks.quarantine(slug, requires(missing))


def merged(first: RoleTemplate | None, second: RoleTemplate) -> RoleTemplate:
    """One role template of two parts of the same slug: permissions and scopes of both."""
    if first is None:
        return second
    permissions = {view: tuple(acts) for view, acts in first.permissions.items()}
    for view, acts in second.permissions.items():
        permissions[view] = tuple(dict.fromkeys((*permissions.get(view, ()), *acts)))
    return replace(first, permissions=permissions, scopes={**first.scopes, **second.scopes})
