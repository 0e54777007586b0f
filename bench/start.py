"""How long a warm process takes to its first answer, and what a swap of a site's app costs its users."""

from __future__ import annotations

import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from werkzeug.test import Client

from app import create_app
from app.access.actors import acting_as
from app.host.modules import disable_module, enable_module
from app.host.sites import load_site
from app.host.swap import SiteHost
from app.testing.databases import copy_database, drop_database
from app.testing.plugin import site_in, template
from app.types import SYSTEM
from bench.table import Line, show

LOAD_THREADS = 4
SWAPS = 4


def free_port() -> int:
    """A port nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def serving(instance: Path) -> Iterator[str]:
    """The address of a web server of one process on the site `bench`, once it answers."""
    port = free_port()
    env = {
        **os.environ,
        "QIAO_INSTANCE": str(instance),
        "QIAO_DEFAULT_SITE": "bench",
        "QIAO_LOG_LEVEL": "ERROR",
    }
    command = [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--port", str(port), "--workers", "1",
        "--no-log", "app.host.wsgi:application",
    ]  # fmt: skip
    address, deadline = f"http://127.0.0.1:{port}", time.monotonic() + 60
    server = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not _answers(f"{address}/login/"):
            if time.monotonic() > deadline:
                raise TimeoutError("the server did not answer within a minute")
            time.sleep(0.01)
        yield address
    finally:
        server.terminate()
        server.wait(20)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=30):
            return True
    except OSError:
        return False


def first_answer(instance: Path) -> float:
    """Seconds from starting the web server to the first login page."""
    began = time.perf_counter()
    with serving(instance):
        return time.perf_counter() - began


def bare_imports() -> float:
    """Seconds for a process that only imports Flask-AppBuilder and SQLAlchemy: the floor of any start."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import flask_appbuilder, sqlalchemy.orm"], check=True)
    return time.perf_counter() - began


def swap_under_load(instance: Path) -> tuple[int, int, list[float]]:
    """(requests answered, requests that failed, seconds of each swap) while a module is switched on and off."""
    host = SiteHost(lambda: [load_site(instance, "bench")], create_app, default_site="bench")
    answered, failed = [0] * LOAD_THREADS, [0] * LOAD_THREADS
    stop = threading.Event()

    def use(number: int) -> None:
        client = Client(host)
        while not stop.is_set():
            status = client.get("/login/", headers={"Host": "localhost"}).status_code
            answered[number] += 1
            failed[number] += status != 200

    threads = [threading.Thread(target=use, args=(number,)) for number in range(LOAD_THREADS)]
    site = load_site(instance, "bench")
    Client(host).get("/login/", headers={"Host": "localhost"})
    for thread in threads:
        thread.start()
    taken = []
    try:
        for number in range(SWAPS):
            before = host.app_of(site)
            began = time.perf_counter()
            with create_app(site).app_context(), acting_as(SYSTEM):
                (disable_module if number % 2 == 0 else enable_module)("ranking")
            while host.app_of(site) is before and time.perf_counter() - began < 60:
                time.sleep(0.02)
            assert host.app_of(site) is not before, "the app was not swapped"
            taken.append(time.perf_counter() - began)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    return sum(answered), sum(failed), taken


def main(rows: int | None = None) -> None:
    """Measure both databases and print the table."""
    lines = []
    floor = statistics.median(bare_imports() for _ in range(5))
    for kind in ("postgresql", "sqlite"):
        with tempfile.TemporaryDirectory(prefix="qiao-bench-") as name:
            folder = Path(name)
            url = copy_database(template(kind, folder), folder)
            site_in(folder / "instance", url, "bench")
            first_answer(folder / "instance")
            start = statistics.median(first_answer(folder / "instance") for _ in range(5))
            lines.append(
                Line(
                    "warm start to first page",
                    kind,
                    start,
                    floor,
                    "s",
                    floor / start,
                    "",
                    "floor: bare imports",
                )
            )
            answered, failed, taken = swap_under_load(folder / "instance")
            note = f"{answered:,} requests by {LOAD_THREADS} threads, {failed} failed, {SWAPS} swaps"
            swap = statistics.median(taken)
            lines.append(Line("module switched to new app", kind, swap, start, "s", failed, "<= 0", note))
            drop_database(url)
    show("Start and swap", lines)
