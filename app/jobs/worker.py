"""The worker process: hints from RQ wake it, the sites' databases tell it what to do.

It runs one job at a time in its own process (a forked child per job runs a third as many). It may be killed
at any moment: the job's lease runs out, another worker goes on after the last committed chunk.
"""

from __future__ import annotations

import logging
import os
import signal
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue, SimpleWorker
from rq.exceptions import DequeueTimeout, StopRequested
from rq.job import Job as Message
from rq.serializers import JSONSerializer
from rq.worker.base import WorkerStatus

from app.host.context import context
from app.jobs.hints import PREFIX, RUNNER, redis_url
from app.jobs.rules import TIMING, Timing, read_hint
from app.jobs.run import GiveWay
from app.jobs.runner import run_hint, run_one, serve_hints
from app.jobs.sites import SiteApps

log = logging.getLogger(__name__)

#: How long a running job may go on after the worker was asked to end; then it goes back into the queue.
STOP_SECONDS = 2.5
#: What the process says when a handler does not react to its time-out.
OVERDUE_EXIT = 70


def run_worker(
    instance: Path,
    *,
    queues: Collection[str] = (),
    timing: Timing = TIMING,
    find_redis: Callable[[], str | None] | None = None,
) -> None:
    """Work until SIGTERM or Ctrl-C. Call it from the main thread.

    `queues` limits it to the jobs of these queues; without, it takes all. Without Redis it goes on, looking
    into the databases every `timing.poll` seconds.
    """
    Worker(SiteApps(instance), queues, timing, find_redis or partial(redis_url, instance)).work()


class Worker:
    """Takes jobs of all sites, by hint and by looking."""

    def __init__(
        self, sites: SiteApps, queues: Collection[str], timing: Timing, find_redis: Callable[[], str | None]
    ) -> None:
        self.sites = sites
        self.queues = frozenset(queues)
        self.timing = timing
        self.find_redis = find_redis
        self.stopping = False
        self.waiting = False
        self._looked_at = float("-inf")

    def work(self) -> None:
        """The loop: listen for hints while Redis answers, look by itself in any case."""
        self.listen_to_signals()
        serve_hints(self.take)
        with suppress(StopRequested):
            while not self.stopping:
                self.look()
                if not self.listen():
                    self.pause(self.timing.poll)
        log.info("worker ended")

    def take(self, site: str, job_id: int) -> bool:
        """Run that job if it is free; False when there is nothing to do."""
        app = self.sites.get(site)
        return app is not None and self._run_one(app, job_id=job_id)

    def look(self) -> None:
        """Run what is due, a job of each site in turn, unless that was looked at just now."""
        if time.monotonic() - self._looked_at < self.timing.poll:
            return
        busy = True
        while busy and not self.stopping:
            busy = False
            for slug, app in self.sites:
                try:
                    busy = self._run_one(app) or busy
                except GiveWay:
                    return
                except Exception:
                    log.exception("site %s: its jobs cannot be read", slug)
                if self.stopping:
                    return
        self._looked_at = time.monotonic()

    def listen(self) -> bool:
        """Wait for hints until asked to end; False at once when Redis does not answer."""
        url = self.find_redis()
        if url is None:
            return False
        try:
            connection = Redis.from_url(url, socket_connect_timeout=2)
            HintWorker(self, connection).work()
        except (RedisError, OSError) as error:
            log.warning("Redis does not answer (%s); looking for jobs every %g s", error, self.timing.poll)
            return False
        return self.stopping

    def queue_names(self) -> list[str]:
        """The queues whose hints this worker hears."""
        if self.queues:
            return sorted(self.queues)
        names = {spec.queue for _slug, app in self.sites for spec in context(app).jobs.values()}
        return sorted(names | {"default"})

    def pause(self, seconds: float) -> None:
        """Do nothing for a while."""
        with self.interruptible():
            time.sleep(seconds)

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """A wait: a signal to end raises `StopRequested` in it."""
        self.waiting = True
        try:
            if self.stopping:
                raise StopRequested
            yield
        finally:
            self.waiting = False

    def listen_to_signals(self) -> None:
        """SIGTERM and Ctrl-C end the worker: at once while it waits, else after giving its job a moment."""
        signal.signal(signal.SIGTERM, self.request_stop)
        signal.signal(signal.SIGINT, self.request_stop)

    def request_stop(self, _number: int, _frame: FrameType | None) -> None:
        """Asked to end."""
        if self.stopping:
            return
        self.stopping = True
        if self.waiting:
            raise StopRequested
        # Jobs in chunks give way by themselves; others are interrupted, rolled back and queued again.
        signal.signal(signal.SIGALRM, _give_way)
        signal.setitimer(signal.ITIMER_REAL, STOP_SECONDS)

    def _run_one(self, app: Any, job_id: int | None = None) -> bool:
        return run_one(
            app,
            job_id=job_id,
            queues=self.queues or None,
            timing=self.timing,
            stopping=lambda: self.stopping,
            on_overdue=_end_process,
        )


def _give_way(_number: int, _frame: FrameType | None) -> None:
    raise GiveWay


def _end_process() -> None:
    log.error("a job did not react to its time-out; this worker ends")
    os._exit(OVERDUE_EXIT)


class HintWorker(SimpleWorker):
    """An RQ worker that accepts hints only (`rq info` shows it like any other).

    Whoever can write to Redis can name any function, callback or web address in a message; nothing of that is
    ever looked up here. A message is compared with the one form a hint has, its text is read, and that is
    all.
    """

    log_job_description = False
    log_result_lifespan = False

    def __init__(self, worker: Worker, connection: Redis) -> None:
        self.worker = worker
        queues = [
            Queue(PREFIX + name, connection=connection, serializer=JSONSerializer)
            for name in worker.queue_names()
        ]
        super().__init__(queues, connection=connection, serializer=JSONSerializer)

    @property
    def dequeue_timeout(self) -> int:
        """Seconds to wait for a hint before looking into the databases."""
        return max(1, round(self.worker.timing.poll))

    def work(self, *_arguments: Any, **_options: Any) -> bool:
        """RQ's loop without its housekeeping, which would call what messages name. Raises `RedisError`."""
        worked = False
        self.register_birth()
        try:
            while (found := self.next_message()) is not None:
                self.set_state(WorkerStatus.BUSY)
                self.execute_job(*found)
                worked = True
        finally:
            with suppress(RedisError):
                self.register_death()
        return worked

    def next_message(self) -> tuple[Message, Queue] | None:
        """Wait for a message, looking into the databases from time to time; None when it is time to end."""
        self.set_state(WorkerStatus.IDLE)
        while not self.worker.stopping:
            self.worker.look()
            self.heartbeat()
            try:
                with self.worker.interruptible():
                    return self._wait(self.dequeue_timeout)
            except (DequeueTimeout, StopRequested):
                continue
            except RedisError:
                raise
            except Exception:
                log.warning("a message that cannot be read was dropped", exc_info=True)
        return None

    def _wait(self, timeout: int | None) -> tuple[Message, Queue] | None:
        found: tuple[Message, Queue] | None = self.queue_class.dequeue_any(
            self._ordered_queues,
            timeout,
            connection=self.connection,
            job_class=self.job_class,
            serializer=self.serializer,
            death_penalty_class=self.death_penalty_class,
        )
        return found

    def execute_job(self, job: Message, queue: Queue) -> None:
        """Act on a message if it is a hint, and forget it: the database knows what is to be done."""
        with self.connection.pipeline() as pipeline:
            pipeline.delete(job.key)
            pipeline.lrem(queue.intermediate_queue_key, 0, job.id)
            pipeline.execute()
        hint = hint_in(job)
        if hint is None:
            log.error("message %s is not a hint and was refused", job.id)
            return
        try:
            run_hint(hint)
        except GiveWay:
            return
        except Exception:
            log.exception("hint %s", hint)


def hint_in(message: Message) -> str | None:
    """The hint a message carries, or None for anything else a message can be."""
    try:
        if message.func_name != RUNNER or message.kwargs or message.instance is not None:
            return None
        arguments = message.args
    except Exception:
        return None
    if not isinstance(arguments, list | tuple) or len(arguments) != 1 or read_hint(arguments[0]) is None:
        return None
    return str(arguments[0])
