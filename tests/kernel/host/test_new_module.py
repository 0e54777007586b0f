"""MOD-4: what `qiao new-module` writes works, conforms, and passes its own test."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.host.discovery import Found
from app.host.modules import installed_modules
from app.host.new_module import ScaffoldError, write_module
from app.host.sites import Site
from app.testing.conformance import RULES, SITE_RULES
from app.testing.modules import ModuleFolder
from config import ROOT

#: Ruff's settings of this repository, for a folder outside it.
CONFIGURED = (
    *("--config", str(ROOT / "pyproject.toml")),
    *("--config", 'lint.isort.known-first-party = ["app", "plugins"]'),
)


@pytest.fixture
def visits(modules: ModuleFolder) -> Found:
    write_module(modules.root, "visits", zh="走访", en="Visits")
    return installed_modules()["visits"]


def test_a_new_module_conforms(visits: Found, site: Site) -> None:
    for rule in RULES:
        rule(visits)
    for site_rule in SITE_RULES:
        site_rule(visits, site)


def test_its_own_test_passes(tmp_path: Path) -> None:
    plugins = tmp_path / "fresh"
    plugins.mkdir()
    write_module(plugins, "visits", zh="走访", en="Visits")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-c",
        str(ROOT / "pyproject.toml"),
    ]
    environment = {
        **os.environ,
        "PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}",
        "QIAO_PLUGINS": str(plugins),
        "QIAO_INSTANCE": str(tmp_path / "instance"),
    }
    done = subprocess.run(
        [*command, f"--rootdir={tmp_path}", "-k", "sqlite or late", str(plugins)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "6 passed" in done.stdout


def test_it_is_as_tidy_as_the_rest(tmp_path: Path) -> None:
    write_module(tmp_path / "plugins", "visits", zh="走访", en="Visits")
    for arguments in (["check"], ["format", "--check"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *arguments, *CONFIGURED, "."],
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", ["Visits", "visits-2", "host", "customer", "class", "../up", "v", "visits\n"])
def test_names_that_cannot_be_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ScaffoldError):
        write_module(tmp_path, name)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_there_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "visits").mkdir()
    with pytest.raises(ScaffoldError):
        write_module(tmp_path, "visits")
    with pytest.raises(ScaffoldError):
        write_module(tmp_path, "calls", zh='"; import os')
