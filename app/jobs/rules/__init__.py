"""Pure decisions about jobs: states, leases, backoff, which runs of a schedule are due."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from enum import StrEnum

from app.jobs.rules.cron import Cron


class Status(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


OPEN = (Status.QUEUED, Status.RUNNING)
_HINT = re.compile(r"([a-z][a-z0-9_]{0,30}):([1-9][0-9]{0,17})")


class CatchUp(StrEnum):
    """What happens to the runs of a schedule that were missed."""

    ALL = "all"
    LAST = "last"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Timing:
    """How long things may take; all in seconds.

    A worker that dies keeps its job for at most `lease`; a living one renews it at every `beat`.
    """

    lease: float = 30.0
    beat: float = 2.0
    #: How often a worker looks into the databases by itself.
    poll: float = 3.0
    #: The pause before the first new try; four times as long before each further one.
    backoff: float = 10.0
    longest_backoff: float = 3600.0
    #: How long after its time-out a handler that does not react lives on before its process is ended.
    grace: float = 30.0


TIMING = Timing()


def lease_end(at: datetime, timing: Timing = TIMING) -> datetime:
    """Until when a job claimed or renewed at `at` belongs to its worker."""
    return at + timedelta(seconds=timing.lease)


def backoff(attempts: int, timing: Timing = TIMING) -> timedelta:
    """How long to wait after the failed attempt of that number (from 1): 10, 40, 160 s, at most an hour."""
    return timedelta(seconds=min(timing.backoff * 4 ** max(0, min(attempts, 20) - 1), timing.longest_backoff))


def may_cancel(status: str) -> bool:
    """Whether a job in this state can still be cancelled."""
    return status in OPEN


def may_retry(status: str) -> bool:
    """Whether a job in this state can be tried again."""
    return status in (Status.FAILED, Status.CANCELLED)


def hint_text(site: str, job_id: int) -> str:
    """What travels through Redis: the site and the job, nothing else."""
    return f"{site}:{job_id}"


def read_hint(hint: object) -> tuple[str, int] | None:
    """(site slug, job id), or None for anything that is not exactly a hint."""
    found = _HINT.fullmatch(hint) if isinstance(hint, str) else None
    return (found[1], int(found[2])) if found else None


@dataclass(frozen=True, slots=True)
class Due:
    """One run of a schedule: `date` and `slot` name it, so that it exists only once."""

    at: datetime
    date: date
    slot: str


#: A scheduler that wakes within this time of a due moment is on time, not catching up.
ON_TIME = timedelta(minutes=10)
#: The most runs made at once for one schedule, the latest ones.
MOST_AT_ONCE = 400
#: How far back a schedule that runs several times a day looks, in steps until there is enough.
LOOKS_BACK = (timedelta(hours=8), timedelta(days=2), timedelta(days=31))


def due_runs(
    cron: Cron, reached: datetime, at: datetime, zone: tzinfo, catch_up: str = CatchUp.LAST
) -> list[Due]:
    """The runs due after `reached` up to and with `at`, oldest first, as the catch-up policy leaves them.

    The business date is the date of the due moment in `zone`. A nightly schedule (02:00) that was reached on
    the 1st and is asked on the 4th at noon has three runs with *all* (2nd, 3rd, 4th), one with *last* (4th)
    and none with *none*, as the 4th 02:00 is more than ten minutes ago.
    """
    most = MOST_AT_ONCE if catch_up == CatchUp.ALL else 1
    if cron.is_daily:
        runs = _runs_between(cron, reached, at, zone)
    else:
        for back in LOOKS_BACK:
            start = max(reached, at - back)
            runs = _runs_between(cron, start, at, zone)
            if len(runs) >= most or start == reached:
                break
    if catch_up == CatchUp.NONE:
        runs = [run for run in runs if at - run.at <= ON_TIME]
    return runs[-most:]


def _runs_between(cron: Cron, start: datetime, at: datetime, zone: tzinfo) -> list[Due]:
    runs: list[Due] = []
    moment = start
    while (moment := cron.next_after(moment, zone)) <= at:
        local = moment.astimezone(zone)
        runs.append(Due(moment, local.date(), "" if cron.is_daily else f"{local:%H:%M}"))
    return runs


def upcoming(cron: Cron, at: datetime, zone: tzinfo, count: int = 3) -> list[datetime]:
    """The next moments (in `zone`) at which the schedule runs; for the preview on screen."""
    moments: list[datetime] = []
    moment = at.astimezone(UTC)
    for _number in range(count):
        moment = cron.next_after(moment, zone)
        moments.append(moment.astimezone(zone))
    return moments
