"""The app the tests share is as good as new for each of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from types import ModuleType

import pytest
from flask import Flask
from sqlalchemy import delete, func, select

from app.access.models import Preference
from app.db import db, session, transaction
from app.host.boot import enabled_modules
from app.host.context import context
from app.host.models import HostModule
from app.testing.kept import KeptSite
from app.testing.plugin import KINDS
from config import settings


@pytest.fixture(params=KINDS)
def kept(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeptSite]:
    folder = tmp_path_factory.getbasetemp() / "templates"
    folder.mkdir(exist_ok=True)
    made = KeptSite(request.param, folder)
    yield made
    made.forget()


def fresh(kept: KeptSite) -> Flask:
    kept.renew(with_cast=True)
    return kept.app()


def test_data_and_what_is_remembered_are_put_back(kept: KeptSite) -> None:
    app = fresh(kept)
    carried = context(app)
    before = dict(app.config), dict(carried.jobs), carried.site, dict(carried.hooks.modules)
    with app.app_context(), transaction() as current:
        current.execute(delete(HostModule))
        current.add(Preference(user_id=1, key="left", value="behind"))
    files = list(carried.site.folder.iterdir())
    (carried.site.uploads / "left.txt").write_text("behind")
    (carried.site.folder / "site.toml").write_text("name = 'Another'\n")
    app.config["MAX_CONTENT_LENGTH"] = 1
    carried.jobs.clear()
    carried.rails["left"] = "behind"  # type: ignore[index]
    carried.site, carried.roles_held = replace(carried.site, name="Another"), "behind"
    carried.hooks.register("listener", ModuleType("listener"))
    assert app.test_client().get("/login/").status_code == 200

    again = fresh(kept)
    assert again is app and context(again) is carried
    assert (dict(app.config), dict(carried.jobs), carried.site, dict(carried.hooks.modules)) == before
    assert not carried.rails and carried.roles_held is None and not carried.hooks.manager.has_plugin("listener")
    assert sorted(carried.site.folder.iterdir()) == sorted(files) and not list(carried.site.uploads.iterdir())
    assert again.test_client().get("/login/").status_code == 200
    with app.app_context():
        assert enabled_modules()[1] and not session.scalar(select(func.count(Preference.id)))


def test_what_is_left_connected_harms_no_later_test(kept: KeptSite) -> None:
    app = fresh(kept)
    with app.app_context():
        left = db.engine.connect()
        left.execute(select(HostModule.slug))
    fresh(kept)
    with app.app_context():
        with transaction() as current:
            current.add(Preference(user_id=1, key="kept", value="this"))
        db.engine.dispose()
        del left
        assert session.scalar(select(Preference.value)) == "this"


def test_an_app_that_was_changed_is_thrown_away(kept: KeptSite, monkeypatch: pytest.MonkeyPatch) -> None:
    app = fresh(kept)
    app.add_url_rule("/left", "left", lambda: "behind")
    second = fresh(kept)
    assert second is not app and "left" not in second.view_functions
    context(second).hooks.quarantine("loans", "broken")
    third = fresh(kept)
    assert third is not second and "loans" in context(third).hooks.modules
    with monkeypatch.context() as patched:
        patched.setattr(settings(), "modules", ("pools",))
        other = fresh(kept)
        assert other is not third and "loans" not in context(other).hooks.modules
    assert "loans" in context(fresh(kept)).hooks.modules
