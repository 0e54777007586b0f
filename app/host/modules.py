"""Switching modules on and off in a site (MOD-2): the verbs behind `qiao module …` and the modules screen.

The outermost part of the room: it builds apps and writes permissions; only screens and commands import it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app import create_app
from app.access.audit import Act, record_acts
from app.approvals.services.shipping import synchronise_flows
from app.base.permissions import synchronise_in
from app.db import db, session, transaction
from app.host.boot import running_version
from app.host.context import context
from app.host.counting import bump_version
from app.host.discovery import Found, boot_order, discover
from app.host.lock import lock_site
from app.host.migrations import MigrationError, is_pending, line_of, migrating, upgrade
from app.host.models import HostModule, HostSetting
from app.host.sites import Site
from app.types import Refused, Text
from config import settings

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ModuleState:
    """One module as the consultant sees it. `problem` says why it cannot run or did not start."""

    slug: str
    found: Found | None
    installed: bool
    allowed: bool
    enabled: bool
    #: The version the site has switched on, empty when it never was.
    version: str
    #: The version of the folder or package, empty when it is gone or unreadable.
    available: str
    requires: tuple[str, ...]
    required_by: tuple[str, ...]
    pending: bool
    has_data: bool
    problem: Text

    @property
    def can_upgrade(self) -> bool:
        return self.enabled and bool(self.available) and (self.pending or self.version != self.available)


def installed_modules() -> dict[str, Found]:
    """Every module of the installation as of now, the ones it does not allow included."""
    return discover(settings().plugins)


def is_allowed(slug: str) -> bool:
    """Whether the installation lets its sites use the module."""
    return not settings().modules or slug in settings().modules


def list_modules() -> list[ModuleState]:
    """Every module installed, or once switched on in the current site, by slug."""
    known = {row.slug: row for row in session.scalars(sa.select(HostModule))}
    found = installed_modules()
    enabled = {slug for slug, row in known.items() if row.enabled}
    quarantined = context().hooks.quarantined
    tables = set(sa.inspect(session.connection()).get_table_names())
    states = []
    for slug in sorted({*known, *found}):
        module, row = found.get(slug), known.get(slug)
        manifest = module.manifest if module else None
        _order, problems = boot_order(found, enabled | {slug})
        problem = problems.get(slug, "") if row or (module and module.problem) else ""
        pending = False
        try:
            if module is not None and slug in enabled:
                pending = is_pending(session.connection(), line_of(module))
        except MigrationError as wrong:
            problem = str(wrong)
        states.append(
            ModuleState(
                slug=slug,
                found=module,
                installed=module is not None,
                allowed=is_allowed(slug),
                enabled=slug in enabled,
                version=row.version if row and (row.enabled or f"{slug}_version" in tables) else "",
                available=manifest.version if manifest else "",
                requires=manifest.requires if manifest else (),
                required_by=tuple(sorted(_dependents(found, slug) & enabled)),
                pending=pending,
                has_data=f"{slug}_version" in tables,
                problem=quarantined.get(slug) or (row.problem if row else "") or problem,
            )
        )
    return states


def enable_module(slug: str) -> None:
    """Switch a module on: check it, load it beside the others, migrate, write permissions, all or nothing.

    Raises `Refused` with the reason, which is kept for the modules screen; nothing else has then changed.
    """
    found = _usable(slug)
    enabled = enabled_slugs()
    if slug in enabled:
        raise Refused(_("%(module)s is switched on already", module=_label(found)))
    _switch_on(found, enabled, "enable_module")


def upgrade_module(slug: str) -> None:
    """Bring a module that is on to the version installed. Raises `Refused`; it then stays as it was."""
    found = _usable(slug)
    enabled = enabled_slugs()
    if slug not in enabled:
        raise Refused(_("%(module)s is not switched on", module=_label(found)))
    if (runs := running_version(found)) != found.manifest_version:
        raise Refused(_("Restart Qiao first: this process still runs version %(version)s of the module", version=runs))
    _switch_on(found, enabled, "upgrade_module")


def disable_module(slug: str) -> None:
    """Take a module from sight; tables, settings and grants stay. Raises `Refused` while another needs it."""
    found = installed_modules()
    with transaction() as current:
        lock_site(current.connection())
        row = current.get(HostModule, slug)
        if row is None or not row.enabled:
            raise Refused(_("%(module)s is not switched on", module=slug))
        if needing := sorted(_dependents(found, slug) & enabled_slugs()):
            raise Refused(_("Switch off first what requires it: %(modules)s", modules=", ".join(needing)))
        row.enabled = False
        row.problem = ""
        bump_version(current)
        record_acts(current, [Act("disable_module", "module", slug, slug)])


def remove_module_data(slug: str, confirmation: str) -> list[str]:
    """Drop a module's tables and settings for good; returns the names of the tables.

    `confirmation` must be the slug, typed. Raises `Refused` while the module is on or when there is nothing.
    """
    site = context().site
    session.rollback()
    if confirmation != slug:
        raise Refused(_("Type the module's name %(module)s to confirm", module=slug), field="confirmation")
    with migrating(site.database_url) as connection, _session_in(connection) as current:
        row = current.get(HostModule, slug)
        if row is not None and row.enabled:
            raise Refused(_("Switch the module off before removing its data"))
        others = set(current.scalars(sa.select(HostModule.slug))) | set(installed_modules())
        dropped = _drop_tables(connection, slug, others - {slug})
        if row is None and not dropped:
            raise Refused(_("%(module)s has no data in this site", module=slug))
        current.execute(sa.delete(HostSetting).where(HostSetting.name.startswith(f"{slug}.", autoescape=True)))
        current.execute(sa.delete(HostModule).where(HostModule.slug == slug))
        changes = {"tables": [", ".join(dropped), None]}
        record_acts(current, [Act("remove_module_data", "module", slug, slug, changes)])
    return dropped


def enabled_slugs() -> set[str]:
    """The modules switched on in the current site."""
    return set(session.scalars(sa.select(HostModule.slug).where(HostModule.enabled)))


def _usable(slug: str) -> Found:
    """The module if the installation has and allows it and its manifest is fit. Raises `Refused`."""
    found = installed_modules().get(slug)
    if found is None:
        raise Refused(_("There is no module %(module)s in this installation", module=slug))
    if not is_allowed(slug):
        raise Refused(_("This installation does not allow the module %(module)s", module=slug))
    if found.manifest is None:
        raise Refused(_("%(module)s cannot be used: %(problem)s", module=slug, problem=found.problem))
    return found


def _switch_on(found: Found, enabled: set[str], act: str) -> None:
    site, wanted = context().site, enabled | {found.slug}
    session.rollback()  # SQLite: the migration needs the write lock this request may hold
    try:
        _order, problems = boot_order(installed_modules(), wanted)
        if found.slug in problems:
            raise Refused(
                _(
                    "%(module)s cannot be used: %(problem)s",
                    module=_label(found),
                    problem=problems[found.slug],
                )
            )
        _load_migrate_synchronise(site, found, wanted, act)
    except Refused as refused:
        _keep_problem(found, str(refused.reason))
        raise
    except Exception as error:
        log.exception("module %s cannot be switched on", found.slug)
        problem = f"{type(error).__name__}: {error}"
        _keep_problem(found, problem)
        raise Refused(_("%(module)s stays as it was: %(problem)s", module=_label(found), problem=problem)) from error


def _load_migrate_synchronise(site: Site, found: Found, wanted: set[str], act: str) -> None:
    """Build the app with the module in it; then tables, permissions and the switch in one transaction."""
    app = create_app(site, only=wanted)
    with app.app_context():
        try:
            if problem := context().hooks.quarantined.get(found.slug):
                raise Refused(_("%(module)s cannot be loaded: %(problem)s", module=_label(found), problem=problem))
            with migrating(site.database_url) as connection, _session_in(connection) as current:
                still = set(current.scalars(sa.select(HostModule.slug).where(HostModule.enabled)))
                if missing := wanted - still - {found.slug}:
                    raise Refused(_("It requires %(modules)s", modules=", ".join(sorted(missing))))
                upgrade(connection, line_of(found))
                synchronise_in(current)
                synchronise_flows(current)
                current.merge(_row(found, enabled=True))
                bump_version(current)
                record_acts(current, [Act(act, "module", found.slug, found.slug)])
        finally:
            db.engine.dispose()


@contextmanager
def _session_in(connection: sa.Connection) -> Iterator[Session]:
    """A session inside the connection's transaction: what it commits counts only when that one commits."""
    with Session(bind=connection, expire_on_commit=False) as current:
        yield current
        current.commit()


def _row(found: Found, **values: Any) -> HostModule:
    version = found.manifest.version if found.manifest else ""
    return HostModule(slug=found.slug, version=version, **{"problem": "", **values})


def _keep_problem(found: Found, problem: str) -> None:
    with transaction() as current:
        row = current.get(HostModule, found.slug)
        if row is None:
            current.add(_row(found, enabled=False, problem=problem))
        else:
            row.problem = problem


def _dependents(found: dict[str, Found], slug: str) -> set[str]:
    return {name for name, module in found.items() if module.manifest and slug in module.manifest.requires}


def _label(found: Found) -> str:
    return found.manifest.label(context().site.locale) if found.manifest else found.slug


def _drop_tables(connection: sa.Connection, slug: str, others: set[str]) -> list[str]:
    """Drop the tables whose prefix is the slug, whether or not the module's code is still there."""
    longer = tuple(f"{other}_" for other in others if other.startswith(f"{slug}_"))

    def owned() -> list[str]:
        names = sa.inspect(connection).get_table_names()
        return [n for n in names if n.startswith(f"{slug}_") and not (longer and n.startswith(longer))]

    quote = connection.dialect.identifier_preparer.quote
    dropped: list[str] = []
    if connection.dialect.name == "sqlite":
        # A full-text table takes its shadow tables along, and they cannot be dropped alone.
        virtual = "SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE 'CREATE VIRTUAL%'"
        for name in {row[0] for row in connection.exec_driver_sql(virtual)} & set(owned()):
            connection.exec_driver_sql(f"DROP TABLE {quote(name)}")
            dropped.append(name)
    cascade = " CASCADE" if connection.dialect.name == "postgresql" else ""
    for name in owned():
        connection.exec_driver_sql(f"DROP TABLE IF EXISTS {quote(name)}{cascade}")
        dropped.append(name)
    return sorted(dropped)
