"""The web server's entry: ``app.host.wsgi:application`` answers for every site of the installation."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from app import create_app
from app.host.logs import configure_logging
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


configure_logging(settings().log_level, as_json=settings().production)
application = SiteHost(readable_sites, create_app, default_site=settings().default_site)
