"""A database's tables straight from the models: of the kernel and of every module that can be imported."""

from __future__ import annotations

from app import create_app
from app.db import db, metadatas, session
from app.host.context import context
from app.host.discovery import discover
from app.host.models import HostModule
from app.host.sites import Site
from config import settings


def create_all_tables(site: Site) -> None:
    """Make every table of the kernel and of all installed modules, and note the modules as switched on."""
    app = create_app(site, only=set(discover(settings().plugins, settings().modules)))
    carried = context(app)
    with app.app_context():
        for metadata in metadatas:
            metadata.create_all(db.engine)
        for slug, found in carried.installed.items():
            if slug in carried.hooks.modules and found.manifest is not None:
                session.add(HostModule(slug=slug, version=found.manifest.version, enabled=True))
        session.commit()
        session.remove()
        db.engine.dispose()
