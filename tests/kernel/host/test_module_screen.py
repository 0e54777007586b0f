"""The modules screen does what the command does, for administrators only."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select, text

from app import create_app
from app.access.models import AuditEntry
from app.db import session
from app.host.context import context
from app.host.models import HostSetting
from app.testing.modules import HOOKS, ModuleFolder
from app.testing.people import Browser, People, login

SETTINGS = (
    HOOKS
    + """

from app.types import Kind, Setting


@hookimpl
def settings():
    return (
        Setting("{slug}.limit", "Limit", Kind.INTEGER, 3, minimum=1, maximum=9),
        Setting("{slug}.share", "Share", Kind.PERCENT, 5),
        Setting("{slug}.strict", "Strict", Kind.BOOLEAN, False),
    )
"""
)


@pytest.fixture
def folder(modules: ModuleFolder) -> ModuleFolder:
    """Written before the app is built."""
    modules.write("alpha", hooks=SETTINGS)
    return modules


def test_an_administrator_switches_a_module_on_and_off(
    folder: ModuleFolder, app: Flask, client: Browser, people: People
) -> None:
    login(client, people.admin)
    assert "模块alpha" in client.get("/modules/").text
    answer = client.post("/modules/alpha/enable", follow_redirects=True)
    assert 'id="module-alpha"' in answer.text
    assert session.scalar(text("SELECT enabled FROM host_module WHERE slug = 'alpha'"))
    entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert (entry.action, entry.record_id, entry.user_id) == ("enable_module", "alpha", people.admin.user_id)
    client.post("/modules/alpha/disable")
    assert not session.scalar(text("SELECT enabled FROM host_module WHERE slug = 'alpha'"))
    client.post("/modules/alpha/remove-data", data={"confirmation": "nope"})
    assert session.scalar(text("SELECT count(*) FROM alpha_note")) == 0
    client.post("/modules/alpha/remove-data", data={"confirmation": "alpha"})
    assert session.scalar(text("SELECT count(*) FROM host_module WHERE slug = 'alpha'")) == 0


def test_nobody_else_may(folder: ModuleFolder, app: Flask, client: Browser, people: People) -> None:
    login(client, people.manager)
    assert client.get("/modules/").status_code == 403
    for act in ("enable", "disable", "upgrade", "remove-data", "settings"):
        assert client.post(f"/modules/alpha/{act}").status_code in (403, 404)
    login(client, None)
    assert client.post("/modules/alpha/enable").status_code in (302, 401, 403)
    assert session.scalar(text("SELECT count(*) FROM host_module WHERE slug = 'alpha'")) == 0


def test_a_change_needs_its_token(folder: ModuleFolder, app: Flask, client: Browser, people: People) -> None:
    login(client, people.admin)
    assert client.post("/modules/alpha/enable", csrf=False).status_code == 400
    assert client.get("/modules/alpha/enable").status_code == 405


def test_settings_are_typed_limited_and_audited(
    folder: ModuleFolder, app: Flask, client: Browser, people: People
) -> None:
    login(client, people.admin)
    client.post("/modules/alpha/enable")
    session.commit()
    rebuilt = create_app(context(app).site)
    rebuilt.test_client_class = Browser
    client = rebuilt.test_client()
    login(client, people.admin)
    wrong = client.post("/modules/alpha/settings", data={"alpha.limit": "12", "alpha.share": "x"})
    assert wrong.status_code == 422
    assert session.scalars(select(HostSetting)).all() == []
    right = {"alpha.limit": "4", "alpha.share": "2.50", "alpha.strict": "1"}
    assert client.post("/modules/alpha/settings", data=right).status_code == 302
    stored = dict(session.execute(select(HostSetting.name, HostSetting.value)).all())
    assert stored == {"alpha.limit": "4", "alpha.share": '"2.50"', "alpha.strict": "true"}
    page = client.get("/modules/alpha/settings").text
    assert 'value="4"' in page
    assert 'value="2.50"' in page
    entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert entry.changes["alpha.limit"] == [3, 4]
    assert client.get("/modules/nothing/settings").status_code == 404
    assert "系统设置" in client.get("/modules/kernel/settings").text
