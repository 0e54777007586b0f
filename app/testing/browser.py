"""Real Chromium on a real server: `window` opens pages as a person and watches for faults.

    def test_list(window, served):
        page = window(served.people.admin, "/customer/list/", width=390)
        check(page)                     # axe-core, sideways scroll
        shot(page, "customers")         # .bench/screens/customers-390.png

At the end of a test, a console error, an uncaught exception or an answer of 500 in any of its windows fails
it; what a test provokes on purpose it names with `window.expect("409")`. The site is made once per test
module, on SQLite, with the cast of `app.testing.people`; records are made in ``with served.acting(SYSTEM):``.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import Context
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from werkzeug.serving import make_server

from app import create_app
from app.access.actors import acting_as
from app.db import db, session
from app.host.swap import SiteHost
from app.testing.databases import drop_database
from app.testing.people import Browser, People, Person, login
from app.testing.plugin import copy_cast, people_in, site_in
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
    browser: Any
    faults: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)
    _contexts: list[Any] = field(default_factory=list)

    def __call__(
        self,
        person: Person | None,
        path: str = "/",
        *,
        width: int = DESK,
        height: int = 900,
        language: str | None = None,
        theme: str | None = None,
    ) -> Any:
        """A new page of a new browser profile, logged in as `person`, opened at `path`."""
        screen = {"width": width, "height": height}
        context = self.browser.new_context(viewport=screen, locale="zh-CN", has_touch=width < 768)
        self._contexts.append(context)
        context.add_cookies([*self._cookies(person, language, theme)])
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.faults.append(f"uncaught: {error}"))
        page.on("response", self._answer)
        page.goto(self.served.url + path)
        return page

    def expect(self, *texts: str) -> None:
        """Faults that hold one of these texts are meant by the test."""
        self.expected.extend(texts)

    def unexpected(self) -> list[str]:
        """The faults the test did not name."""
        meant = (*self.expected, *ABANDONED)
        return [fault for fault in self.faults if not any(text in fault for text in meant)]

    def close(self) -> None:
        """Close every page."""
        for context in self._contexts:
            context.close()

    def _cookies(self, person: Person | None, language: str | None, theme: str | None) -> Iterator[dict[str, str]]:
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

    def _console(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            where = (message.location or {}).get("url", "")
            self.faults.append(f"console {message.type}: {message.text} ({urlsplit(where).path})")

    def _answer(self, response: Any) -> None:
        if response.status >= 500:
            self.faults.append(f"{response.status} from {response.url}")


def axe(page: Any) -> list[str]:
    """Serious and critical accessibility violations of the page as shown, one line each."""
    page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{item['id']}: {node['target']} {node['failureSummary']}"
        for item in found["violations"]
        if item["impact"] in ("serious", "critical")
        for node in item["nodes"]
    ]


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
    server = make_server("127.0.0.1", 0, host, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield Served(app, f"http://127.0.0.1:{server.server_port}", people)
    server.shutdown()
    thread.join(timeout=10)
    server.server_close()
    with app.app_context():
        db.engine.dispose()
    drop_database(url)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A running site with its cast, one per test module."""
    with serve(tmp_path_factory) as running:
        yield running


@pytest.fixture
def window(served: Served, chromium: Any) -> Iterator[Window]:
    """Opens pages as a person; fails the test at its end for every fault they showed."""
    opener = Window(served, chromium)
    yield opener
    opener.close()
    assert opener.unexpected() == []
