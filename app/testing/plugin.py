"""The pytest plugin: `app` is a site on SQLite and on PostgreSQL, `people` its cast, `client` a browser."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import NullPool, create_engine, delete

from app import create_app
from app.access.actors import acting_as
from app.base.permissions import synchronise
from app.db import db, session
from app.host.models import HostModule
from app.host.sites import Site, create_site, load_site, write_private
from app.testing.databases import copy_database, drop_database, empty_database, risk_databases
from app.testing.modules import ModuleFolder, module_folder
from app.testing.people import Browser, People, make_people, meet_people
from app.testing.scratch import spare_what_stays, use_memory
from app.testing.tables import make_tables
from app.types import SYSTEM

KINDS = ("sqlite", "postgresql")
_templates: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class Cast:
    """A database that holds the cast, and the secret of the site that made it: the audit log is sealed with it."""

    url: str
    secret: str
    people: People


_casts: dict[str, Cast] = {}
#: The databases of the tests that run, where they hold the cast.
_copies: dict[str, Cast] = {}


@pytest.hookimpl(tryfirst=True)
def pytest_configure() -> None:
    """Before any temporary folder is made, in the process that starts the others too."""
    use_memory()
    risk_databases()


def pytest_collection_finish() -> None:
    """All tests are loaded."""
    spare_what_stays()


def site_in(folder: Path, url: str, slug: str = "test") -> Site:
    """A site in `folder` on the database `url`."""
    made = create_site(folder, slug, database_url=url)
    if url not in _copies:
        return made
    write_private(made.folder / "secret", _copies[url].secret)
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
            session.remove()
            db.engine.dispose()
        _templates[kind] = url
    return _templates[kind]


def copy_cast(kind: str, templates: Path, folder: Path) -> str:
    """The URL of a copy in `folder` of the template with the cast, which is made once per process."""
    if kind not in _casts:
        url = copy_database(template(kind, templates), templates)
        site = site_in(Path(tempfile.mkdtemp(dir=templates)), url)
        app = create_app(site)
        with app.app_context(), acting_as(None):
            people = make_people()
            session.remove()
            db.engine.dispose()
        _casts[kind] = Cast(url, site.secret, people)
    copy = copy_database(_casts[kind].url, folder)
    _copies[copy] = _casts[kind]
    return copy


def people_in(url: str) -> People:
    """The cast of the current site, whose database is at `url`; it is made where the database has none."""
    return meet_people(_copies[url].people) if url in _copies else make_people()


@pytest.fixture(params=KINDS)
def database(request: pytest.FixtureRequest, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a fresh database with all tables, permissions and modules on, once per kind of database.

    It holds the cast already when the test asks for `people`.
    """
    folder = tmp_path_factory.getbasetemp() / "templates"
    folder.mkdir(exist_ok=True)
    if "people" in request.fixturenames:
        url = copy_cast(request.param, folder, tmp_path)
    else:
        url = copy_database(template(request.param, folder), tmp_path)
    yield url
    _copies.pop(url, None)
    drop_database(url)


@pytest.fixture
def app(database: str, tmp_path: Path) -> Iterator[Flask]:
    """A built site with its app context pushed, all modules on; nobody acts until the test says who."""
    built = create_app(site_in(tmp_path / "instance", database))
    built.config.update(TESTING=True)
    built.test_client_class = Browser
    with built.app_context(), acting_as(None):
        yield built
        session.remove()
        db.engine.dispose()


@pytest.fixture
def site(database: str, tmp_path: Path) -> Site:
    """A site with the kernel's tables and permissions and no module on; build its app with `create_app`."""
    made = site_in(tmp_path / "instance", database)
    engine = create_engine(database, poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(delete(HostModule))
    engine.dispose()
    return made


@pytest.fixture
def modules(database: str, tmp_path: Path) -> Iterator[ModuleFolder]:
    """A plugins folder for modules written by the test, in place of the installation's own.

    (After `database`, whose template holds the tables of the installation's own modules.)
    """
    with module_folder(tmp_path) as folder:
        yield folder


@pytest.fixture
def as_system(app: Flask) -> Iterator[None]:
    """The test acts as the installation itself."""
    with acting_as(SYSTEM):
        yield


@pytest.fixture
def people(app: Flask, database: str) -> People:
    """A small bank: units, and people with logins and the kernel's roles (`app.testing.people`)."""
    return people_in(database)


@pytest.fixture
def client(app: Flask) -> Browser:
    """A browser; log someone in with `app.testing.people.login(client, people.manager)`."""
    made = app.test_client()
    assert isinstance(made, Browser)
    return made
