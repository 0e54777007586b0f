"""Login attempts are counted once for all processes, in Valkey; without it each process counts by itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from app import create_app
from app.base import protection
from app.db import db
from app.host.valkey import embedded_valkey
from app.testing.people import Browser, People
from app.testing.plugin import site_in
from config import Settings


def another_process(database: str, folder: Path) -> Flask:
    """The same site's app as another process of the installation builds it."""
    app = create_app(site_in(folder, database))
    app.test_client_class = Browser
    return app


def attempts(app: Flask, name: str, number: int) -> list[int]:
    client = app.test_client()
    return [
        client.post("/login/", data={"username": name, "password": "x"}).status_code for _ in range(number)
    ]


def test_all_processes_count_together(
    app: Flask, people: People, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with embedded_valkey(tmp_path / "valkey") as url:
        monkeypatch.setattr(protection, "settings", lambda: Settings(redis_url=url))
        first, second = (another_process(database, tmp_path / name) for name in ("one", "two"))
        assert attempts(first, "zhang", 3) + attempts(second, "zhang", 3) == [422] * 5 + [429]
        assert attempts(first, "zhang", 1) == [429]
    assert attempts(first, "wu", 6) == [422] * 5 + [429], (
        "Valkey is gone: logins go on, and are still counted"
    )
    for other in (first, second):
        with other.app_context():
            db.session.remove()
            db.engine.dispose()
