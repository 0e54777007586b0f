"""Start and end a child process with everything it starts itself.

Each child leads a session of its own: Ctrl-C reaches only the parent, which ends the others in order, and
what a child leaves behind can be found by its session and ended too.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def start_process(
    argv: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    pass_fds: tuple[int, ...] = (),
    stdout: int = subprocess.PIPE,
) -> subprocess.Popen[bytes]:
    """Start a child as the leader of a session of its own, errors joined to its output, nothing to read from.

    On Linux the child is asked to end when this process dies, however it dies.
    """
    return subprocess.Popen(
        argv,
        env={**os.environ, **(env or {})},
        pass_fds=pass_fds,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        preexec_fn=_end_with_parent(),
    )


def _end_with_parent() -> Callable[[], None] | None:
    """What a child runs before its program, so that it does not outlive us; None where impossible."""
    # The kernel sends the signal when the starting *thread* ends, so only the main thread may ask for it.
    if _libc is None or threading.current_thread() is not threading.main_thread():
        return None
    prctl, parent = _libc.prctl, os.getpid()

    def ask() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)

    return ask


def session_members(session: int) -> list[int]:
    """The processes of a session that still run (only Linux tells; elsewhere the list is empty)."""
    members = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            # "pid (name) state ppid pgrp session …"; the name may hold spaces and brackets.
            fields = entry.read_text("utf-8", errors="replace").rpartition(")")[2].split()
        except OSError:
            continue
        if len(fields) > 3 and int(fields[3]) == session and fields[0] not in "ZX":
            members.append(int(entry.parent.name))
    return members


def has_ended(process: subprocess.Popen[bytes]) -> bool:
    """Has the child ended? Its number stays taken until `wait`, so that its session can still be named."""
    if process.returncode is not None:
        return True
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def kill_session(leader: int) -> None:
    """End at once whatever is left of the session that `leader` led, itself included.

    Call it before `wait`: a number that was given back may belong to somebody else.
    """
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)
    for pid in session_members(leader):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def end_session(process: subprocess.Popen[bytes], seconds: float) -> None:
    """Ask the leader to end, wait that long, then end what is left of its session."""
    process.terminate()
    deadline = time.monotonic() + seconds
    while not has_ended(process) and time.monotonic() < deadline:
        time.sleep(0.01)
    kill_session(process.pid)
    process.wait()
