"""The pytest plugin: `app` is a site on SQLite and on PostgreSQL, `people` its cast, `client` a browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import NullPool, create_engine, delete

from app import create_app
from app.access.actors import acting_as
from app.db import db, session
from app.host.models import HostModule
from app.host.sites import Site
from app.testing.databases import copy_database, drop_database, risk_databases
from app.testing.kept import forget_apps, kept_at, kept_site
from app.testing.modules import ModuleFolder, module_folder
from app.testing.people import Browser, People
from app.testing.scratch import spare_what_stays, use_memory
from app.testing.templates import copy_cast, note_cast, people_in, site_in, template
from app.types import SYSTEM

__all__ = ["KINDS", "copy_cast", "people_in", "site_in", "template"]

KINDS = ("sqlite", "postgresql")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Before any temporary folder is made, in the process that starts the others too."""
    config.addinivalue_line("markers", "own_app: the test changes the app it gets, which must be built for it alone")
    use_memory()
    risk_databases()


def pytest_collection_finish() -> None:
    """All tests are loaded."""
    spare_what_stays()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Nobody knows what a test that failed has left behind."""
    if report.failed:
        forget_apps()


@pytest.fixture(params=KINDS)
def database(request: pytest.FixtureRequest, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a fresh database with all tables, permissions and modules on, once per kind of database.

    It holds the cast already when the test asks for `people`.
    """
    folder = tmp_path_factory.getbasetemp() / "templates"
    folder.mkdir(exist_ok=True)
    with_cast = "people" in request.fixturenames
    if "app" in request.fixturenames and request.node.get_closest_marker("own_app") is None:
        kept = kept_site(request.param, folder)
        kept.renew(with_cast=with_cast)
        yield kept.url
        return
    if with_cast:
        url = copy_cast(request.param, folder, tmp_path)
    else:
        url = copy_database(template(request.param, folder), tmp_path)
    yield url
    note_cast(url, None)
    drop_database(url)


@pytest.fixture
def app(database: str, tmp_path: Path) -> Iterator[Flask]:
    """A built site with its app context pushed, all modules on; nobody acts until the test says who.

    It is the app of the last test with fresh data, as good as new. A test that goes on setting an app up, which
    Flask allows before the first request only, says `@pytest.mark.own_app`.
    """
    kept = kept_at(database)
    if kept is None:
        built = create_app(site_in(tmp_path / "instance", database))
        built.config.update(TESTING=True)
        built.test_client_class = Browser
    else:
        built = kept.app()
        (tmp_path / "instance").symlink_to(kept.instance)
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
