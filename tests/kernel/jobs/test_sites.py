"""The apps of a worker: one per site, rebuilt when its version moves; broken sites are left out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import insert, update

from app.access.actors import acting_as
from app.db import db, session
from app.host.context import context
from app.host.models import VERSION, HostState
from app.host.sites import create_site, site_slugs
from app.jobs.rules import Timing
from app.jobs.runner import run_one
from app.jobs.services import enqueue
from app.jobs.sites import SiteApps
from app.types import SYSTEM


def bump(app: Flask) -> None:
    """What switching a module on or off does to the site's counter."""
    session.rollback()
    with db.engine.begin() as connection:
        moved = connection.execute(
            update(HostState).where(HostState.key == VERSION).values(value=HostState.value + 1)
        )
        if not moved.rowcount:
            connection.execute(insert(HostState).values(key=VERSION, value=1))


def test_an_app_is_kept_until_the_version_moves(app: Flask, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("app.jobs.sites.CHECK_SECONDS", 0.0)
    sites = SiteApps(tmp_path / "instance")
    first = sites.get("test")
    assert first is not None and sites.get("test") is first
    bump(app)
    second = sites.get("test")
    assert second is not None and second is not first
    assert context(second).version == context(first).version + 1
    assert sites.get("test") is second


def test_a_site_that_cannot_be_built_does_not_stop_the_others(app: Flask, tmp_path: Path) -> None:
    instance = tmp_path / "instance"
    create_site(instance, "away", database_url="postgresql+psycopg://nobody@127.0.0.1:9/none")
    sites = SiteApps(instance)
    assert site_slugs(instance) == ["away", "test"]
    assert [slug for slug, _app in sites] == ["test"]
    assert sites.get("gone") is None and sites.get("../test") is None


@pytest.mark.usefixtures("as_system")
def test_jobs_of_two_sites_stay_apart(jobs: Any, tmp_path: Path, tmp_path_factory: Any) -> None:
    from app.testing.databases import copy_database, drop_database
    from app.testing.plugin import template

    kind = "sqlite" if db.engine.dialect.name == "sqlite" else "postgresql"
    url = copy_database(template(kind, tmp_path_factory.getbasetemp() / "templates"), tmp_path)
    create_site(tmp_path / "instance", "other", database_url=url)
    try:
        ran: list[str] = []
        sites = SiteApps(tmp_path / "instance")
        spec = context(jobs.app).jobs[jobs.add(lambda run: ran.append(context().site.slug))]
        ids = {}
        for slug, app in sites:
            context(app).jobs["test.job"] = spec
            with app.app_context(), acting_as(SYSTEM):
                ids[slug] = enqueue("test.job")
        assert ids == {"other": 1, "test": 1}
        for slug, app in sites:
            assert run_one(app, job_id=ids[slug], timing=Timing(beat=60))
            assert not run_one(app, job_id=ids[slug], timing=Timing(beat=60))
        assert ran == ["other", "test"]
        for _slug, app in sites:
            with app.app_context():
                db.engine.dispose()
    finally:
        drop_database(url)
