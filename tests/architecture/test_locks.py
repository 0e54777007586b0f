"""The lock files pin everything that pyproject.toml and package.json ask for, each package by its hashes."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-node.lock")


def entries(name: str) -> dict[str, str]:
    """Package name → its whole entry, hashes included."""
    joined = (ROOT / name).read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in joined.splitlines() if line.strip() and not line.startswith("#")]
    return {canonicalize_name(re.split(r"[=\[ ;]", line, maxsplit=1)[0]): line for line in lines}


def version(entry: str) -> str:
    found = re.match(r"[^=;]+==([^ ;]+)", entry)
    assert found, f"not pinned to one version: {entry[:80]}"
    return found.group(1)


@pytest.mark.parametrize("name", LOCKS)
def test_every_package_is_pinned_by_its_hashes(name: str) -> None:
    locked = entries(name)
    assert locked
    for entry in locked.values():
        assert version(entry)
        assert re.search(r"--hash=sha256:[0-9a-f]{64}\b", entry), entry[:80]
        assert "://" not in entry


@pytest.mark.parametrize(
    ("name", "extras"), [("requirements.lock", ["build"]), ("requirements-dev.lock", ["build", "dev"])]
)
def test_the_lock_answers_what_the_project_asks_for(name: str, extras: list[str]) -> None:
    locked = entries(name)
    optional = PROJECT["optional-dependencies"]
    for text in [*PROJECT["dependencies"], *(one for extra in extras for one in optional[extra])]:
        wanted = Requirement(text)
        assert canonicalize_name(wanted.name) in locked, f"{wanted.name} is not locked: run 'make lock'"
        assert wanted.specifier.contains(version(locked[canonicalize_name(wanted.name)])), (
            f"{wanted}: run 'make lock'"
        )


def test_the_tests_run_with_what_the_product_runs_with() -> None:
    assert entries("requirements.lock").items() <= entries("requirements-dev.lock").items()


def test_the_front_end_is_pinned_by_hashes_and_names_no_host() -> None:
    lock = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))
    wanted = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
    packages = {path: package for path, package in lock["packages"].items() if path}
    assert all(package["integrity"].startswith("sha512-") for package in packages.values())
    assert not any("resolved" in package or "funding" in package for package in packages.values())
    for name, exact in {**wanted["dependencies"], **wanted["devDependencies"]}.items():
        assert packages[f"node_modules/{name}"]["version"] == exact
