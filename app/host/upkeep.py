"""Bringing a site's database up to date: tables first, permissions after (`qiao migrate`, `qiao sync`)."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import create_app
from app.access.actors import acting_as
from app.approvals.services.shipping import synchronise_flows
from app.base.permissions import Synced, synchronise
from app.db import db, session, transaction
from app.host.counting import bump_version
from app.host.discovery import boot_order
from app.host.migrations import KERNEL, KERNEL_LINE, line_of, migrating, upgrade
from app.host.models import HostModule
from app.host.modules import installed_modules, is_allowed
from app.host.sites import Site
from app.types import SYSTEM, Text

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Migrated:
    """What `migrate_site` ran, by line (``qiao`` is the kernel's), and what failed with the reason."""

    ran: dict[str, list[str]] = field(default_factory=dict)
    failed: dict[str, Text] = field(default_factory=dict)


def migrate_site(site: Site) -> Migrated:
    """Run what is pending for the kernel and every module that is on, each in one transaction.

    A module whose migration fails stays at the revision it had, its problem is kept for the modules screen,
    and the others go on. An error in the kernel's own migrations is raised: nothing runs without its tables.
    """
    done = Migrated()
    with migrating(site.database_url) as connection:
        done.ran[KERNEL] = upgrade(connection, KERNEL_LINE)
        enabled = set(connection.scalars(sa.select(HostModule.slug).where(HostModule.enabled)))
    found = {slug: module for slug, module in installed_modules().items() if is_allowed(slug)}
    order, problems = boot_order(found, enabled)
    done.failed.update(problems)
    for slug in order:
        try:
            with migrating(site.database_url) as connection:
                done.ran[slug] = upgrade(connection, line_of(found[slug]))
                _note(connection, slug, "", found[slug].manifest_version or None)
        except Exception as error:
            log.exception("migrations of module %s failed", slug)
            done.failed[slug] = f"{type(error).__name__}: {error}"
            with migrating(site.database_url) as connection:
                _note(connection, slug, str(done.failed[slug]), None)
    if any(done.ran.values()):
        with migrating(site.database_url) as connection, Session(bind=connection) as current:
            bump_version(current)
            current.commit()
    return done


def _note(connection: sa.Connection, slug: str, problem: str, version: str | None) -> None:
    values: dict[str, str] = {"problem": problem, **({"version": version} if version else {})}
    connection.execute(sa.update(HostModule).where(HostModule.slug == slug).values(**values))


def synchronise_site(site: Site) -> Synced:
    """Write the permissions the site's screens and role templates need (a second run writes nothing)."""
    app = create_app(site)
    with app.app_context(), acting_as(SYSTEM):
        try:
            done = synchronise()
            with transaction() as current:
                synchronise_flows(current)
            return done
        finally:
            session.remove()
            db.engine.dispose()
