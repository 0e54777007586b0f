"""Real processes for tests, forked from one that has loaded the product: milliseconds each, not seconds of processor.

The loading process is started once by each process of pytest that asks, and ends with it. What it forks is a process
like any other, with a session, a command line, an environment and an exit code of its own.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import time
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
_loader: Loader | None = None


class Process:
    """A started process, with the calls of `subprocess.Popen`."""

    def __init__(self, loader: Loader, pid: int) -> None:
        self._loader, self.pid = loader, pid

    @property
    def returncode(self) -> int | None:
        """The exit code, negative for a signal; None while nobody has seen it end."""
        return self._loader.ended.get(self.pid)

    def poll(self) -> int | None:
        """The exit code; None while it runs."""
        while self.returncode is None and self._loader.hear(0):
            pass
        return self.returncode

    def wait(self, timeout: float = 60.0) -> int:
        """The exit code, once it has ended. Raises `subprocess.TimeoutExpired` when that takes too long."""
        deadline = time.monotonic() + timeout
        while self.returncode is None:
            if not self._loader.hear(max(0.0, deadline - time.monotonic())):
                raise subprocess.TimeoutExpired(str(self.pid), timeout)
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """SIGKILL."""
        self.send_signal(signal.SIGKILL)

    def end(self) -> None:
        """Leave nothing of its session's first group running."""
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
            self.wait()


def start(code: str | Path, *arguments: object, said: Path) -> Process:
    """Start Python code, or a script, with these arguments; what it says is added to the file `said`.

    It has the environment of now, the repository as its folder, and leads a session of its own.
    """
    global _loader
    if _loader is None:
        _loader = Loader()
    said.touch()  # there to be read before the process has said anything
    return _loader.start(code, [str(argument) for argument in arguments], said)


class Loader:
    """The process that has loaded the product and forks the others."""

    def __init__(self) -> None:
        self.ended: dict[int, int] = {}
        self._process = subprocess.Popen(
            [sys.executable, "-c", "from app.testing.processes import serve; serve()"],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        self._heard: bytes = b""
        self._started: list[int] = []
        atexit.register(self._end)

    def start(self, code: str | Path, arguments: list[str], said: Path) -> Process:
        asked = {
            "script" if isinstance(code, Path) else "code": str(code),
            "arguments": arguments,
            "said": str(said),
            "environment": {**os.environ, "PYTHONPATH": str(ROOT)},
        }
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(asked).encode() + b"\n")
        self._process.stdin.flush()
        while not self._started:
            assert self.hear(60), "the loading process does not answer"
        return Process(self, self._started.pop())

    def hear(self, seconds: float) -> bool:
        """Take in what the loading process tells, waiting so long for it; whether it told anything."""
        assert self._process.stdout is not None
        pipe = self._process.stdout.fileno()
        if not select.select([pipe], [], [], seconds)[0]:
            return False
        told = os.read(pipe, 65536)
        assert told, "the loading process has ended"
        *lines, self._heard = (self._heard + told).split(b"\n")
        for line in lines:
            pid, code = json.loads(line)
            if code is None:
                self._started.append(pid)
                self.ended.pop(pid, None)  # a number used again
            else:
                self.ended[pid] = code
        return True

    def _end(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(timeout=20)
        self._process.stdout.close()


def serve() -> None:
    """Fork what is asked for on the standard input and tell each end, until the input ends: all end with it."""
    _load()
    gc.freeze()
    wakes, woken = socket.socketpair()
    woken.setblocking(False)
    signal.set_wakeup_fd(woken.fileno())
    signal.signal(signal.SIGCHLD, lambda *_signal: None)
    running: set[int] = set()
    waiting = b""
    while True:
        ready = select.select([0, wakes.fileno()], [], [])[0]
        if wakes.fileno() in ready:
            wakes.recv(4096)
            _tell_ends(running)
        if 0 not in ready:
            continue
        if not (read := os.read(0, 65536)):
            break
        *lines, waiting = (waiting + read).split(b"\n")
        for line in lines:
            pid = os.fork()
            if pid == 0:
                _become(json.loads(line))
            running.add(pid)
            _tell(pid, None)
    for pid in running:
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)


def _load() -> None:
    """What takes seconds, once: the command, the server, and what every site's app is made of."""
    rooms = sorted(path.parent.name for path in (ROOT / "app").glob("*/hooks.py"))
    for name in ("app.cli", "app.host.serve", *(f"app.{room}.hooks" for room in rooms)):
        importlib.import_module(name)


def _tell(pid: int, code: int | None) -> None:
    os.write(1, json.dumps([pid, code]).encode() + b"\n")


def _tell_ends(running: set[int]) -> None:
    for pid in list(running):
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            running.discard(pid)
            _tell(pid, os.waitstatus_to_exitcode(status))


def _become(asked: dict[str, Any]) -> None:
    """Be the process that was asked for, and never come back."""
    code = 1
    try:
        os.setsid()
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGHUP):  # whoever runs the tests may have started them with nohup
            signal.signal(number, signal.SIG_DFL)
        said = os.open(asked["said"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(said, 1)
        os.dup2(said, 2)
        os.environ.clear()
        os.environ.update(asked["environment"])
        sys.argv = [asked.get("script", "-c"), *asked["arguments"]]
        if "script" in asked:
            runpy.run_path(asked["script"], run_name="__main__")
        else:
            exec(compile(asked["code"], "<string>", "exec"), {"__name__": "__main__"})
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
        if isinstance(end.code, str):
            sys.stderr.write(f"{end.code}\n")
    except BaseException:
        traceback.print_exc()
    finally:
        with suppress(BaseException):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)
