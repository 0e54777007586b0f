"""Many sites in one process: picks a request's site by host name, swaps a site's app when it has changed.

Each site's app is built when it is first asked for. A counter in the site's database says that something
needs a new app (a module switched on, fields published); it is read at most once a second. The new app is
built by a thread beside the old one, which goes on answering; requests that run end on the old one.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from app.db import db, reading, session
from app.host.boot import enabled_modules
from app.host.context import context
from app.host.sites import Site

log = logging.getLogger(__name__)

#: The site's version is read at most this often.
CHECK_SECONDS = 1.0
#: A site that could not be built is tried again after this time.
RETRY_SECONDS = 2.0

StartResponse = Callable[..., Any]


class SiteAway(Exception):
    """A site that cannot be served now: its database is away, or it cannot be built."""


class UnknownHost(Exception):
    """No site answers to this host name."""


@dataclass(slots=True)
class _Place:
    """One site's place in the process: its app now, and the one being built."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    app: Flask | None = None
    checked_at: float = float("-inf")
    failed_at: float = float("-inf")
    #: Its database did not answer when it was last asked.
    is_away: bool = False
    builder: threading.Thread | None = None


class SiteHost:
    """The WSGI application of the installation.

    `find_sites` reads the sites there are (called once a second at most), `build` makes a site's app.
    """

    def __init__(
        self,
        find_sites: Callable[[], Iterable[Site]],
        build: Callable[[Site], Flask],
        *,
        default_site: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._find_sites = find_sites
        self._build = build
        self._default = default_site
        self._clock = clock
        self._lock = threading.Lock()
        self._places: dict[str, _Place] = {}
        self._sites: dict[str, Site] = {}
        self._by_host: dict[str, str] = {}
        self._read_at = float("-inf")

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request with its site's app; 404 for an unknown host name, 503 for a site that is away.

        ``/healthz`` answers 200 for a site that can be served.
        """
        try:
            app = self.app_of(self.site_of(str(environ.get("HTTP_HOST", ""))))
        except UnknownHost:
            return _plain(start_response, "404 Not Found", "此地址没有站点。 There is no site at this address.")
        except SiteAway as away:
            log.error("answered 503: %s", away)
            text = "系统暂时不可用，请稍后再试。 This site is not available now; please try again in a moment."
            return _plain(start_response, "503 Service Unavailable", text, ("Retry-After", "5"))
        if environ.get("PATH_INFO") == "/healthz":
            return _plain(start_response, "200 OK", "ok")
        return app.wsgi_app(environ, start_response)

    def site_of(self, host: str) -> Site:
        """The site that answers to a Host header, the default one for others. Raises `UnknownHost`."""
        self._read_sites()
        slug = self._by_host.get(host_name(host), self._default)
        if slug not in self._sites:
            raise UnknownHost(host)
        return self._sites[slug]

    def app_of(self, site: Site) -> Flask:
        """The site's app: built now the first time, later the newest one there is. Raises `SiteAway`."""
        with self._lock:
            place = self._places.setdefault(site.slug, _Place())
        if place.app is None:
            return self._first(site, place)
        if self._clock() - place.checked_at >= CHECK_SECONDS:
            self._check(site, place)
        if place.is_away:
            raise SiteAway(f"site {site.slug}: its database is away")
        return place.app

    def _first(self, site: Site, place: _Place) -> Flask:
        with place.lock:  # whoever comes meanwhile waits for this one build
            if place.app is None:
                if self._clock() - place.failed_at < RETRY_SECONDS:
                    raise SiteAway(f"site {site.slug} could not be built a moment ago")
                try:
                    place.app = self._build(site)
                except Exception as error:
                    log.exception("site %s cannot be built", site.slug)
                    place.failed_at = self._clock()
                    raise SiteAway(f"site {site.slug}: {type(error).__name__}") from error
                place.checked_at = self._clock()
            return place.app

    def _check(self, site: Site, place: _Place) -> None:
        """Read the version; when it has moved, let a thread build the new app."""
        if not place.lock.acquire(blocking=False):
            return  # another request is looking
        try:
            if self._clock() - place.checked_at < CHECK_SECONDS or place.app is None:
                return
            place.checked_at = self._clock()
            if place.builder is not None and place.builder.is_alive():
                return
            unchanged = version_now(place.app) == context(place.app).version
            place.is_away = False
            if unchanged and context(place.app).site == site:
                return
            if self._clock() - place.failed_at < RETRY_SECONDS:
                return
            place.builder = threading.Thread(
                target=self._rebuild, args=(site, place), name=f"build-{site.slug}", daemon=True
            )
            place.builder.start()
        except SQLAlchemyError:
            log.exception("site %s: its database does not answer", site.slug)
            place.is_away = True
        finally:
            place.lock.release()

    def _rebuild(self, site: Site, place: _Place) -> None:
        began = self._clock()
        try:
            new = self._build(site)
        except Exception:
            log.exception("site %s keeps its app: the new one cannot be built", site.slug)
            place.failed_at = self._clock()
            return
        old, place.app = place.app, new
        seconds = self._clock() - began
        log.info("site %s: took over version %s in %.2f s", site.slug, context(new).version, seconds)
        if old is not None:
            with old.app_context():  # connections in use stay with their requests and close after them
                db.engine.dispose()

    def _read_sites(self) -> None:
        if self._clock() - self._read_at < CHECK_SECONDS:
            return
        with self._lock:
            if self._clock() - self._read_at < CHECK_SECONDS:
                return
            sites = {site.slug: site for site in self._find_sites()}
            self._by_host = {name.lower(): site.slug for site in sites.values() for name in site.hosts}
            self._sites = sites
            self._read_at = self._clock()


def host_name(header: str) -> str:
    """A Host header without its port, in lower case.

    >>> host_name("Bank.example:8080"), host_name("[::1]:80")
    ('bank.example', '[::1]')
    """
    name = header.strip().lower()
    return name.partition("]")[0] + "]" if name.startswith("[") else name.partition(":")[0]


def version_now(app: Flask) -> int:
    """The version counter in the site's database."""
    with app.app_context(), reading():
        try:
            return enabled_modules()[0]
        finally:
            session.remove()


def _plain(start: StartResponse, status: str, text: str, *headers: tuple[str, str]) -> list[bytes]:
    """A short page of its own: no app is there to render one."""
    page = f'<!doctype html><html lang="zh"><meta charset="utf-8"><title>Qiao</title><p>{text}</p>'.encode()
    start(
        status,
        [
            ("Content-Type", "text/html; charset=utf-8"),
            ("Content-Length", str(len(page))),
            ("Content-Security-Policy", "default-src 'none'"),
            ("X-Content-Type-Options", "nosniff"),
            ("Cache-Control", "no-store"),
            *headers,
        ],
    )
    return [page]
