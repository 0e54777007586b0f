"""Real Chromium on a real server: `window` opens pages as a person and watches for faults.

    def test_list(window, served):
        page = window(served.people.admin, "/customer/list/", width=390)
        check(page)                     # axe-core, sideways scroll
        shot(page, "customers")         # .bench/screens/customers-390.png

At the end of a test, a console error, an uncaught exception or an answer of 500 in any of its windows fails
it; what a test provokes on purpose it names with `window.expect("409")`. The site is made once per test
module, on SQLite, with the cast of `app.testing.people`; records are made in ``with served.acting(SYSTEM):``.
A window is a page some other test has had before, emptied (`app.testing.tabs`); a test that listens to its page's
dialogs, puts scripts into it or meddles with its requests asks for one of its own: ``window(…, own=True)``.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import Context
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app import create_app
from app.access.actors import acting_as
from app.db import db, session
from app.host.swap import SiteHost
from app.testing.databases import drop_database
from app.testing.front import front
from app.testing.people import Browser, People, Person, login
from app.testing.plugin import copy_cast, people_in, site_in
from app.testing.tabs import Tab, Tabs
from app.types import Actor

ROOT = Path(__file__).resolve().parent.parent.parent
SCREENS = ROOT / ".bench" / "screens"
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
#: The browser the tests drive, as tools/check_chromium.py looks for it.
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
DESK, PHONE = 1440, 390
#: Asks the rules alone that find something serious or critical: a third of the time all of them take. Where a fault is
#: on the page is asked for only when there is one.
GATE = """async () => {
  const isSlight = rule => ['minor', 'moderate'].includes(rule.impact);
  const isAsked = rule => rule.enabled && !rule.tags.some(tag => ['experimental', 'deprecated'].includes(tag));
  const values = axe._audit.rules.filter(rule => isAsked(rule) && !isSlight(rule)).map(rule => rule.id);
  const run = selectors =>
    axe.run(document, {selectors, resultTypes: ['violations'], runOnly: {type: 'rule', values}});
  let found = await run(false);
  if (found.violations.some(rule => !isSlight(rule))) found = await run(true);
  return found.violations.filter(rule => !isSlight(rule)).flatMap(
    rule => rule.nodes.map(node => `${rule.id}: ${JSON.stringify(node.target)} ${node.failureSummary}`));
}"""
#: What htmx says of a request given up because the page was left before the answer came.
ABANDONED = ("htmx:sendAbort", "console error: htmx:afterRequest")
#: How long a page may take to do what is expected of it; a busy machine takes its time.
PATIENCE_MS = 30_000


@dataclass(slots=True)
class Served:
    """A running site: its address, its app, its cast."""

    app: Flask
    url: str
    people: People

    @contextmanager
    def acting(self, actor: Actor | None) -> Iterator[None]:
        """An app context in which `actor` works on the site's database."""
        with self.app.app_context(), acting_as(actor):
            yield
            session.remove()


@dataclass
class Window:
    """Opens pages; remembers every fault they show."""

    served: Served
    tabs: Tabs
    expected: list[str] = field(default_factory=list)
    _open: list[Tab] = field(default_factory=list)

    def __call__(
        self,
        person: Person | None,
        path: str = "/",
        *,
        width: int = DESK,
        height: int = 900,
        language: str | None = None,
        theme: str | None = None,
        own: bool = False,
    ) -> Any:
        """A page of an empty browser profile, logged in as `person`, opened at `path`.

        With `own` the profile is the test's alone, and moves what others are shown without motion.
        """
        tab = self.tabs.new(width) if own else self.tabs.take(width)
        self._open.append(tab)
        page = tab.page
        page.context.add_cookies([*self.cookies(person, language, theme)])
        page.set_viewport_size({"width": width, "height": height})
        page.goto(self.served.url + path)
        return page

    def expect(self, *texts: str) -> None:
        """Faults that hold one of these texts are meant by the test."""
        self.expected.extend(texts)

    def unexpected(self) -> list[str]:
        """The faults the test did not name."""
        meant = (*self.expected, *ABANDONED)
        faults = [fault for tab in self._open for fault in tab.faults]
        return [fault for fault in faults if not any(text in fault for text in meant)]

    def close(self) -> list[str]:
        """Leave every page; the faults the test did not name."""
        for tab in self._open:
            tab.leave(self.served.url)
        found = self.unexpected()
        for tab in self._open:
            self.tabs.give_back(tab)
        self._open.clear()
        return found

    def cookies(self, person: Person | None, language: str | None, theme: str | None) -> Iterator[dict[str, str]]:
        """What a browser holds in which `person` has logged in."""
        values = {"qiao_language": language, "qiao_theme": theme or "light"}
        if person is not None:
            client = self.served.app.test_client()
            login(client, person)
            name = self.served.app.config["SESSION_COOKIE_NAME"]
            cookie = client.get_cookie(name)
            assert cookie is not None
            values[name] = cookie.value
            if language is not None:
                Context().run(client.get, f"/language/{language}")
        for name, value in values.items():
            if value is not None:
                yield {"name": name, "value": value, "url": self.served.url}


def axe(page: Any) -> list[str]:
    """Serious and critical accessibility violations of the page as shown, one line each."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE.read_text("utf-8"))
    found: list[str] = page.evaluate(GATE)
    return found


def scrolls_sideways(page: Any) -> bool:
    """Whether the page is wider than the window."""
    return bool(page.evaluate("() => document.documentElement.scrollWidth > document.documentElement.clientWidth"))


def check(page: Any) -> None:
    """The gate for every page: no serious axe-core violation, no sideways scroll."""
    assert axe(page) == []
    assert not scrolls_sideways(page), f"{page.url} is wider than its window"


def shot(page: Any, name: str) -> Path:
    """Keep a picture of the page as `.bench/screens/<name>-<width>.png`, where somebody may look at it: not in CI."""
    path = SCREENS / f"{name}-{page.viewport_size['width']}.png"
    if os.environ.get("CI") != "true":
        SCREENS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=str(path))
    return path


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """One headless Chromium for all tests of the process."""
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE_MS)
    named = os.environ.get("QIAO_CHROMIUM")
    found = next(filter(None, map(shutil.which, [named] if named else CHROMIUM_NAMES)), None)
    assert found, "Chromium is missing: tools/check_chromium.py says what to do"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(FLAGS))
        yield browser
        browser.close()


@contextmanager
def serve(tmp_path_factory: pytest.TempPathFactory, *, swapped: bool = False) -> Iterator[Served]:
    """A running site with its cast. With `swapped` its app is built anew when the site has changed, as it is served."""
    templates = tmp_path_factory.getbasetemp() / "templates"
    templates.mkdir(exist_ok=True)
    folder = tmp_path_factory.mktemp("served")
    url = copy_cast("sqlite", templates, folder)
    site = site_in(folder / "instance", url)
    app = create_app(site)
    app.test_client_class = Browser
    with app.app_context(), acting_as(None):
        people = people_in(url)
        session.remove()
    host = SiteHost(lambda: [site], create_app, default_site=site.slug) if swapped else app
    with front().serving(host) as address:
        yield Served(app, address, people)
    with app.app_context():
        db.engine.dispose()
    drop_database(url)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A running site with its cast, one per test module."""
    with serve(tmp_path_factory) as running:
        yield running


@pytest.fixture(scope="session")
def tabs(chromium: Any) -> Tabs:
    """The pages of the process's Chromium that wait for the next test."""
    return Tabs(chromium, PATIENCE_MS)


@pytest.fixture
def window(served: Served, tabs: Tabs) -> Iterator[Window]:
    """Opens pages as a person; fails the test at its end for every fault they showed."""
    opener = Window(served, tabs)
    yield opener
    assert opener.close() == []
