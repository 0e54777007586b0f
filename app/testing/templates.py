"""Databases to copy: one with every table and permission, and one with the cast besides, each made once per process."""

from __future__ import annotations

import secrets
import tempfile
from dataclasses import dataclass
from pathlib import Path

from app import create_app
from app.access.actors import acting_as
from app.base.permissions import synchronise
from app.db import db, session, transaction
from app.host.context import hooks
from app.host.sites import Site, create_site, load_site, write_private
from app.testing.databases import copy_database, empty_database
from app.testing.people import People, make_people, meet_people
from app.testing.tables import make_tables
from app.types import SYSTEM

#: The secret of the sites whose database holds the cast: the audit log is sealed with it.
CAST_SECRET = secrets.token_urlsafe(48)
_templates: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class Cast:
    """A database that holds the cast."""

    url: str
    people: People


_casts: dict[str, Cast] = {}
#: The databases of the tests that run, where they hold the cast.
_copies: dict[str, Cast] = {}


def site_in(folder: Path, url: str, slug: str = "test") -> Site:
    """A site in `folder` on the database `url`."""
    made = create_site(folder, slug, database_url=url)
    if url not in _copies:
        return made
    write_private(made.folder / "secret", CAST_SECRET)
    return load_site(folder, slug)


def template(kind: str, folder: Path) -> str:
    """The URL of a database with every table and permission of all modules, made once per process."""
    if kind not in _templates:
        url = empty_database(kind, folder)
        site = site_in(Path(tempfile.mkdtemp(dir=folder)), url)
        make_tables(site)
        app = create_app(site)
        with app.app_context(), acting_as(SYSTEM):
            synchronise()
            # What modules write when they are first asked, as a calendar of twenty years, every test would write anew.
            with transaction():
                hooks().gate("customers_changed", customer_ids=(), what="created")
            session.remove()
            db.engine.dispose()
        _templates[kind] = url
    return _templates[kind]


def cast_template(kind: str, folder: Path) -> Cast:
    """The same with the cast in it, made once per process."""
    if kind not in _casts:
        url = copy_database(template(kind, folder), folder)
        made = create_site(Path(tempfile.mkdtemp(dir=folder)), "test", database_url=url)
        write_private(made.folder / "secret", CAST_SECRET)
        app = create_app(load_site(made.instance, "test"))
        with app.app_context(), acting_as(None):
            people = make_people()
            session.remove()
            db.engine.dispose()
        _casts[kind] = Cast(url, people)
    return _casts[kind]


def copy_cast(kind: str, templates: Path, folder: Path) -> str:
    """The URL of a copy in `folder` of the template with the cast."""
    cast = cast_template(kind, templates)
    copy = copy_database(cast.url, folder)
    _copies[copy] = cast
    return copy


def note_cast(url: str, cast: Cast | None) -> None:
    """The database at `url` holds the cast from now on, or does not."""
    if cast is None:
        _copies.pop(url, None)
    else:
        _copies[url] = cast


def people_in(url: str) -> People:
    """The cast of the current site, whose database is at `url`; it is made where the database has none."""
    return meet_people(_copies[url].people) if url in _copies else make_people()
