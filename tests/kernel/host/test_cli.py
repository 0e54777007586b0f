"""The `qiao` command: one clear line when something is wrong, and an exit code to go by."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from app.base.security.logins import create_login
from app.cli import qiao
from app.db import session
from app.host import doctor
from app.host.commands.run import ensure_administrator
from app.host.doctor import OK, PROBLEM, examine
from app.host.sites import Site, create_site, load_site
from app.testing.databases import drop_database, empty_database
from app.testing.inspection import running
from app.testing.modules import HOOKS, ModuleFolder
from app.testing.plugin import KINDS
from app.testing.processes import start
from app.types import Refused
from config import settings

PASSWORD = "correct horse 7"


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[Path]:
    """An installation of its own with no site yet."""
    before = settings().instance
    object.__setattr__(settings(), "instance", tmp_path / "instance")
    yield tmp_path / "instance"
    object.__setattr__(settings(), "instance", before)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(qiao, arguments)


@pytest.fixture
def demo(instance: Path, site: Site) -> Site:
    """The site `demo` on a database that is up to date."""
    return create_site(instance, "demo", database_url=site.database_url)


def test_a_site_is_made_ready_and_listed(instance: Path) -> None:
    made = run("site", "create", "bank", "--name", "某银行", "--host", "bank.example")
    assert made.exit_code == 0, made.output
    assert "某银行" in run("site", "list").output
    folder = instance / "sites" / "bank"
    assert (folder / "secret").stat().st_mode & 0o077 == 0
    assert folder.stat().st_mode & 0o077 == 0
    assert "up to date" in run("migrate").output
    assert "in step" in run("sync", "--site", "bank").output
    again = run("site", "create", "bank")
    assert again.exit_code == 1
    assert "exists already" in again.output


@pytest.mark.parametrize("name", ["../up", "Bank", "", "b-1", "x" * 40])
def test_a_site_name_that_cannot_be_is_refused(instance: Path, name: str) -> None:
    refused = run("site", "create", name)
    assert refused.exit_code != 0
    assert "Traceback" not in refused.output
    assert not (instance / "sites").exists()


def test_what_is_wrong_is_one_line(instance: Path) -> None:
    for arguments in (
        ("migrate", "--site", "nope"),
        ("module", "list"),
        ("user", "password", "x", "--password", "y"),
    ):
        wrong = run(*arguments)
        assert wrong.exit_code == 1
        assert wrong.output.startswith("Error: site")
        assert wrong.output.count("\n") == 1
    create_site(instance, "demo")
    assert "run 'qiao migrate'" in run("module", "list").output
    away = create_site(instance, "away", database_url="postgresql+psycopg://nobody@127.0.0.1:1/none")
    assert "does not answer" in run("sync", "--site", away.slug).output


@pytest.mark.parametrize(
    ("text_of_file", "reason"),
    [("name = ", "cannot be read"), ('colour = "red"', "unknown settings: colour")],
)
def test_a_broken_site_file_is_named(instance: Path, text_of_file: str, reason: str) -> None:
    made = create_site(instance, "demo")
    (made.folder / "site.toml").write_text(text_of_file)
    assert reason in run("migrate", "--site", "demo").output
    assert any(f.level == PROBLEM and reason in f.what for f in examine())


def test_modules_are_switched_from_the_command(demo: Site, modules: ModuleFolder) -> None:
    modules.write("alpha")
    assert "alpha\tdisabled" in run("module", "list").output
    assert run("module", "enable", "alpha").exit_code == 0
    assert "alpha\tenabled\t1.0.0" in run("module", "list").output
    assert run("module", "enable", "alpha").exit_code == 1
    assert run("module", "remove-data", "alpha", "--confirm", "alpha").exit_code == 1
    assert run("module", "disable", "alpha").exit_code == 0
    assert run("module", "remove-data", "alpha", "--confirm", "no").exit_code == 1
    assert "dropped 2 tables" in run("module", "remove-data", "alpha", "--confirm", "alpha").output


def test_logins_are_made_and_weak_passwords_refused(demo: Site) -> None:
    assert "short" not in run("user", "create", "boss", "--password", PASSWORD).output
    assert run("user", "create", "BOSS", "--password", PASSWORD).exit_code == 1
    assert run("user", "create", "other", "--password", "short").exit_code == 1
    assert run("user", "create", "third", "--password", PASSWORD, "--role", "Emperor").exit_code == 1
    assert run("user", "password", "boss", "--password", "another horse 8").exit_code == 0
    assert run("user", "password", "nobody", "--password", PASSWORD).exit_code == 1
    with running(demo):
        assert session.scalars(text("SELECT username FROM ab_user")).all() == ["boss"]
        stored = session.scalar(text("SELECT password FROM ab_user"))
        assert "horse" not in stored


def test_the_first_administrator_gets_a_password_only_the_owner_can_read(demo: Site) -> None:
    ensure_administrator(demo)
    kept = demo.folder / "admin-password"
    assert kept.stat().st_mode & 0o777 == 0o600
    first = kept.read_text()
    ensure_administrator(demo)
    assert kept.read_text() == first
    assert len(first.strip()) >= 16
    with running(demo), pytest.raises(Refused):
        create_login("admin", PASSWORD, name="x", roles=("Admin",))


def test_doctor_finds_nothing_wrong_with_a_fresh_site(demo: Site) -> None:
    ensure_administrator(demo)
    done = run("doctor")
    assert done.exit_code == 0, done.output
    assert "permissions in step" in done.output


def test_doctor_names_what_is_wrong(demo: Site, modules: ModuleFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    modules.write("alpha")
    modules.write("broken", manifest="slug = ")
    run("module", "enable", "alpha")
    modules.write("alpha", hooks=HOOKS + "\n\n@hookimpl\ndef metrics():\n    raise RuntimeError('sick')\n")
    (demo.folder / "secret").chmod(0o644)
    with running(demo):
        session.execute(text("DELETE FROM ab_permission_view_role"))
        session.commit()
    monkeypatch.setattr(doctor, "STATIC", demo.folder)
    monkeypatch.setattr(settings(), "redis_url", "redis://127.0.0.1:1/0")
    done = run("doctor")
    assert done.exit_code == 1
    for what in (
        "not valid TOML",
        "sick",
        "others can read its secret",
        "permissions are missing",
        "front-end",
        "Redis",
    ):
        assert what in done.output, what
    assert all(finding.advice for finding in examine() if finding.level != OK)


def test_doctor_sees_tables_that_are_behind(instance: Path) -> None:
    create_site(instance, "demo")
    found = [finding for finding in examine() if finding.level == PROBLEM]
    assert [finding.advice for finding in found] == ["qiao migrate"]


@pytest.mark.parametrize("kind", KINDS)
def test_two_that_migrate_at_the_same_time_wait_for_each_other(
    instance: Path, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QIAO_INSTANCE", str(instance))
    url = empty_database(kind, tmp_path)
    create_site(instance, "demo", database_url=url)
    both = [tmp_path / "one", tmp_path / "other"]
    running_now = [start("from app.cli import main; main()", "migrate", said=said) for said in both]
    try:
        codes = [each.wait(timeout=120) for each in running_now]
        said = [each.read_text("utf-8") for each in both]
        assert codes == [0, 0], said
        assert sorted("ran 0001" in text for text in said) == [False, True]
    finally:
        for each in running_now:
            each.end()
        drop_database(url)


def test_the_rest_description_can_be_exported(demo: Site, tmp_path: Path) -> None:
    target = tmp_path / "openapi.json"
    done = run("export-openapi", str(target))
    assert done.exit_code == 0, done.output
    document = json.loads(target.read_text("utf-8"))
    assert document["openapi"].startswith("3.")
    assert any("customer" in path for path in document["paths"])


def test_doctor_sees_one_host_name_in_two_sites(instance: Path) -> None:
    create_site(instance, "first", hosts=("bank.example",))
    create_site(instance, "second", hosts=("BANK.example",))
    assert any("bank.example" in finding.what for finding in examine() if finding.level == PROBLEM)


def test_a_site_can_be_loaded_again(instance: Path) -> None:
    made = create_site(instance, "demo", name='引号"和\\反斜杠', hosts=("a.example", "b.example"))
    assert load_site(instance, "demo") == made
    assert made.name == '引号"和\\反斜杠'
