"""Write the lock files anew from pyproject.toml, requirements-node.in and package.json (`make lock`).

For maintainers only: `make run` and `make test` read the lock files and never write them. Versions already
locked are kept; name a package (`make lock UPGRADE=rq`) to take its newest version. The files hold names,
versions and hashes, never an address to download from.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCKS = {
    "requirements.lock": ["pyproject.toml", "--extra", "build"],
    "requirements-dev.lock": ["pyproject.toml", "--extra", "build", "--extra", "dev"],
    "requirements-node.lock": ["requirements-node.in"],
}
OPTIONS = ["--universal", "--python-version", "3.11", "--generate-hashes"]
PLAIN = ["--quiet", "--no-emit-index-url", "--no-header", "--no-annotate"]


def compile_python_locks(uv: str, upgrade: list[str]) -> None:
    """Resolve for every supported Python at once; the test lock keeps the versions of the run-time lock."""
    chosen = [part for name in upgrade for part in ("--upgrade-package", name)]
    for lock, sources in LOCKS.items():
        keep = ["--constraint", "requirements.lock"] if lock == "requirements-dev.lock" else []
        command = [uv, "pip", "compile", *sources, *OPTIONS, *PLAIN, *keep, *chosen, "--output-file", lock]
        subprocess.run(command, cwd=ROOT, check=True)


def compile_node_lock(npm: str) -> None:
    """Resolve package.json, then drop what names a host: `resolved` addresses and funding pages."""
    subprocess.run([npm, "install", "--package-lock-only", "--ignore-scripts"], cwd=ROOT, check=True)
    path = ROOT / "package-lock.json"
    lock = json.loads(path.read_text(encoding="utf-8"))
    for package in lock["packages"].values():
        package.pop("resolved", None)
        package.pop("funding", None)
    path.write_text(json.dumps(lock, indent=2) + "\n", encoding="utf-8")


def main(upgrade: list[str]) -> int:
    uv, npm = shutil.which("uv"), shutil.which("npm")
    if uv is None or npm is None:
        print("make lock needs uv and npm: .venv/bin/pip install uv, and Node.js.", file=sys.stderr)
        return 1
    compile_python_locks(uv, upgrade)
    compile_node_lock(npm)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
