"""Real workers that are killed at bad moments: nothing is lost, nothing is done twice."""

from __future__ import annotations

import os
import signal
import time
from typing import Any

import pytest
import redis
from sqlalchemy import text

from app.db import db
from app.jobs.hints import PREFIX, queue_named
from app.jobs.services import cancel_job, enqueue

pytestmark = pytest.mark.usefixtures("as_system")


def finished(jobs: Any, *job_ids: int) -> bool:
    return not jobs.status(*job_ids) & {"queued", "running"}


def until(answer: Any, seconds: float = 45.0) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := answer()) and time.monotonic() < deadline:
        time.sleep(0.03)
    return found


def test_a_hint_wakes_the_worker(jobs: Any, valkey: redis.Redis, valkey_server: str, workers: Any) -> None:
    job_id = enqueue("test.parts", {"parts": 3})
    assert valkey.llen(f"rq:queue:{PREFIX}default") == 1
    workers.start(valkey_server)
    assert until(lambda: jobs.status(job_id) == {"done"}), workers.said()
    second = enqueue("test.parts", {"parts": 2})
    assert until(lambda: jobs.status(second) == {"done"}, 20), workers.said()
    assert jobs.row(job_id).result == {"count": 3}
    assert set(jobs.effects().values()) == {1} and len(jobs.effects()) == 5
    assert until(lambda: not valkey.keys("rq:job:*"))


def test_a_worker_killed_between_chunks_is_succeeded(
    jobs: Any, valkey: redis.Redis, valkey_server: str, workers: Any
) -> None:
    job_id = enqueue("test.parts", {"parts": 12, "pause": 0.1})
    workers.start(valkey_server)
    for parts in (3, 7):
        assert until(lambda least=parts: len(jobs.effects()) >= least), workers.said()
        workers.kill()
        valkey.flushall()
    assert until(lambda: jobs.status(job_id) == {"done"}), workers.said()
    assert jobs.effects() == {(job_id, str(part)): 1 for part in range(12)}
    row = jobs.row(job_id)
    assert row.fence >= 3 and row.progress_done == 12 and row.result == {"count": 12}


def test_work_without_chunks_is_done_whole_or_not_at_all(
    jobs: Any, valkey: redis.Redis, valkey_server: str, workers: Any
) -> None:
    job_id = enqueue("test.once", {"parts": 1, "pause": 1.0})
    workers.start(valkey_server)
    assert until(lambda: jobs.status(job_id) == {"running"}), workers.said()
    time.sleep(0.3)  # inside the handler, after its effect
    workers.kill()
    assert until(lambda: jobs.status(job_id) == {"done"}), workers.said()
    assert jobs.effects() == {(job_id, "all"): 1}
    assert jobs.row(job_id).fence >= 2


def test_100_jobs_under_kills_lose_nothing_and_double_nothing(
    jobs: Any, valkey: redis.Redis, valkey_server: str, workers: Any
) -> None:
    ids = [
        enqueue(name, {"parts": 3, "pause": 0.005})
        for _number in range(50)
        for name in ("test.parts", "test.once")
    ]
    workers.start(valkey_server, lease=0.6)
    kills, deadline = 0, time.monotonic() + 90
    while not finished(jobs, *ids) and time.monotonic() < deadline:
        done = len(jobs.effects())
        until(lambda least=done: len(jobs.effects()) > least + 12 or finished(jobs, *ids), 2)
        if not finished(jobs, *ids):
            workers.kill()
            kills += 1
        if kills == 3:
            valkey.flushall()
    assert jobs.status(*ids) == {"done"}, workers.said()[-3000:]
    effects = jobs.effects()
    assert len(effects) == 50 * 3 + 50 and set(effects.values()) == {1}
    assert kills >= 5


def test_a_worker_asked_to_end_gives_its_job_back(
    jobs: Any, valkey: redis.Redis, valkey_server: str, workers: Any
) -> None:
    job_id = enqueue("test.parts", {"parts": 200, "pause": 0.05})
    workers.start(valkey_server, lease=60)
    assert until(lambda: len(jobs.effects()) > 2), workers.said()
    workers.kill(signal.SIGTERM)
    assert workers.process.wait(timeout=20) == 0
    row = jobs.row(job_id)
    assert (row.status, row.owner, row.attempts) == ("queued", None, 0)
    assert len(jobs.effects()) == row.progress_done < 200


def test_a_job_without_chunks_is_interrupted_and_given_back(
    jobs: Any, valkey: redis.Redis, valkey_server: str, workers: Any
) -> None:
    job_id = enqueue("test.once", {"parts": 1, "pause": 30})
    workers.start(valkey_server, lease=60)
    assert until(lambda: jobs.status(job_id) == {"running"}), workers.said()
    workers.kill(signal.SIGTERM)
    assert workers.process.wait(timeout=20) == 0
    assert jobs.status(job_id) == {"queued"}
    assert not jobs.effects()


def test_without_redis_jobs_are_found_by_looking(
    jobs: Any, workers: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead = "redis://127.0.0.1:9/0"
    monkeypatch.setattr("app.jobs.hints.redis_url", lambda _instance: dead)
    monkeypatch.setattr("app.jobs.hints._silent_until", 0.0)
    first = enqueue("test.parts", {"parts": 2})
    workers.start(dead)
    assert until(lambda: jobs.status(first) == {"done"}), workers.said()
    second = enqueue("test.parts", {"parts": 2})
    assert until(lambda: jobs.status(second) == {"done"}, 20), workers.said()


def test_only_hints_are_accepted(
    jobs: Any, valkey: redis.Redis, valkey_server: str, workers: Any, tmp_path: Any
) -> None:
    marks = [tmp_path / f"mark{number}" for number in range(3)]
    queue = queue_named("default", valkey)
    queue.enqueue("os.mkdir", str(marks[0]))
    queue.enqueue("app.jobs.runner.run_hint", "test:1; drop")
    queue.enqueue("app.jobs.runner.run_hint", "../x:1")
    queue.enqueue("app.jobs.runner.run_hint", hint="test:1")
    queue.enqueue("app.jobs.runner.serve_hints", "test:1")
    with_callbacks = queue.enqueue("app.jobs.runner.run_hint", "test:999")
    valkey.hset(
        with_callbacks.key, mapping={"success_callback_name": "os.mkdir", "failure_callback_name": "os.mkdir"}
    )
    broken = queue.enqueue("os.mkdir", str(marks[1]))
    valkey.hset(broken.key, "data", b"\x80\x04\x95not json")
    valkey.rpush(queue.key, "no such message")
    job_id = enqueue("test.parts", {"parts": 1})
    workers.start(valkey_server)
    assert until(lambda: jobs.status(job_id) == {"done"}), workers.said()
    assert until(lambda: not valkey.llen(queue.key)), workers.said()
    assert until(lambda: workers.said().count("was refused") == 6), workers.said()
    assert not any(mark.exists() for mark in marks)
    assert len(workers.pids()) == 1


def test_a_job_that_takes_too_long_is_ended(
    jobs: Any, valkey: redis.Redis, valkey_server: str, workers: Any
) -> None:
    hangs, deaf = enqueue("test.hangs"), enqueue("test.deaf")
    workers.start(valkey_server)
    assert until(lambda: jobs.status(hangs) == {"failed"}), workers.said()
    assert "1" in jobs.row(hangs).error
    assert not jobs.effects()
    # What does not react ends with its process; the job is not tried for ever.
    assert until(lambda: len(workers.pids()) == 2), workers.said()
    assert "did not react" in workers.said()
    last = enqueue("test.parts", {"parts": 1})
    assert until(lambda: jobs.status(last) == {"done"}), workers.said()
    assert jobs.row(deaf).fence == 1


def test_a_running_job_is_cancelled_between_chunks(
    jobs: Any, valkey: redis.Redis, valkey_server: str, workers: Any
) -> None:
    job_id = enqueue("test.parts", {"parts": 400, "pause": 0.05})
    workers.start(valkey_server)
    assert until(lambda: len(jobs.effects()) > 1), workers.said()
    assert cancel_job(job_id) == "running"
    assert until(lambda: jobs.status(job_id) == {"cancelled"}, 20), workers.said()
    row = jobs.row(job_id)
    assert len(jobs.effects()) == row.progress_done < 400


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_cut_connection_is_a_new_try(
    jobs: Any, valkey: redis.Redis, valkey_server: str, workers: Any
) -> None:
    job_id = enqueue("test.parts", {"parts": 20, "pause": 0.05})
    workers.start(valkey_server, lease=2)
    for parts in (3, 9):
        assert until(lambda least=parts: len(jobs.effects()) >= least), workers.said()
        with db.engine.begin() as connection:
            cut = connection.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            ).all()
        assert cut
    assert until(lambda: jobs.status(job_id) == {"done"}), workers.said()
    assert jobs.effects() == {(job_id, str(part)): 1 for part in range(20)}
    assert len(workers.pids()) == 1 and os.path.exists(f"/proc/{workers.pids()[0]}")
