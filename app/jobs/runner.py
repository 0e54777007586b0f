"""Running a job: from a claim to its end, whatever happens in between."""

from __future__ import annotations

import logging
import math
import signal
import threading
import traceback
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import FrameType
from typing import Any

from flask import Flask, current_app
from flask_babel import force_locale
from flask_babel import gettext as _
from marshmallow import ValidationError
from sqlalchemy.exc import SQLAlchemyError, StatementError

from app.access.actors import acting_as, load_actor
from app.db import db, now, reading, session
from app.host.context import context
from app.host.logs import without_personal_data
from app.jobs import leases
from app.jobs.leases import Claim, LostLease
from app.jobs.rules import TIMING, Status, Timing, backoff, read_hint
from app.jobs.run import Cancelled, GiveWay, Run, TimedOut, worker_name
from app.types import SYSTEM, Actor, JobSpec, Refused

log = logging.getLogger(__name__)

#: Runs the job of a hint with the sites of this process; set by the worker.
_take_hint: Callable[[str, int], object] | None = None


def run_hint(hint: str) -> None:
    """The only callable that is ever queued: look for this job in its site's database and run it if it is
    free.
    """
    found = read_hint(hint)
    if found is None:
        raise ValueError("this is not a hint")
    if _take_hint is None:
        raise RuntimeError("hints are run by 'qiao worker'")
    _take_hint(*found)


def serve_hints(take: Callable[[str, int], object]) -> None:
    """Say how this process runs hinted jobs (the worker, once)."""
    global _take_hint
    _take_hint = take


def run_pending(app: Flask | None = None, *, timing: Timing = TIMING, limit: int = 1000) -> int:
    """Run the jobs that are due, here and now, until none is left; returns how many runs there were.

    For tests and for commands that want to wait; the product's workers do the same from the queue. Commits
    what the caller has open, so that jobs asked for a line before are seen.
    """
    if app is None:
        if session().info.get("depth"):
            raise RuntimeError("jobs cannot run inside the transaction that asks for them")
        session.commit()
    count = 0
    while count < limit and run_one(app or _this_app(), timing=timing):
        count += 1
    return count


def _this_app() -> Flask:
    return current_app._get_current_object()  # type: ignore[attr-defined]


def run_one(
    app: Flask,
    *,
    job_id: int | None = None,
    queues: Collection[str] | None = None,
    timing: Timing = TIMING,
    stopping: Callable[[], bool] = lambda: False,
    on_overdue: Callable[[], None] | None = None,
) -> bool:
    """Claim a free job of the site (or that one) and run it in an app context of its own; False: there was
    none.
    """
    with app.app_context():
        claimed = leases.claim(
            db.engine, context().jobs, owner=worker_name(), job_id=job_id, queues=queues, timing=timing
        )
        if claimed is None:
            return False
        run_claimed(claimed, timing=timing, stopping=stopping, on_overdue=on_overdue)
        return True


def run_claimed(
    claimed: Claim,
    *,
    timing: Timing = TIMING,
    stopping: Callable[[], bool] = lambda: False,
    on_overdue: Callable[[], None] | None = None,
) -> None:
    """Run a claimed job to an end: done, failed, cancelled, or back in the queue. Never raises but to end the
    process.
    """
    spec = context().jobs[claimed.name]
    run = Run(
        claimed,
        db.engine,
        timing,
        timeout_seconds=spec.timeout.total_seconds(),
        stopping=stopping,
        on_overdue=on_overdue,
    )
    with force_locale(claimed.locale), run.alive():
        try:
            _work(spec, claimed, run)
        except LostLease:
            _clean()
            log.warning("job %s (%s): lost to another worker", claimed.job_id, claimed.name)
        except Cancelled:
            _clean()
            leases.end(db.engine, claimed, Status.CANCELLED)
            run.log(_("Cancelled"))
        except GiveWay:
            _clean()
            _put_back(claimed)
        except (Refused, ValidationError) as refusal:
            _clean()
            leases.end(db.engine, claimed, Status.FAILED, error=_refusal(refusal))
            run.log(_refusal(refusal))
        except Exception as error:
            _clean()
            _fail_or_retry(run, claimed, error, timing)
        except BaseException:
            _clean()
            _put_back(claimed)
            raise


def _work(spec: JobSpec, claimed: Claim, run: Run) -> None:
    run.check_cancelled()  # asked for while a worker that died had it
    with acting_as(_actor(claimed)):
        arguments: dict[str, Any] = spec.schema().load(claimed.arguments) if spec.schema else {}
        with one_transaction():
            with deadline(spec.timeout.total_seconds()):
                run.give_way()  # asked for before the deadline took over the alarm
                result = spec.handler(run, **arguments)
            run.finish(result)


def _actor(claimed: Claim) -> Actor:
    """Who the job acts as, with the permissions of now. Raises `Refused` for a login that is gone."""
    if claimed.actor_id is None:
        return replace(SYSTEM, locale=claimed.locale, timezone=claimed.timezone)
    with reading():
        actor = load_actor(claimed.actor_id, locale=claimed.locale, timezone=claimed.timezone)
        session.rollback()
    if actor is None:
        raise Refused(_("The login this job acts as is switched off or gone"))
    return actor


@contextmanager
def one_transaction() -> Iterator[None]:
    """What follows is one transaction that the run commits: `transaction()` blocks inside join it."""
    info = session().info
    info["depth"] = 1
    try:
        yield
    finally:
        info["depth"] = 0


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Raise `TimedOut` inside the block when it takes longer; only the main thread of a process can be
    interrupted.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def ring(_number: int, _frame: FrameType | None) -> None:
        raise TimedOut(seconds)

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _clean() -> None:
    """Forget what was not committed; a connection that is broken is thrown away."""
    try:
        session.rollback()
    except SQLAlchemyError:
        session().invalidate()
    session.remove()


def _put_back(claimed: Claim) -> None:
    leases.end(db.engine, claimed, Status.QUEUED, run_after=now(), attempts=max(0, claimed.attempts - 1))


def _fail_or_retry(run: Run, claimed: Claim, error: Exception, timing: Timing) -> None:
    if isinstance(error, StatementError):
        error.hide_parameters = True  # rows of customers do not belong into a log
    trace = without_personal_data("".join(traceback.format_exception(error)))
    text = (
        _("It took longer than %(seconds)d seconds", seconds=math.ceil(error.args[0]))
        if isinstance(error, TimedOut)
        else (_("An unexpected error: %(kind)s", kind=type(error).__name__))
    )
    log.warning("job %s (%s), attempt %s: %s", claimed.job_id, claimed.name, run.attempts, trace)
    try:
        if run.attempts < claimed.max_attempts:
            pause = backoff(run.attempts, timing)
            leases.end(db.engine, claimed, Status.QUEUED, run_after=now() + pause, error=text, trace=trace)
            run.log(
                _("%(error)s; tried again in %(seconds)d seconds", error=text, seconds=pause.total_seconds())
            )
        else:
            leases.end(db.engine, claimed, Status.FAILED, error=text, trace=trace)
            run.log(text)
    except SQLAlchemyError:
        # The database is away: the lease runs out and the job is found again.
        log.exception("job %s: its failure could not be written", claimed.job_id)


def _refusal(refusal: Refused | ValidationError) -> str:
    if isinstance(refusal, ValidationError):
        return _("The arguments are wrong: %(errors)s", errors=refusal.messages)
    return str(refusal)
