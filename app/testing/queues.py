"""The queue in tests: a real Valkey that is emptied, stopped and started again, and real workers that listen to it."""

from __future__ import annotations

import os
import signal
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from flask import Flask, current_app
from redis import Redis

from app.db import db, session
from app.host.context import context
from app.host.valkey import answers, embedded_valkey
from app.jobs import hints
from app.jobs.rules import Timing
from app.jobs.sweeping import sweep
from app.jobs.worker import Worker


class Queue:
    """A Valkey of the test's own; whoever runs jobs in this process sends hints to it."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._running = folder, ExitStack()
        self.url = ""
        self.start()

    def start(self) -> None:
        """Run it, where it ran before, with what it has kept on disk."""
        self.url = self._running.enter_context(embedded_valkey(self._folder))

    def stop(self) -> None:
        """Not there any more."""
        self._running.close()

    def client(self) -> Redis:
        """A connection to it."""
        return Redis.from_url(self.url)

    def answers(self) -> bool:
        """Whether it is there."""
        return answers(self.url)

    def waiting(self, name: str = "default") -> int:
        """How many hints wait in a queue."""
        return int(hints.queue_named(name, self.client()).count)

    def listeners(self) -> int:
        """How many workers have said that they listen."""
        return int(self.client().scard("rq:workers"))


@contextmanager
def a_queue(folder: Path) -> Iterator[Queue]:
    """A queue for the time of a block."""
    queue, before = Queue(folder), hints.redis_url

    def redis_url(instance: Path) -> str | None:
        return queue.url

    hints.redis_url, hints._silent_until = redis_url, 0.0
    try:
        yield queue
    finally:
        hints.redis_url = before
        queue.stop()


class _Here:
    """The one site of a test, as a worker goes through them."""

    def __init__(self) -> None:
        self._app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]

    def __iter__(self) -> Iterator[tuple[str, Flask]]:
        yield context(self._app).site.slug, self._app

    def get(self, slug: str) -> Flask | None:
        return dict(self).get(slug)


class RealWorker:
    """The product's worker in a process of its own; `first` is done there before it begins."""

    def __init__(self, queue: Queue, first: Callable[[], object] = lambda: None) -> None:
        sites: Any = _Here()
        session.remove()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                db.engine.dispose(close=False)
                first()
                Worker(sites, (), Timing(poll=2), lambda: queue.url).work()
            except BaseException:
                traceback.print_exc()
                os._exit(1)
            os._exit(0)

    def wait(self) -> int:
        """Its exit code, negative for a signal, once it has ended by itself."""
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def end(self) -> int:
        """Ask it to end, as an operator does; its exit code."""
        os.kill(self.pid, signal.SIGTERM)
        return self.wait()


def until(answer: Callable[[], Any], seconds: float = 60.0) -> Any:
    """Ask until the answer is true, at the longest for so long; the last answer."""
    deadline = time.monotonic() + seconds
    while not (found := answer()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return found


__all__ = ["Queue", "RealWorker", "a_queue", "sweep", "until"]
