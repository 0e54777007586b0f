"""MOD-1, MOD-2: switching modules on and off, all or nothing, with data and grants kept."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import column, inspect, select, table, text

from app import create_app
from app.access.actors import acting_as
from app.access.audit import verify
from app.access.models import AuditEntry
from app.db import db, session
from app.host.context import context
from app.host.discovery import discover
from app.host.models import HostModule
from app.host.modules import (
    disable_module,
    enable_module,
    list_modules,
    remove_module_data,
    upgrade_module,
)
from app.host.sites import Site
from app.testing.modules import HOOKS, MIGRATION, ModuleFolder
from app.types import SYSTEM, Refused

FAILS_HALF_WAY = MIGRATION.replace(
    "def downgrade", '    op.execute("INSERT INTO {slug}_note (id) VALUES (1)")\n\n\ndef downgrade'
)


@contextmanager
def built(site: Site) -> Iterator[Flask]:
    app = create_app(site)
    with app.app_context(), acting_as(SYSTEM):
        yield app
        session.remove()
        db.engine.dispose()


def tables() -> set[str]:
    return set(inspect(db.engine).get_table_names())


def grants(view: str) -> set[tuple[str, str]]:
    """(role, permission) pairs held on a view."""
    rows = session.execute(
        text(
            "SELECT r.name, p.name FROM ab_permission_view_role g JOIN ab_role r ON r.id = g.role_id "
            "JOIN ab_permission_view pv ON pv.id = g.permission_view_id "
            "JOIN ab_permission p ON p.id = pv.permission_id "
            "JOIN ab_view_menu v ON v.id = pv.view_menu_id WHERE v.name = :view"
        ),
        {"view": view},
    )
    return {(role, permission) for role, permission in rows}


def test_enabling_brings_tables_menu_and_grants(site: Site, modules: ModuleFolder) -> None:
    modules.write("alpha")
    with built(site):
        before = context().version
        enable_module("alpha")
    with built(site):
        assert context().version == before + 1
        assert "alpha_note" in tables()
        assert "alpha" in {group.name for group in context().menu}
        assert {("Admin", "can_list"), ("account_manager", "can_list")} <= grants("AlphaNoteView")
        (state,) = list_modules()
        assert (state.enabled, state.version, state.problem, state.can_upgrade) == (True, "1.0.0", "", False)
        assert session.scalars(select(AuditEntry.action)).all()[-1] == "enable_module"
        assert verify(session)[1] == ""


def test_disabling_keeps_data_and_grants(site: Site, modules: ModuleFolder) -> None:
    modules.write("alpha")
    with built(site):
        enable_module("alpha")
        db.session.execute(text("INSERT INTO alpha_note (name) VALUES ('kept')"))
        session.commit()
        held = grants("AlphaNoteView")
        disable_module("alpha")
    with built(site) as app:
        assert "alpha_note" not in context().entities
        assert "AlphaNoteView.list" not in app.view_functions
        assert grants("AlphaNoteView") == held
        enable_module("alpha")
        assert session.scalar(text("SELECT name FROM alpha_note")) == "kept"
        assert grants("AlphaNoteView") == held


def test_what_an_admin_took_from_a_role_stays_away(site: Site, modules: ModuleFolder) -> None:
    modules.write("alpha")
    with built(site):
        enable_module("alpha")
        role = select(table("ab_role", column("id"), column("name")).c.id).where(text("name = 'account_manager'"))
        grant = table("ab_permission_view_role", column("role_id"))
        session.execute(grant.delete().where(grant.c.role_id == role.scalar_subquery()))
        session.commit()
        disable_module("alpha")
        enable_module("alpha")
        assert ("account_manager", "can_list") not in grants("AlphaNoteView")


def test_a_migration_that_fails_half_way_leaves_nothing(site: Site, modules: ModuleFolder) -> None:
    modules.write("alpha", migration=FAILS_HALF_WAY)
    with built(site):
        with pytest.raises(Refused, match="IntegrityError"):
            enable_module("alpha")
        assert not {name for name in tables() if name.startswith("alpha")}
        assert grants("AlphaNoteView") == set()
        (state,) = list_modules()
        assert not state.enabled
        assert "IntegrityError" in str(state.problem)
    modules.write("alpha")
    with built(site):
        enable_module("alpha")
        assert "alpha_note" in tables()
        assert list_modules()[0].problem == ""


def test_a_module_that_raises_while_booting_is_refused(site: Site, modules: ModuleFolder) -> None:
    modules.write("alpha", hooks=HOOKS.replace("return (NOTE,)", "raise RuntimeError('no entities today')"))
    with built(site):
        with pytest.raises(Refused, match="no entities today"):
            enable_module("alpha")
        assert "alpha_note" not in tables()
        assert "no entities today" in str(list_modules()[0].problem)


BROKEN = (
    ("slug = ", "not valid TOML"),
    ('slug = "alpha"\nversion = "1"', "'name' is missing"),
    ('slug = "beta"\nversion = "1"\nname = { zh = "甲" }', "not the folder's name"),
    ('slug = "alpha"\nversion = "one"\nname = { zh = "甲" }', "one"),
    ('slug = "alpha"\nversion = "1"\nname = { zh = "甲" }\nrequire = []', "unknown keys require"),
    ('slug = "alpha"\nversion = "1"\nname = { zh = "甲" }\nkernel = ">=9"', ">=9"),
    ('slug = "alpha"\nversion = "1"\nname = { zh = "甲" }\nrequires = ["gone"]', "gone"),
    ('slug = "alpha"\nversion = "1"\nname = { zh = "甲" }\nrequires = ["alpha"]', "alpha > alpha"),
    ('slug = "alpha"\nversion = "1"\nname = "甲"', "texts by language"),
    ('slug = "alpha"\nversion = "1"\nname = { en = "A" }', "Chinese entry"),
    ('slug = "alpha"\nversion = 1\nname = { zh = "甲" }', "'version' takes a text"),
    ('slug = "alpha"\nversion = "1"\nname = { zh = 1 }', "texts by language"),
    ('slug = "alpha"\nversion = "1"\nname = { zh = "甲" }\nrequires = "pools"', "list of module slugs"),
)


def test_a_broken_manifest_is_named(site: Site, modules: ModuleFolder) -> None:
    with built(site):
        for manifest, reason in BROKEN:
            modules.write("alpha", manifest=manifest)
            with pytest.raises(Refused) as refused:
                enable_module("alpha")
            assert reason in str(refused.value)
        assert not [state for state in list_modules() if state.enabled]


def test_requirements_are_kept(site: Site, modules: ModuleFolder) -> None:
    modules.write("base1")
    modules.write("upper", requires=("base1",))
    with built(site):
        with pytest.raises(Refused, match="base1"):
            enable_module("upper")
        enable_module("base1")
        enable_module("upper")
        with pytest.raises(Refused, match="upper"):
            disable_module("base1")
        disable_module("upper")
        disable_module("base1")


def test_a_module_gone_from_disk_is_quarantined_and_the_rest_runs(site: Site, modules: ModuleFolder) -> None:
    modules.write("alpha")
    modules.write("beta", requires=("alpha",))
    modules.write("gamma")
    with built(site):
        for slug in ("alpha", "beta", "gamma"):
            enable_module(slug)
    shutil.rmtree(modules.root / "alpha")
    modules.forget("alpha")
    with built(site):
        assert set(context().hooks.quarantined) == {"alpha", "beta"}
        assert "gamma_note" in context().entities
        states = {state.slug: state for state in list_modules()}
        assert not states["alpha"].installed
        assert states["alpha"].problem
        assert "alpha" in str(states["beta"].problem)


def test_a_module_set_aside_late_loses_everything_it_brought(site: Site, modules: ModuleFolder) -> None:
    modules.write("alpha")
    with built(site):
        enable_module("alpha")
    modules.write("alpha", hooks=HOOKS + "\n\n@hookimpl\ndef metrics():\n    raise RuntimeError('late')\n")
    with built(site) as app:
        assert "late" in str(context().hooks.quarantined["alpha"])
        assert "alpha_note" not in context().entities
        assert "alpha" not in {group.name for group in context().menu}
        assert "AlphaNoteView.list" not in app.view_functions
    modules.write("alpha", hooks=HOOKS + "\n\n@hookimpl\ndef views():\n    return (object(),)\n")
    with built(site) as app:
        assert "alpha" in context().hooks.quarantined
        assert "alpha_note" not in context().entities
        assert "AlphaNoteView.list" not in app.view_functions


def test_a_table_without_the_prefix_is_refused(site: Site, modules: ModuleFolder) -> None:
    modules.write("alpha", hooks=HOOKS.replace('__tablename__ = "{slug}_note"', '__tablename__ = "customer_{slug}"'))
    with built(site), pytest.raises(Refused, match="customer_alpha"):
        enable_module("alpha")


def test_upgrading_runs_what_is_new(site: Site, modules: ModuleFolder) -> None:
    folder = modules.write("alpha")
    with built(site):
        enable_module("alpha")
    modules.write("alpha", version="1.1.0")
    second = MIGRATION.replace('"0001"', '"0002"').replace("down_revision = None", 'down_revision = "0001"')
    (folder / "migrations/versions/0002_more.py").write_text(second.format(slug="alpha").replace("_note", "_more"))
    with built(site):
        assert list_modules()[0].can_upgrade
        upgrade_module("alpha")
        assert "alpha_more" in tables()
        assert not list_modules()[0].can_upgrade
        assert session.get(HostModule, "alpha").version == "1.1.0"


def test_removing_data_is_a_separate_confirmed_act(site: Site, modules: ModuleFolder) -> None:
    modules.write("alpha")
    modules.write("alpha_two")
    with built(site):
        enable_module("alpha")
        enable_module("alpha_two")
        with pytest.raises(Refused):
            remove_module_data("alpha", "alpha")
        disable_module("alpha")
        with pytest.raises(Refused):
            remove_module_data("alpha", "yes")
        assert "alpha_note" in tables()
        assert remove_module_data("alpha", "alpha") == ["alpha_note", "alpha_version"]
        assert "alpha_two_note" in tables()
        with pytest.raises(Refused):
            remove_module_data("alpha", "alpha")
        assert session.scalars(select(AuditEntry.action)).all()[-1] == "remove_module_data"
        enable_module("alpha")
        assert "alpha_note" in tables()


def test_a_running_process_does_not_upgrade_what_it_has_imported(site: Site, modules: ModuleFolder) -> None:
    folder = modules.write("alpha")
    with built(site):
        enable_module("alpha")
        manifest = folder / "manifest.toml"
        manifest.write_text(manifest.read_text().replace("1.0.0", "2.0.0"))
        with pytest.raises(Refused, match=r"1\.0\.0"):
            upgrade_module("alpha")
        assert list_modules()[0].version == "1.0.0"


def test_migrations_that_cannot_be_read_are_a_problem_of_their_module(site: Site, modules: ModuleFolder) -> None:
    folder = modules.write("alpha")
    with built(site):
        enable_module("alpha")
        (folder / "migrations" / "versions" / "0002_broken.py").write_text("revision = ")
        assert "cannot be read" in str(list_modules()[0].problem)
        assert list_modules()[0].enabled


def test_a_folder_without_its_manifest_is_named(site: Site, modules: ModuleFolder) -> None:
    (modules.write("alpha") / "manifest.toml").unlink()
    with built(site):
        assert "the file is missing" in str(list_modules()[0].problem)


@pytest.fixture
def package(tmp_path: Path, modules: ModuleFolder) -> Iterator[str]:
    """A module that is a pip package: outside the plugins folder, found by its entry point."""
    modules.write("gamma").rename(tmp_path / "qiao_gamma")
    meta = tmp_path / "qiao_gamma-1.0.dist-info"
    meta.mkdir()
    (meta / "METADATA").write_text("Metadata-Version: 2.1\nName: qiao-gamma\nVersion: 1.0\n")
    (meta / "entry_points.txt").write_text("[qiao.modules]\nqiao_gamma = qiao_gamma\nlost = nowhere.at.all\n")
    text_of = (tmp_path / "qiao_gamma" / "manifest.toml").read_text()
    (tmp_path / "qiao_gamma" / "manifest.toml").write_text(text_of.replace('"gamma"', '"qiao_gamma"'))
    for path in ("hooks.py", "migrations/versions/0001_initial.py"):
        source = tmp_path / "qiao_gamma" / path
        source.write_text(source.read_text().replace('"gamma', '"qiao_gamma'))
    importlib.metadata.MetadataPathFinder().invalidate_caches()
    yield "qiao_gamma"
    for name in [name for name in sys.modules if name.split(".")[0] == "qiao_gamma"]:
        del sys.modules[name]
    modules.forget("qiao_gamma")


def test_a_package_is_found_and_missed_by_a_process_that_runs(tmp_path: Path, package: str) -> None:
    nowhere = tmp_path / "nowhere"
    aside = tmp_path / "aside"
    aside.mkdir()
    meta = tmp_path / "qiao_gamma-1.0.dist-info"
    assert list(discover(nowhere)) == [package]
    for number, (there, found) in enumerate(((aside, []), (tmp_path, [package])), 1):
        meta = meta.rename(there / meta.name)
        os.utime(tmp_path, (number, number))  # a machine's clock ticks a few times in ten milliseconds
        assert list(discover(nowhere)) == found


def test_a_package_with_an_entry_point_is_a_module(site: Site, package: str) -> None:
    with built(site):
        assert [state.slug for state in list_modules()] == [package]
        enable_module(package)
    with built(site):
        assert f"{package}_note" in context().entities
        disable_module(package)
