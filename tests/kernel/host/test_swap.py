"""MOD-3: several sites in one process, each with its own modules; a site's app changes while it is used."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text
from werkzeug.test import Client

from app import create_app
from app.access.actors import acting_as
from app.db import db, session
from app.host import swap
from app.host.context import context
from app.host.modules import disable_module, enable_module
from app.host.sites import Site, create_site, load_site, write_private
from app.host.swap import SiteHost, host_name
from app.testing.databases import copy_database, drop_database
from app.testing.modules import ModuleFolder
from app.testing.people import Person, login, make_people
from app.testing.templates import CAST_SECRET
from app.types import SYSTEM

DEADLINE = 20.0


@contextmanager
def built(site: Site) -> Iterator[Flask]:
    app = create_app(site)
    with app.app_context(), acting_as(SYSTEM):
        yield app
        session.remove()
        db.engine.dispose()


def wait_for(is_so: Callable[[], Any]) -> None:
    """Poll until `is_so`, or fail."""
    deadline = time.monotonic() + DEADLINE
    while not is_so():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


#: Databases with one module on, by kind of database and module, each made once per process.
_switched_on: dict[tuple[str, str], str] = {}


def site_with(module: str, slug: str, database: str, tmp_path: Path, kept_in: Path) -> Site:
    """A site with that module on, on a database of its own."""
    key = (database.partition(":")[0], module)
    if key not in _switched_on:
        url = copy_database(database, kept_in)
        with built(_site(tmp_path / "first", slug, url)):
            session.execute(text("DELETE FROM host_module"))
            session.commit()
            enable_module(module)
        _switched_on[key] = url
    return _site(tmp_path, slug, copy_database(_switched_on[key], tmp_path))


def _site(instance: Path, slug: str, url: str) -> Site:
    """Its secret is that of all sites on a copy of the database, whose audit log is sealed with it."""
    made = create_site(instance, slug, database_url=url, hosts=(f"{slug}.example",))
    write_private(made.folder / "secret", CAST_SECRET + slug)
    return load_site(instance, slug)


@pytest.fixture
def two_sites(
    database: str, modules: ModuleFolder, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Site, Site]]:
    """`north` with the module alpha, `south` with the module beta."""
    modules.write("alpha")
    modules.write("beta")
    kept_in = tmp_path_factory.getbasetemp() / "templates"
    north = site_with("alpha", "north", database, tmp_path, kept_in)
    south = site_with("beta", "south", database, tmp_path, kept_in)
    yield north, south
    for site in (north, south):
        drop_database(site.database_url)


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """The version is looked at all the time, so that the tests need not wait a second."""
    monkeypatch.setattr(swap, "CHECK_SECONDS", 0.0)


def status(host: SiteHost, name: str, path: str = "/alpha_note/list/") -> int:
    """200 for a screen, 302 to the login where it exists, 404 where it does not."""
    answer = Client(host).get(path, headers={"Host": name}, follow_redirects=False)
    return answer.status_code


def test_each_site_has_its_own_modules(two_sites: tuple[Site, Site]) -> None:
    host = SiteHost(lambda: two_sites, create_app, default_site="")
    assert status(host, "north.example") == 302
    assert status(host, "south.example") == 404
    assert status(host, "south.example", "/beta_note/list/") == 302
    assert status(host, "NORTH.example:8080", "/beta_note/list/") == 404
    assert status(host, "unknown.example") == 404
    with_default = SiteHost(lambda: two_sites, create_app, default_site="south")
    assert status(with_default, "unknown.example", "/beta_note/list/") == 302


def test_a_version_change_swaps_the_app_and_lets_the_old_one_go(two_sites: tuple[Site, Site]) -> None:
    north = two_sites[0]
    host = SiteHost(lambda: two_sites, create_app)
    assert status(host, "north.example") == 302
    old = weakref.ref(host.app_of(north))
    with built(north):
        disable_module("alpha")
    wait_for(lambda: status(host, "north.example") == 404)
    wait_for(lambda: gc.collect() is not None and old() is None)
    assert status(host, "south.example", "/beta_note/list/") == 302


def test_no_request_fails_while_a_module_is_switched_on_and_off(two_sites: tuple[Site, Site]) -> None:
    north = two_sites[0]
    host = SiteHost(lambda: two_sites, create_app)
    person = admin_of(north)
    wrong: list[tuple[str, int]] = []
    counts = {"all": 0}
    over = threading.Event()

    def ask() -> None:
        client = logged_in(host, north, person)
        while not over.is_set():
            for path, allowed in (("/modules/", {200}), ("/alpha_note/list/", {200, 404})):
                answer = client.get(path, headers={"Host": "north.example"})
                counts["all"] += 1
                if answer.status_code not in allowed:
                    wrong.append((path, answer.status_code))

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for act in (disable_module, enable_module, disable_module, enable_module):
            with built(north):
                act("alpha")
                expected = context().version + 1
            wait_for(lambda expected=expected: context(host.app_of(north)).version == expected)
    finally:
        over.set()
        for thread in threads:
            thread.join(DEADLINE)
    assert wrong == []
    assert counts["all"] > 20


def test_a_session_survives_the_swap(two_sites: tuple[Site, Site]) -> None:
    north = two_sites[0]
    host = SiteHost(lambda: two_sites, create_app)
    client = logged_in(host, north, admin_of(north))
    assert client.get("/modules/", headers={"Host": "north.example"}).status_code == 200
    with built(north):
        disable_module("alpha")
    wait_for(lambda: client.get("/alpha_note/list/", headers={"Host": "north.example"}).status_code == 404)
    assert client.get("/modules/", headers={"Host": "north.example"}).status_code == 200


def test_a_session_of_one_site_is_nothing_in_another(two_sites: tuple[Site, Site]) -> None:
    north = two_sites[0]
    host = SiteHost(lambda: two_sites, create_app)
    client = logged_in(host, north, admin_of(north))
    cookie = client.get_cookie("qiao_north", domain="north.example")
    assert cookie is not None
    thief = Client(host)
    thief.set_cookie("qiao_south", cookie.value, domain="south.example")
    assert thief.get("/modules/", headers={"Host": "south.example"}).status_code == 302


def test_a_site_whose_database_is_away_fails_closed(two_sites: tuple[Site, Site], tmp_path: Path) -> None:
    away = create_site(
        tmp_path, "away", database_url="postgresql+psycopg://nobody@127.0.0.1:1/none", hosts=("away.example",)
    )
    host = SiteHost(lambda: (*two_sites, away), create_app)
    answer = Client(host).get("/", headers={"Host": "away.example"})
    assert answer.status_code == 503
    assert "Retry-After" in answer.headers
    assert status(host, "north.example") == 302


def test_a_database_that_goes_away_is_noticed(two_sites: tuple[Site, Site], monkeypatch: pytest.MonkeyPatch) -> None:
    host = SiteHost(lambda: two_sites, create_app)
    assert status(host, "north.example") == 302
    with monkeypatch.context() as broken:
        from sqlalchemy.exc import OperationalError

        def gone(_app: Flask) -> int:
            raise OperationalError("SELECT", {}, Exception("server closed the connection"))

        broken.setattr(swap, "version_now", gone)
        assert status(host, "north.example") == 503
    assert status(host, "north.example") == 302


@pytest.mark.parametrize(
    ("header", "name"),
    [("Bank.example:8080", "bank.example"), ("[::1]:80", "[::1]"), ("", ""), ("127.0.0.1", "127.0.0.1")],
)
def test_host_names_are_read_without_port(header: str, name: str) -> None:
    assert host_name(header) == name


def admin_of(site: Site) -> Person:
    """The administrator of a cast made in the site."""
    with built(site):
        return make_people().admin


def logged_in(host: SiteHost, site: Site, person: Person) -> Client:
    """A client of the host with the person's session cookie for the site."""
    inner = host.app_of(site).test_client()
    login(inner, person)
    cookie = inner.get_cookie(f"qiao_{site.slug}")
    assert cookie is not None
    client = Client(host)
    client.set_cookie(f"qiao_{site.slug}", cookie.value, domain=site.hosts[0])
    return client


def test_the_version_is_read_at_most_once_a_second(
    two_sites: tuple[Site, Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(swap, "CHECK_SECONDS", 1.0)
    clock, reads = [0.0], []
    honest = swap.version_now
    monkeypatch.setattr(swap, "version_now", lambda app: reads.append(clock[0]) or honest(app))
    host = SiteHost(lambda: two_sites, create_app, clock=lambda: clock[0])
    for moment in (0.0, 0.1, 0.9, 1.1, 1.5, 2.0, 2.2):
        clock[0] = moment
        assert status(host, "north.example") == 302
    assert reads == [1.1, 2.2]
