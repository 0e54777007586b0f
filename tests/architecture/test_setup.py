"""What is missing on a machine is said in one line; what is there is not fetched twice."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BOOTSTRAP = "import sys; sys.path.insert(0, 'tools'); import bootstrap; "


def python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **environment},
    )


def test_an_old_python_is_one_line() -> None:
    old = python(BOOTSTRAP + "sys.version_info = (3, 9, 2); bootstrap.check_machine()")
    assert old.returncode == 1
    assert old.stderr.startswith("qiao: Python 3.11 or newer is needed")
    assert len(old.stderr.splitlines()) == 1


def test_a_missing_venv_module_is_one_line() -> None:
    # Debian takes ensurepip out of the standard library and ships it in python3-venv.
    bare = python(BOOTSTRAP + "sys.modules['ensurepip'] = None; bootstrap.check_machine()")
    assert bare.returncode == 1
    assert (
        bare.stderr
        == "qiao: Python's venv module is missing. On Debian or Ubuntu: sudo apt install python3-venv\n"
    )


def test_no_python_at_all_is_one_line() -> None:
    none = subprocess.run(
        ["make", "run", "PYTHON=no-such-python"], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert none.returncode != 0
    assert none.stderr.startswith("qiao: Python 3.11 or newer is needed and there is none here.")


def test_a_missing_browser_is_one_line(tmp_path: Path) -> None:
    missing = python(
        "import runpy; runpy.run_path('tools/check_chromium.py', run_name='__main__')", PATH=str(tmp_path)
    )
    assert missing.returncode == 1
    assert missing.stderr.startswith("qiao: the browser tests need Chromium.")
    assert len(missing.stderr.splitlines()) == 1


def fetch_frontend() -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "tools/fetch_frontend.py"], cwd=ROOT, capture_output=True, text=True, timeout=300
    )


def test_the_front_end_is_what_its_manifest_says_and_is_not_written_twice() -> None:
    assert fetch_frontend().returncode == 0
    vendor = ROOT / "app" / "base" / "static" / "vendor"
    written_at = {path: path.stat().st_mtime_ns for path in vendor.rglob("*") if path.is_file()}
    again = fetch_frontend()
    assert (again.returncode, again.stdout) == (0, ""), again.stdout + again.stderr
    assert {path: path.stat().st_mtime_ns for path in vendor.rglob("*") if path.is_file()} == written_at
    files = json.loads((vendor / "manifest.json").read_text(encoding="utf-8"))["files"]
    assert {
        "tabler/tabler.min.css",
        "htmx/htmx.min.js",
        "echarts/echarts.min.js",
        "icons.svg",
    } <= files.keys()
    for name, digest in files.items():
        assert hashlib.sha256((vendor / name).read_bytes()).hexdigest() == digest, name


def test_every_icon_that_is_named_exists() -> None:
    drawn = fetch_frontend()
    assert "there is no icon called" not in drawn.stderr, drawn.stderr
