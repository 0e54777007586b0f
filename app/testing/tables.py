"""A database's tables: of the kernel and of every module that can be loaded, made by their migrations."""

from __future__ import annotations

import sqlalchemy as sa

from app import create_app
from app.db import db
from app.host.context import context
from app.host.discovery import discover
from app.host.migrations import KERNEL_LINE, line_of, migrating, upgrade
from app.host.models import HostModule
from app.host.sites import Site
from config import settings


def make_tables(site: Site) -> None:
    """Make every table of the kernel and of all installed modules, and note the modules as switched on."""
    found = discover(settings().plugins, settings().modules)
    app = create_app(site, only=set(found))
    running = [module for slug, module in found.items() if slug in context(app).hooks.modules]
    lines = [KERNEL_LINE, *(line_of(module) for module in running)]
    with migrating(site.database_url) as connection:
        for line in lines:
            upgrade(connection, line)
        versions = {module.slug: module.manifest.version for module in running if module.manifest}
        rows = [{"slug": slug, "version": version, "enabled": True} for slug, version in versions.items()]
        if rows:
            connection.execute(sa.insert(HostModule), rows)
    with app.app_context():
        db.engine.dispose()
