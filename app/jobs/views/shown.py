"""A job and a schedule as people see them: words, figures, what they may do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from app.access.actors import require_actor
from app.base.views.cells import plain, zone
from app.base.views.formats import moment_text, number_text
from app.base.views.guard import own_path
from app.db import now
from app.host.context import context
from app.jobs.models import Job
from app.jobs.rules import OPEN, Status, may_cancel, may_retry
from app.jobs.schemas import JOB, STATUSES
from app.jobs.services import VIEW
from app.jobs.views.results import called

_STATUS = {choice.value: choice for choice in STATUSES}


@dataclass(frozen=True, slots=True)
class ShownJob:
    """What the page and the embedded piece show of a job."""

    id: int
    title: str
    status: str
    status_label: str
    colour: str
    is_open: bool
    #: How often the piece asks for itself.
    poll_seconds: int
    done: int
    total: int | None
    count: str
    message: str
    remaining: str
    error: str
    url: str
    progress_url: str
    cancel_url: str | None
    retry_url: str | None
    cancelling: bool
    result: list[tuple[str, str]]
    result_url: str | None
    result_label: str


def shown_job(job: Job, *, full: bool = False) -> ShownJob:
    """A job for the templates; `full` keeps the page's polling on the page's own piece."""
    actor = require_actor()
    mine = job.created_by == actor.user_id or actor.can("can_edit", VIEW)
    choice = _STATUS[job.status]
    result = dict(job.result or {}) if job.status == Status.DONE else {}
    target = result.pop("url", None)
    label = result.pop("label", None)
    arguments: dict[str, Any] = {"pk": job.id, "live": 1, **({"full": 1} if full else {})}
    return ShownJob(
        id=job.id,
        title=job.title or job.name,
        status=job.status,
        status_label=str(choice.label),
        colour=choice.colour,
        is_open=job.status in OPEN,
        poll_seconds=poll_seconds(job, now()),
        done=job.progress_done,
        total=job.progress_total,
        count=count_text(job.progress_done, job.progress_total),
        message=job.message,
        remaining=remaining_text(job, now()),
        error=job.error,
        url=url_for("JobView.show", pk=job.id),
        progress_url=url_for("JobView.progress", **arguments),
        cancel_url=url_for("JobView.cancel", pk=job.id)
        if mine and may_cancel(job.status) and not job.cancel_requested
        else None,
        retry_url=url_for("JobView.retry", pk=job.id)
        if mine and may_retry(job.status) and job.name in context().jobs
        else None,
        cancelling=job.cancel_requested and job.status in OPEN,
        result=[(called(key), result_text(value)) for key, value in result.items() if is_plain(value)],
        result_url=own_path(target, "") or None if isinstance(target, str) else None,
        result_label=str(label) if label else _("Open the result"),
    )


def poll_seconds(job: Job, at: datetime) -> int:
    """How often to look: closely at first, less so at one that takes its time or waits for a moment."""
    if job.status == Status.QUEUED and job.run_after > at:
        return 10
    return 1 if job.started_at is None or (at - job.started_at).total_seconds() < 120 else 3


def is_plain(value: object) -> bool:
    """Whether a piece of a result can be shown as it is."""
    return isinstance(value, str | int | float) and not isinstance(value, bool)


def result_text(value: object) -> str:
    """A piece of a result: numbers with thousands separators, text as it is."""
    return number_text(value) if isinstance(value, int | float) else str(value)


def count_text(done: int, total: int | None) -> str:
    """How much is done: ``1,200 / 5,000``; nothing before anything is known."""
    if total is not None:
        return f"{number_text(done)} / {number_text(total)}"
    return number_text(done) if done else ""


def remaining_text(job: Job, at: datetime) -> str:
    """How long it will take if it goes on as so far; empty when that cannot be said yet."""
    if job.status != Status.RUNNING or not job.progress_total or job.started_at is None:
        return ""
    if job.progress_done <= 0 or job.progress_done >= job.progress_total:
        return ""
    passed = (at - job.started_at).total_seconds()
    if passed < 2:
        return ""
    left = passed / job.progress_done * (job.progress_total - job.progress_done)
    return _("About %(time)s left", time=duration_text(left))


def duration_text(seconds: float) -> str:
    """A duration in its two largest units."""
    whole = max(0, round(seconds))
    if whole < 60:
        return ngettext("%(num)d second", "%(num)d seconds", whole)
    if whole < 3600:
        minutes = round(whole / 60)
        return ngettext("%(num)d minute", "%(num)d minutes", minutes)
    hours, minutes = divmod(round(whole / 60), 60)
    return _("%(hours)d h %(minutes)d min", hours=hours, minutes=minutes)


def facts(job: Job) -> list[tuple[str, str]]:
    """The job's own data as (label, text), without what the page shows anyway."""
    clock = zone()
    names = ("created_at", "started_at", "finished_at", "business_date")
    found = [
        (str(field.label), plain(field, getattr(job, name), clock))
        for name in names
        if (field := JOB.field(name)) is not None and getattr(job, name) is not None
    ]
    if job.seconds is not None:
        found.append((_("Took"), duration_text(job.seconds)))
    if job.status == Status.QUEUED and job.run_after > now():
        found.append((_("Not before"), moment_text(job.run_after, clock, seconds=True)))
    if job.fence > 1:
        found.append((_("Tries"), number_text(job.fence)))
    return found
