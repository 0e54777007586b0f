"""Hints through RQ: "there may be something to do", carrying a site and a job id, nothing else.

A hint may be lost, doubled, late or forged: workers look into the database, which alone knows what is to be
done.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue
from rq.serializers import JSONSerializer

from app.host.sites import Site
from app.host.valkey import running_valkey_url
from app.jobs.rules import hint_text
from config import settings

log = logging.getLogger(__name__)

#: The only callable a worker accepts.
RUNNER = "app.jobs.runner.run_hint"
PREFIX = "qiao-"
#: After a failure, how long requests go on without trying again.
PAUSE_SECONDS = 5.0
HINT_TTL_SECONDS = 3600

_silent_until = 0.0


def redis_url(instance: Path) -> str | None:
    """The installation's Redis, else the embedded Valkey of its folder while it runs."""
    return settings().redis_url or running_valkey_url(instance / "valkey")


@lru_cache
def connect(url: str) -> Redis:
    """One client per process and address; a Redis that is away costs a request half a second at most."""
    return Redis.from_url(url, socket_connect_timeout=0.5, socket_timeout=2)


def queue_named(name: str, connection: Redis) -> Queue:
    """The RQ queue that carries the hints for the jobs of a queue name."""
    return Queue(PREFIX + name, connection=connection, serializer=JSONSerializer)


def send_hints(site: Site, jobs: Iterable[tuple[int, str]]) -> int:
    """Wake workers for (job id, queue name) pairs; returns how many hints were sent.

    Never raises: without Redis the workers find the jobs by looking into the database.
    """
    global _silent_until
    if time.monotonic() < _silent_until:
        return 0
    sent = 0
    try:
        url = redis_url(site.instance)
        if url is None:
            return 0
        connection = connect(url)
        for job_id, queue in jobs:
            queue_named(queue, connection).enqueue_call(
                RUNNER,
                args=(hint_text(site.slug, job_id),),
                ttl=HINT_TTL_SECONDS,
                result_ttl=0,
                failure_ttl=HINT_TTL_SECONDS,
                description="",
            )
            sent += 1
    except (RedisError, OSError, ValueError) as error:
        _silent_until = time.monotonic() + PAUSE_SECONDS
        log.warning("no hint was sent, workers will find the job by themselves: %s", error)
    return sent


def is_quiet(site: Site, queue: str) -> bool:
    """Whether no hint waits in a queue; False as well when Redis does not answer."""
    try:
        url = redis_url(site.instance)
        return url is not None and queue_named(queue, connect(url)).count == 0
    except (RedisError, OSError, ValueError):
        return False
