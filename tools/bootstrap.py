"""Make .venv hold exactly what a lock file pins, then install this folder into it.

    python3 tools/bootstrap.py run     what `make run` needs: requirements.lock
    python3 tools/bootstrap.py dev     what `make test` needs: requirements-dev.lock, which holds the former

Written for the machine's own Python, the standard library only. Stamps inside .venv hold the digest of what
was installed, so a second start costs a few milliseconds; whatever is missing is said in one line.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import subprocess
import sys
import time
from typing import NoReturn

MINIMUM = (3, 11)
OURS = f"{sys.version_info[0]}.{sys.version_info[1]}"
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
VENV_PYTHON = os.path.join(VENV, "bin", "python")
LOCKS = {"run": "requirements.lock", "dev": "requirements-dev.lock", "node": "requirements-node.lock"}
# How pip begins the line of each package: fetched, found as a file, there already, not for this machine.
COUNTED = ("Collecting ", "Processing ", "Requirement already satisfied", "Ignoring ")
# Each kind also satisfies these: the test lock holds the same versions of everything the run lock has.
SATISFIES = {"run": ["run"], "dev": ["dev", "run"], "node": ["node"]}


def stop(line: str) -> NoReturn:
    """End with one line that says what to do."""
    sys.exit("qiao: " + line)


def check_machine() -> None:
    """Refuse a Python that is too old or cannot make virtual environments."""
    if sys.version_info < MINIMUM:
        stop(
            f"Python {MINIMUM[0]}.{MINIMUM[1]} or newer is needed, this is {sys.version.split()[0]}. "
            "Name a newer one: make run PYTHON=/path/to/python3.12"
        )
    if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
        stop("Python's venv module is missing. On Debian or Ubuntu: sudo apt install python3-venv")


def digest(*names: str) -> str:
    """The digest of the named files of the project and of the interpreter they are installed for."""
    total = hashlib.sha256(OURS.encode())
    for name in names:
        with open(os.path.join(ROOT, name), "rb") as file:
            total.update(file.read())
    return total.hexdigest()


def is_stamped(kind: str, value: str) -> bool:
    """Was exactly this installed before?"""
    try:
        with open(os.path.join(VENV, ".qiao-" + kind), encoding="ascii") as file:
            return file.read() == value
    except OSError:
        return False


def stamp(kind: str, value: str) -> None:
    """Remember what is installed now."""
    with open(os.path.join(VENV, ".qiao-" + kind), "w", encoding="ascii") as file:
        file.write(value)


def venv_version() -> str | None:
    """Major and minor version of the Python in .venv; None if there is none that works."""
    try:
        ask = "import pip, sys; print('%d.%d' % sys.version_info[:2])"
        shown = subprocess.run([VENV_PYTHON, "-c", ask], capture_output=True, text=True)
    except OSError:
        return None
    return shown.stdout.strip() or None


def ensure_venv() -> None:
    """Create .venv; make it anew when its Python is gone or another one than ours."""
    if os.path.exists(VENV_PYTHON) and venv_version() == OURS:
        return
    print(f"qiao: creating .venv with Python {sys.version.split()[0]}", flush=True)
    made = subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], capture_output=True, text=True)
    if made.returncode:
        last = (made.stdout + made.stderr).strip().splitlines()[-1:] or ["no reason given"]
        stop(f"the virtual environment could not be made in {VENV}: {last[0]}")


def show_progress(done: int, total: int, started: float) -> None:
    """One line that renews itself on a terminal; elsewhere a line now and then."""
    if sys.stdout.isatty():
        print(f"\r  {done} of {total} packages, {time.monotonic() - started:.0f} s", end="", flush=True)
    elif done in (1, total) or done % 25 == 0:
        print(f"  {done} of {total} packages", flush=True)


def pip_install(arguments: list[str], total: int = 0) -> None:
    """Run pip, show how far it is, keep its words in .venv/pip.log and show the last of them if it fails."""
    options = ["--no-input", "--disable-pip-version-check", "--progress-bar", "off"]
    command = [VENV_PYTHON, "-m", "pip", "install", *options, *arguments]
    log_path, started, done = os.path.join(VENV, "pip.log"), time.monotonic(), 0
    tail: list[str] = []
    with open(log_path, "w", encoding="utf-8") as log:
        pip = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for line in pip.stdout or ():
            log.write(line)
            tail = [*tail[-14:], line.rstrip()]
            if total and line.startswith(COUNTED):
                done += 1
                show_progress(min(done, total), total, started)
            elif total and line.startswith("Installing collected packages"):
                print(
                    "\n  writing them into .venv" if sys.stdout.isatty() else "  writing them into .venv",
                    flush=True,
                )
        code = pip.wait()
    if code:
        print("\n".join(tail), file=sys.stderr)
        stop(
            f"pip failed (its last lines are above, all of them in {log_path}). Is a package index reachable?"
        )


def install_lock(kind: str) -> None:
    """Install a lock file: every package by its hash, nothing that the file does not name."""
    lock = LOCKS[kind]
    value = digest(lock)
    if is_stamped(kind, value):
        return
    with open(os.path.join(ROOT, lock), encoding="utf-8") as file:
        total = sum("==" in line for line in file)
    print(f"qiao: installing {lock} (the first time takes a minute or two)", flush=True)
    pip_install(["--require-hashes", "--no-deps", "-r", lock], total)
    for satisfied in SATISFIES[kind]:
        stamp(satisfied, digest(LOCKS[satisfied]))


def install_project() -> None:
    """Put this folder itself into .venv: the `qiao` command and the package's own metadata."""
    value = digest("pyproject.toml")
    if is_stamped("project", value):
        return
    print("qiao: installing this folder into .venv", flush=True)
    pip_install(["--no-build-isolation", "--no-deps", "--editable", "."])
    stamp("project", value)


def main(kind: str) -> None:
    """Bring .venv to what `kind` asks for."""
    check_machine()
    # Two `make` at once wait for each other instead of writing into one environment.
    with open(os.path.join(ROOT, "tools", "bootstrap.py"), "rb") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        ensure_venv()
        install_lock(kind)
        if kind != "node":
            install_project()


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in LOCKS:
        stop("usage: bootstrap.py run | dev | node")
    main(sys.argv[1])
