"""`qiao run`: the web server, a worker, the scheduler and, unless a Redis is named, the embedded Valkey."""

from __future__ import annotations

import http.client
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from app.host.supervisor import PATIENCE, Command, Patience, supervise
from app.host.valkey import ensure_port_free, prepare

#: Requests one web process answers at the same time; a site's database pool must hold as many connections.
THREADS = 4
REDIS_URL = "QIAO_REDIS_URL"


def serve(
    *,
    instance: Path,
    host: str,
    port: int,
    web_workers: int = 2,
    redis_url: str | None = None,
    valkey_port: int | None = None,
    on_ready: Callable[[], None] | None = None,
    patience: Patience = PATIENCE,
) -> int:
    """Run the product until Ctrl-C; returns the exit code. `on_ready` is called when pages can be asked for.

    Raises `PortTaken` or `ValkeyError`, before anything is started, with a line that says what to do.
    """
    ensure_port_free(host, port, "QIAO_PORT (make run PORT=…)")
    commands: list[Command] = []
    with ExitStack() as stack:
        if redis_url is None:
            valkey = prepare(instance / "valkey", valkey_port)
            stack.callback(valkey.release)
            redis_url = valkey.url
            commands.append(
                Command(
                    "valkey",
                    valkey.argv,
                    quiet=True,
                    base=True,
                    is_ready=valkey.is_ready,
                    pass_fds=(valkey.lock,),
                )
            )
        env = {REDIS_URL: redis_url, "PYTHONUNBUFFERED": "1"}
        commands += [
            Command(
                "web",
                web_argv(host, port, web_workers),
                env=env,
                is_ready=lambda: answers(host, port),
                on_ready=on_ready,
            ),
            Command("worker", (sys.executable, "-m", "app.cli", "worker"), env=env),
            Command("scheduler", (sys.executable, "-m", "app.cli", "scheduler"), env=env),
        ]
        return supervise(commands, patience=patience)


def web_argv(host: str, port: int, workers: int) -> tuple[str, ...]:
    """The command line of the web server: plain HTTP/1.1, as many threads as `THREADS` in each process."""
    options = {
        "--interface": "wsgi",
        "--http": "1",
        "--host": host,
        "--port": str(port),
        "--workers": str(workers),
        "--blocking-threads": str(THREADS),
        "--workers-kill-timeout": "3",
        "--log-level": "warning",
    }
    flags = ("--no-ws", "--respawn-failed-workers")
    pairs = [part for pair in options.items() for part in pair]
    return (sys.executable, "-m", "granian", *pairs, *flags, "app.host.wsgi:application")


def answers(host: str, port: int) -> bool:
    """Does the web server answer a request, whatever it answers?"""
    connection = http.client.HTTPConnection(_reachable(host), port, timeout=2)
    try:
        connection.request("HEAD", "/healthz")
        connection.getresponse()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True


def _reachable(host: str) -> str:
    """A server that listens on every address is asked on this machine's own."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104
