"""The built apps of this process's sites, rebuilt when a site's version counter has moved."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from flask import Flask

from app import create_app
from app.db import db, reading, session
from app.host.boot import enabled_modules
from app.host.context import context
from app.host.heap import keep_loaded
from app.host.sites import SiteError, load_site, site_slugs

log = logging.getLogger(__name__)

#: How often a site's version is looked at, and how long a site that cannot be built is left alone.
CHECK_SECONDS = 1.0
PAUSE_SECONDS = 15.0


@dataclass(slots=True)
class _Built:
    app: Flask
    checked_at: float


class SiteApps:
    """One built app per site of an installation, for processes without a web server."""

    def __init__(self, instance: Path) -> None:
        self._instance = instance
        self._built: dict[str, _Built] = {}
        self._failed: dict[str, float] = {}

    def __iter__(self) -> Iterator[tuple[str, Flask]]:
        """(slug, app) of every site that can be built now; what is wrong with the others is in the log."""
        for slug in site_slugs(self._instance):
            if (app := self.get(slug)) is not None:
                yield slug, app

    def get(self, slug: str) -> Flask | None:
        """The app of a site as it is set up now; None when there is no such site or it cannot be built."""
        if time.monotonic() < self._failed.get(slug, 0.0):
            return None
        try:
            return self._current(slug)
        except SiteError as error:
            log.warning("site %s: %s", slug, error)
        except Exception:
            log.exception("site %s cannot be built or its database is away", slug)
        self._failed[slug] = time.monotonic() + PAUSE_SECONDS
        return None

    def _current(self, slug: str) -> Flask:
        known = self._built.get(slug)
        if known is not None and time.monotonic() - known.checked_at < CHECK_SECONDS:
            return known.app
        if known is not None and self._version(known.app) == context(known.app).version:
            known.checked_at = time.monotonic()
            return known.app
        app = create_app(load_site(self._instance, slug))
        if known is not None:
            log.info("site %s: taken over with version %s", slug, context(app).version)
            with known.app.app_context():
                db.engine.dispose()
        self._built[slug] = _Built(app, time.monotonic())
        keep_loaded()
        return app

    @staticmethod
    def _version(app: Flask) -> int:
        with app.app_context(), reading():
            version, _enabled = enabled_modules()
            session.remove()
        return version
