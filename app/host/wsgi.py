"""The web server's entry: ``app.host.wsgi:application`` answers for every site of the installation."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from flask import Flask

from app import create_app
from app.db import reading, session
from app.host.heap import keep_loaded
from app.host.logs import configure_logging
from app.host.migrations import KERNEL_LINE, MigrationError, is_pending
from app.host.sites import Site, SiteError, load_site, site_slugs
from app.host.swap import SiteHost
from config import settings

log = logging.getLogger(__name__)


def readable_sites() -> Iterator[Site]:
    """The sites whose folder can be read; what is wrong with another is in the log."""
    for slug in site_slugs(settings().instance):
        try:
            yield load_site(settings().instance, slug)
        except SiteError as error:
            log.error("%s", error)


def build(site: Site) -> Flask:
    """The site's app. Raises `MigrationError` while the kernel's tables are behind: the site stays closed."""
    app = create_app(site)
    with app.app_context(), reading():
        try:
            if is_pending(session.connection(), KERNEL_LINE):
                raise MigrationError(f"site {site.slug}: the tables are behind, run 'qiao migrate'")
        finally:
            session.remove()
    keep_loaded()
    return app


configure_logging(settings().log_level, as_json=settings().production)
application = SiteHost(readable_sites, build, default_site=settings().default_site)
