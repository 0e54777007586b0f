"""What a handler gets: its run, with progress, log, chunks and the question whether to go on."""

from __future__ import annotations

import copy
import json
import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from app.db import now, reading, session
from app.jobs import leases
from app.jobs.leases import Claim, LostLease
from app.jobs.rules import Status, Timing, lease_end

log = logging.getLogger(__name__)

LONGEST_MESSAGE = 500
LONGEST_LINE = 4000


class Cancelled(Exception):
    """Somebody asked to cancel the job; what its chunks have committed stays."""


class GiveWay(Exception):
    """The worker is asked to end: the job goes back into the queue and goes on after its last chunk."""


class TimedOut(Exception):
    """The run took longer than its `JobSpec.timeout`."""


class Run:
    """One run of a job by one worker.

    All that a handler writes is one transaction, which commits together with the job's end: killed half-way,
    it starts again from nothing. Work that takes longer is cut into chunks: each commits with its key, its
    progress and `state`, and a later run goes on after the last one.

        for number, rows in enumerate(batches):
            if run.is_done(number):
                continue
            with run.chunk(number):
                insert_rows(rows)
                run.progress(number + 1, total)
    """

    def __init__(
        self,
        claimed: Claim,
        engine: Engine,
        timing: Timing,
        *,
        timeout_seconds: float,
        stopping: Callable[[], bool] = lambda: False,
        on_overdue: Callable[[], None] | None = None,
    ) -> None:
        self.job_id = claimed.job_id
        #: Which attempt this is since the job last got on.
        self.attempts = claimed.attempts
        self.arguments = claimed.arguments
        #: Kept with each chunk and with the end: cursors, counts so far. Plain JSON.
        self.state: dict[str, Any] = copy.deepcopy(claimed.state)
        self.created_by = claimed.created_by
        #: The day a scheduled run is about; else today in the person's time zone.
        self.business_date: date = claimed.business_date or _today(claimed.timezone)
        self._claim = claimed
        self._engine = engine
        self._timing = timing
        self._progress = {
            "progress_done": claimed.progress_done,
            "progress_total": claimed.progress_total,
            "message": claimed.message,
        }
        self._committed = (copy.deepcopy(self.state), dict(self._progress))
        self._stopping = stopping
        self._on_overdue = on_overdue
        self._overdue_at = time.monotonic() + timeout_seconds
        self._timeout_seconds = timeout_seconds
        self._cancel = claimed.cancel_requested
        self._lost = False
        self._in_chunk = False
        self._dirty = False
        self._lines: list[dict[str, Any]] = []
        self._guard = threading.Lock()
        self._ended = threading.Event()
        self._done_keys: set[str] = set()
        if claimed.fence > 1:
            with reading(), engine.connect() as connection:
                self._done_keys = leases.committed_chunks(connection, claimed.job_id)

    # what handlers use

    def progress(self, done: int, total: int | None = None, message: object = None) -> None:
        """Say how far it is. Outside a chunk it shows within seconds, inside one with its commit."""
        with self._guard:
            self._progress["progress_done"] = int(done)
            if total is not None:
                self._progress["progress_total"] = int(total)
            if message is not None:
                self._progress["message"] = str(message)[:LONGEST_MESSAGE]
            self._dirty = self._dirty or not self._in_chunk

    def log(self, text: object) -> None:
        """Add a line to the job's log; it stays whatever becomes of the run."""
        line = {
            "job_id": self.job_id,
            "fence": self._claim.fence,
            "at": now(),
            "text": str(text)[:LONGEST_LINE],
        }
        with self._guard:
            self._lines.append(line)

    def is_done(self, key: object) -> bool:
        """Whether the chunk of this key was committed, by this or an earlier run."""
        return str(key) in self._done_keys

    @contextmanager
    def chunk(self, key: object) -> Iterator[None]:
        """One transaction: what is written inside commits with the key, the progress and `state`, or not at
        all.

        Raises `LostLease` when another worker owns the job by now, `Cancelled` before it begins when somebody
        asked for it, `ValueError` for a key that is done already.
        """
        if self._in_chunk:
            raise ValueError("a chunk inside a chunk")
        if self.is_done(key):
            raise ValueError(f"chunk {key} is done already: ask run.is_done first")
        self.check_cancelled()
        self._in_chunk = True
        try:
            yield
            self._commit_chunk(str(key))
        except BaseException:
            session.rollback()
            self.state, progress = copy.deepcopy(self._committed[0]), dict(self._committed[1])
            with self._guard:
                self._progress = progress
            raise
        finally:
            self._in_chunk = False

    def give_way(self) -> None:
        """Raise `GiveWay` when the worker has been asked to end."""
        if self._stopping():
            raise GiveWay(self.job_id)

    def check_cancelled(self) -> None:
        """Go on? Raises `Cancelled`, `LostLease`, `TimedOut` or `GiveWay`; the runner knows what to do with
        them.
        """
        if self._lost:
            raise LostLease(self.job_id)
        if self._cancel:
            raise Cancelled(self.job_id)
        if time.monotonic() > self._overdue_at:
            raise TimedOut(self._timeout_seconds)
        self.give_way()

    # what the runner uses

    def finish(self, result: Any) -> None:
        """Commit what is left of the work with `done` and its result. Raises `LostLease`."""
        session.flush()
        connection = session.connection()
        leases.forget_chunks(connection, self.job_id)
        leases.write_mine(
            connection,
            self._claim,
            status=Status.DONE,
            result=plain_json(result),
            state=plain_json(self.state),
            error="",
            trace="",
            **self._progress,
            **leases.ending(self._claim),
        )
        session.commit()

    @contextmanager
    def alive(self) -> Iterator[None]:
        """Renew the lease from a thread of its own for the time of the block."""
        thread = threading.Thread(target=self._live, name=f"job-{self.job_id}", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._ended.set()
            thread.join()
            self._write_lines()

    def _commit_chunk(self, key: str) -> None:
        session.flush()
        connection = session.connection()
        leases.add_chunk(connection, self._claim, key)
        with self._guard:
            progress = dict(self._progress)
        state = plain_json(self.state)
        # Whoever gets on has all its attempts again: they limit getting stuck at the same place.
        self._cancel |= leases.write_mine(
            connection,
            self._claim,
            state=state,
            attempts=1,
            lease_until=lease_end(now(), self._timing),
            **progress,
        )
        session.commit()
        self.attempts = 1
        self._done_keys.add(key)
        self._committed = (copy.deepcopy(state), progress)

    def _live(self) -> None:
        pause = min(self._timing.beat, self._timing.lease / 3)
        while not self._ended.wait(pause):
            try:
                self._beat()
            except LostLease:
                self._lost = True
                return
            except SQLAlchemyError as error:
                log.warning("job %s: the lease could not be renewed: %s", self.job_id, type(error).__name__)
            if self._on_overdue and time.monotonic() > self._overdue_at + self._timing.grace:
                self._on_overdue()

    def _beat(self) -> None:
        with self._guard:
            lines, self._lines = self._lines, []
            values = dict(self._progress) if self._dirty else {}
            self._dirty = False
        try:
            self._cancel |= leases.renew(self._engine, self._claim, self._timing, values, lines)
        except BaseException:
            with self._guard:
                self._lines = lines + self._lines
                self._dirty = self._dirty or bool(values)
            raise

    def _write_lines(self) -> None:
        """The last lines of the log; they are worth one try."""
        with self._guard:
            lines, self._lines = self._lines, []
        if not lines:
            return
        try:
            with self._engine.begin() as connection:
                leases.add_lines(connection, lines)
        except SQLAlchemyError as error:
            log.warning("job %s: %s log lines are lost: %s", self.job_id, len(lines), type(error).__name__)


def worker_name() -> str:
    """Which process works: host and process number."""
    return f"{socket.gethostname()}:{os.getpid()}"[:60]


def plain_json(value: Any) -> Any:
    """A value as JSON can hold it; dates, amounts and lazy texts become text."""
    return json.loads(json.dumps(value, default=_as_text))


def _as_text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime | date) else str(value)


def _today(timezone: str) -> date:
    return datetime.now(UTC).astimezone(ZoneInfo(timezone)).date()
