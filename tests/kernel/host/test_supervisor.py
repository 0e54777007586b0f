"""The supervisor keeps real child processes running, and ends all of them with itself."""

from __future__ import annotations

import os
import re
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from app.host.serve import serve
from app.host.valkey import PortTaken
from app.testing.processes import start

QUICK = "Patience(ready_seconds=10, stop_seconds=1, fast_seconds=5, fast_deaths=3, backoff_seconds=0.05)"
Found = TypeVar("Found")
STAY = "import os, signal; os.write(1, b'pid %d\\n' % os.getpid()); signal.pause()"


def until(look: Callable[[], Found], seconds: float = 15) -> Found:
    """Look until something is there; the last look's answer."""
    deadline = time.monotonic() + seconds
    while not (found := look()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return found


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


class Supervised:
    """A supervisor in a process of its own, with the given commands, and what it says."""

    def __init__(self, folder: Path, commands: str) -> None:
        self.said_path = folder / "said"
        code = f"""
import pathlib, sys
from app.host.supervisor import *
sys.exit(supervise({commands}, patience={QUICK}))
"""
        self.process = start(code, said=self.said_path)

    def said(self) -> str:
        return self.said_path.read_text(encoding="utf-8")

    def pids(self, name: str) -> list[int]:
        """The process numbers that the command of this name has told so far."""
        return [int(pid) for pid in re.findall(rf"^{name} +\| pid (\d+)$", self.said(), re.MULTILINE)]

    def end(self, number: int = signal.SIGINT) -> int:
        self.process.send_signal(number)
        return self.process.wait(timeout=8)


@pytest.fixture
def supervised(tmp_path: Path) -> Iterator[Callable[[str], Supervised]]:
    started: list[Supervised] = []

    def start(commands: str) -> Supervised:
        started.append(Supervised(tmp_path, commands))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
            one.process.wait()


def command(name: str, code: str, more: str = "") -> str:
    return f"Command({name!r}, [sys.executable, '-c', {code!r}], {more})"


def test_only_the_child_that_died_is_started_again(supervised: Callable[[str], Supervised]) -> None:
    whole = supervised(f"[{command('steady', STAY)}, {command('weak', STAY)}]")
    assert until(lambda: whole.pids("steady") and whole.pids("weak")), whole.said()

    os.kill(whole.pids("weak")[0], signal.SIGKILL)

    assert until(lambda: len(whole.pids("weak")) == 2), whole.said()
    assert len(whole.pids("steady")) == 1
    assert "weak ended (SIGKILL); starting it again" in whole.said()
    last = [*whole.pids("steady"), whole.pids("weak")[-1]]
    assert all(map(is_running, last))
    assert whole.end() == 0
    assert until(lambda: not any(map(is_running, last)))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_end_leaves_nothing_behind(supervised: Callable[[str], Supervised], number: int) -> None:
    # A child that will not end, and its own child in a process group of its own that will not either.
    stubborn = (
        "import os, signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nif os.fork() == 0: os.setpgrp()\n"
        "os.write(1, b'pid %d\\n' % os.getpid())\nwhile True: signal.pause()"
    )
    whole = supervised(f"[{command('stubborn', stubborn)}, {command('good', STAY)}]")
    assert until(lambda: len(whole.pids("stubborn")) == 2 and whole.pids("good")), whole.said()
    pids = whole.pids("stubborn") + whole.pids("good")

    began = time.monotonic()
    assert whole.end(number) == 0
    assert time.monotonic() - began < 5
    assert until(lambda: not any(map(is_running, pids)))  # killed, they end in their own time


def test_what_a_killed_child_leaves_is_ended_before_it_starts_again(
    supervised: Callable[[str], Supervised],
) -> None:
    forks = "import os, signal\nos.fork()\nos.write(1, b'pid %d\\n' % os.getpid())\nsignal.pause()"
    whole = supervised(f"[{command('web', forks)}]")
    assert until(lambda: len(whole.pids("web")) == 2), whole.said()
    leader = next(pid for pid in whole.pids("web") if os.getsid(pid) == pid)
    orphan = next(pid for pid in whole.pids("web") if pid != leader)

    os.kill(leader, signal.SIGKILL)

    assert until(lambda: len(whole.pids("web")) == 4), whole.said()
    assert not is_running(orphan)
    assert whole.end() == 0


def test_a_killed_supervisor_takes_its_children_along(supervised: Callable[[str], Supervised]) -> None:
    whole = supervised(f"[{command('child', STAY)}]")
    assert until(lambda: whole.pids("child")), whole.said()
    whole.process.kill()
    assert until(lambda: not is_running(whole.pids("child")[0]))


def test_a_child_that_never_lives_ends_the_whole(supervised: Callable[[str], Supervised]) -> None:
    broken = "import sys; sys.exit('no such table: site')"
    whole = supervised(f"[{command('steady', STAY)}, {command('web', broken)}]")
    assert whole.process.wait(timeout=20) == 1
    assert whole.said().count("| no such table: site") == 3
    assert "web ended 3 times right after its start (exit code 1)" in whole.said()
    assert until(lambda: not is_running(whole.pids("steady")[0]))


def test_a_program_that_is_not_there_is_one_line(supervised: Callable[[str], Supervised]) -> None:
    whole = supervised("[Command('web', ['/no/such/program'])]")
    assert whole.process.wait(timeout=20) == 1
    assert "web cannot be started" in whole.said()
    assert "Traceback" not in whole.said()


def test_the_next_one_waits_until_the_first_is_ready(supervised: Callable[[str], Supervised], tmp_path: Path) -> None:
    sign = tmp_path / "ready"
    ready = f"is_ready=pathlib.Path({str(sign)!r}).exists, on_ready=lambda: print('open now', flush=True)"
    whole = supervised(f"[{command('first', STAY, ready)}, {command('second', STAY)}]")
    assert until(lambda: whole.pids("first")), whole.said()
    assert not until(lambda: whole.pids("second"), seconds=0.5)
    assert "open now" not in whole.said()

    sign.touch()

    assert until(lambda: whole.pids("second")), whole.said()
    assert whole.said().count("open now") == 1
    assert whole.end() == 0


def test_a_quiet_child_is_heard_only_when_it_dies(supervised: Callable[[str], Supervised], tmp_path: Path) -> None:
    sign = tmp_path / "pid"
    tells = f"open({str(sign)!r}, 'w').write(str(os.getpid()))"
    speaks = f"import os, signal; print('out of memory', flush=True); {tells}; signal.pause()"
    spoken = f"quiet=True, is_ready=lambda: pathlib.Path({str(sign)!r}).exists()"
    whole = supervised(f"[{command('store', speaks, spoken)}, {command('web', STAY)}]")
    assert until(lambda: whole.pids("web")), whole.said()
    assert "out of memory" not in whole.said()

    os.kill(int(until(sign.read_text)), signal.SIGKILL)

    assert until(lambda: "store ended (SIGKILL)" in whole.said()), whole.said()
    assert "store | out of memory" in whole.said()
    assert whole.end() == 0


def test_a_taken_port_is_said_before_anything_starts(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PortTaken, match=rf"port {port} on 127\.0\.0\.1 is taken: .* QIAO_PORT"):
            serve(instance=tmp_path, host="127.0.0.1", port=port)
    assert list(tmp_path.iterdir()) == []
