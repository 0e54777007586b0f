"""One built app per kind of database, kept from test to test over fresh data.

Building an app takes longer than most tests, and a new one compiles each of its statements anew. So the site lies at
the same place for every test: its database and its folder are made anew, and what the app remembers is put back. An
app that a test has changed in any other way is thrown away, and the next test builds its own.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Flask
from sqlalchemy import event

from app import create_app
from app.db import db
from app.host.sites import create_site, load_site, write_private
from app.testing.databases import place_for, put_database
from app.testing.people import Browser
from app.testing.remembering import Picture
from app.testing.templates import CAST_SECRET, cast_template, note_cast, template
from config import settings

_kept: dict[str, KeptSite] = {}
#: What is connected to the SQLite files of the kept sites, by file.
_connected: dict[str, list[Any]] = {}


class KeptSite:
    """Where the tests on one kind of database find their site: always the same folder, database, secret and app."""

    def __init__(self, kind: str, templates: Path) -> None:
        self.kind = kind
        self.templates = templates
        self.instance = Path(tempfile.mkdtemp(prefix="kept-", dir=templates)) / "instance"
        self.url = place_for(kind, self.instance.parent)
        self._built: tuple[Flask, Picture, object] | None = None
        self._connected: list[Any] = []
        _connected[self.url.removeprefix("sqlite:///")] = self._connected

    def renew(self, *, with_cast: bool) -> None:
        """A fresh database at the place of the last one, and a fresh folder."""
        self._disconnect()
        while self._connected:
            self._connected.pop().close()  # or it would remove the log of the file that comes, as the last of its own
        cast = cast_template(self.kind, self.templates) if with_cast else None
        put_database(cast.url if cast else template(self.kind, self.templates), self.url)
        note_cast(self.url, cast)
        shutil.rmtree(self.instance, ignore_errors=True)
        made = create_site(self.instance, "test", database_url=self.url)
        write_private(made.folder / "secret", CAST_SECRET)

    def app(self) -> Flask:
        """The app as it was when new: the one of the last test, or another where that one has been changed."""
        if self._built is not None:
            app, picture, made_with = self._built
            picture.put_back()
            if made_with == settings() and not picture.differences():
                return app
        self.forget()
        app = create_app(load_site(self.instance, "test"))
        app.config.update(TESTING=True)
        app.test_client_class = Browser
        self._built = app, Picture(app), settings().model_copy()
        return app

    def forget(self) -> None:
        """The next test builds an app of its own."""
        self._disconnect()
        self._built = None

    def _disconnect(self) -> None:
        if self._built is not None:
            with self._built[0].app_context():
                db.engine.dispose()


def kept_site(kind: str, templates: Path) -> KeptSite:
    """The place of the tests on one kind of database."""
    if kind not in _kept:
        _kept[kind] = KeptSite(kind, templates)
    return _kept[kind]


def kept_at(url: str) -> KeptSite | None:
    """The kept site whose database is at `url`."""
    return next((each for each in _kept.values() if each.url == url), None)


def forget_apps() -> None:
    """A test has failed: nobody knows what it has left behind."""
    for each in _kept.values():
        each.forget()


@event.listens_for(sa.Engine, "do_connect")
def _note(dialect: sa.Dialect, _record: Any, arguments: Any, options: Any) -> Any:
    """Remember who is connected to a kept SQLite file, so that it can be closed before another lies there."""
    known = _connected.get(arguments[0]) if arguments else None
    if known is None:
        return None
    connection = dialect.connect(*arguments, **options)
    known.append(connection)
    return connection
