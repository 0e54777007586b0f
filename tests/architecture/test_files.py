"""Files are short enough to read at a sitting, named for what they hold, and carry nothing of a machine."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
#: Lines of a file.
LONGEST = 400
VAGUE = {"utils", "util", "helpers", "helper", "common", "misc"}


def tracked(*patterns: str) -> list[Path]:
    """The files of the project itself; where there is no git, whatever is in its folders."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", "--", *patterns],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    if listed.returncode:
        rooms = ("app", "plugins", "tests", "tools", "bench")
        return [path for room in rooms for pattern in patterns for path in (ROOT / room).rglob(pattern)]
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_the_project_has_its_files() -> None:
    # Guards the tests below against looking at nothing.
    assert ROOT / "app" / "types" / "__init__.py" in tracked("*.py")


def test_no_python_file_is_longer_than_a_sitting() -> None:
    sizes = {
        path.relative_to(ROOT): len(path.read_text(encoding="utf-8").splitlines())
        for path in tracked("*.py")
        if path.parent.name != "versions"  # migrations are written by a command, and never again
    }
    assert {path: lines for path, lines in sizes.items() if lines >= LONGEST} == {}


def test_no_file_has_a_name_that_says_nothing() -> None:
    assert [
        str(path.relative_to(ROOT))
        for path in tracked("*.py")
        if VAGUE & {path.stem, *path.parent.parts[-1:]}
    ] == []


def test_every_file_of_tests_is_run(pytestconfig: pytest.Config) -> None:
    rooms = [ROOT / name for name in pytestconfig.getini("testpaths")]
    assert len(rooms) > 4
    ours = [path for path in tracked("*.py") if path.relative_to(ROOT).parts[0] in ("tests", "plugins")]
    tests = [path for path in ours if path.name.startswith("test_")]
    assert len(tests) > 200
    assert [path for path in tests if not any(path.is_relative_to(room) for room in rooms)] == []


def test_babel_holds_no_python() -> None:
    # A Python file there would hide the package of that name.
    assert list((ROOT / "babel").rglob("*.py")) == []


def test_no_file_names_a_download_address() -> None:
    address = re.compile(r'"resolved": *"http|index-url|https?://[^ "\']*\.(?:whl|tgz|tar\.gz)\b')
    named = []
    for path in tracked(
        "*.lock", "*.json", "*.toml", "*.cfg", "*.in", "*.sh", "*.yaml", "*.yml", "Makefile", ".ci/*"
    ):
        text = path.read_text(encoding="utf-8")
        named += [f"{path.relative_to(ROOT)}: {found.group()}" for found in address.finditer(text)]
    assert named == []
