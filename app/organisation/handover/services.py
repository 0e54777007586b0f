"""Verbs of handovers: ask for one, call a planned one off, undo one that is done."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.actors import require_actor
from app.access.audit import Act, record_acts
from app.access.scope import UNSCOPED
from app.db import now, session, transaction
from app.fields.records import find_record
from app.host.context import context, entity
from app.jobs.models import Job
from app.jobs.rules import OPEN
from app.jobs.services import cancel_job, enqueue
from app.organisation.handover.models import Handover
from app.organisation.handover.planning import Line, preview, today
from app.organisation.handover.reach import VIEW, check_leaver, find_giver
from app.organisation.handover.rules import LEAVING, Route, effective_day
from app.organisation.models import Employee
from app.types import Refused

JOB, UNDO_JOB = "organisation.handover", "organisation.handover_undo"
#: The permission each kind asks for.
PERMISSIONS = {"handover": "can_hand_over", "leaving": "can_leave"}


def plan_handover(
    kind: str,
    employee_id: int,
    routes: Sequence[Route],
    *,
    effective_on: date | None = None,
    last_on: date | None = None,
    reason: str = "",
) -> list[Line]:
    """What a handover or leaving would do, by holding and receiver; saves nothing.

    Raises `LookupError` for an employee out of reach, `Refused` (by holding, `last_on`, `reason`) for what would be
    refused: see `start_handover`.
    """
    giver = _giver(employee_id)
    _check(kind, giver, last_on, reason)
    if effective_on is not None and effective_on < today():
        raise Refused(_("This day lies in the past"), field="effective_on")
    return preview(kind, giver, routes)


def start_handover(
    kind: str,
    employee_id: int,
    routes: Sequence[Route],
    *,
    effective_on: date | None = None,
    last_on: date | None = None,
    reason: str = "",
) -> Handover:
    """Ask for a handover (工作移交) or a leaving (离职): one durable job, today or on the day it takes effect.

    Raises what `plan_handover` raises, and `Refused` while another one of this employee waits or runs.
    """
    with transaction() as current:
        giver = _giver(employee_id)
        # the giver's row orders the handovers of one person
        current.execute(select(Employee.id).where(Employee.id == giver.id).with_for_update())
        _refuse_second(current, giver)
        plan_handover(kind, employee_id, routes, effective_on=effective_on, last_on=last_on, reason=reason)
        day = effective_day(kind, effective_on, last_on, today())
        handover = Handover(
            kind=kind,
            giver_id=giver.id,
            unit_id=giver.unit_id,
            routes=[route.plain() for route in routes],
            reason=reason.strip(),
            effective_on=day,
            last_on=last_on if kind == LEAVING else None,
            created_by=require_actor().user_id,
        )
        current.add(handover)
        current.flush()
        handover.job_id = enqueue(
            JOB,
            {"handover_id": handover.id},
            run_after=_begins_at(day),
            title=title_of(kind, giver),
        )
        current.flush()
    return handover


def cancel_handover(handover_id: int) -> None:
    """Call off one that has not begun. Raises `LookupError` out of reach, `Refused` once it has begun."""
    with transaction() as current:
        handover = _mine(handover_id)
        if handover.status != "planned":
            raise Refused(_("This handover has begun already"))
        if handover.job_id is not None and _runs(current, handover):
            cancel_job(handover.job_id)
        handover.status = "cancelled"
        current.flush()


def undo_handover(handover_id: int) -> int:
    """Bring back what a handover moved and nobody has moved since; returns the job's id.

    Raises `LookupError` out of reach, `Refused` for one that is not done or undone already.
    """
    with transaction() as current:
        handover = _mine(handover_id)
        current.refresh(handover, with_for_update=True)
        if handover.status not in ("done", "running") or _runs(current, handover):
            raise Refused(_("Only a finished handover can be undone"))
        giver = session.get_one(Employee, handover.giver_id, execution_options={UNSCOPED: True})
        _refuse_second(current, giver, but=handover.id)
        handover.status = "undoing"
        handover.undo_job_id = enqueue(
            UNDO_JOB,
            {"handover_id": handover.id},
            unique_key=str(handover.id),
            title=_("Undo: handover of %(name)s", name=giver.name),
        )
        current.flush()
        record_acts(current, [Act("undo", "handover", str(handover.id), giver.name)])
        return handover.undo_job_id


def title_of(kind: str, giver: Employee) -> str:
    """What a handover is called."""
    return _("Leaving: %(name)s", name=giver.name) if kind == LEAVING else _("Handover: %(name)s", name=giver.name)


def may_undo(handover: Handover) -> bool:
    """Whether the actor may undo it: by a right of its own, for a leaving by that of leaving, too."""
    actor = require_actor()
    return actor.can("can_undo", VIEW) and actor.can(PERMISSIONS[handover.kind], VIEW)


def _giver(employee_id: int) -> Employee:
    giver = find_giver(employee_id)
    if giver is None:
        raise LookupError(f"no employee {employee_id} within reach")
    return giver


def _mine(handover_id: int) -> Handover:
    """A handover within reach the actor may stop or undo."""
    found: Handover | None = find_record(entity("handover"), handover_id)
    if found is None:
        raise LookupError(f"no handover {handover_id} within reach")
    if not may_undo(found):
        raise Refused(_("You may see this handover, but not change it"))
    return found


def _check(kind: str, giver: Employee, last_on: date | None, reason: str) -> None:
    if not require_actor().can(PERMISSIONS[kind], VIEW):
        raise Refused(_("You may not do this"))
    if len(reason) > 300:
        raise Refused(_("At most %(count)s characters", count=300), field="reason")
    if kind != LEAVING:
        return
    check_leaver(giver)
    if last_on is None:
        raise Refused(_("Say the last day at work"), field="last_on")
    if giver.joined_on is not None and last_on < giver.joined_on:
        raise Refused(_("The last day lies before the first"), field="last_on")


def _runs(current: Session, handover: Handover) -> bool:
    """Whether its job waits or runs."""
    job = select(Job.id).where(Job.id == handover.job_id, Job.status.in_(OPEN))
    return current.scalar(job.execution_options(**{UNSCOPED: True})) is not None


def _refuse_second(current: Session, giver: Employee, but: int | None = None) -> None:
    """One at a time per giver: those whose job waits or runs, and those that were broken off half-way."""
    open_job = select(Job.id).where(Job.id.in_([Handover.job_id, Handover.undo_job_id]), Job.status.in_(OPEN))
    other = select(Handover.id).where(
        Handover.giver_id == giver.id, Handover.id != (but or 0), open_job.correlate(Handover).exists()
    )
    if current.scalar(other.limit(1).execution_options(**{UNSCOPED: True})) is not None:
        raise Refused(_("Another handover of %(name)s waits or runs", name=giver.name))


def _begins_at(day: date) -> datetime | None:
    """The first moment of a later business date; None for today."""
    if day <= today():
        return None
    moment = datetime.combine(day, time.min, ZoneInfo(context().site.timezone)).astimezone(UTC)
    return moment if moment > now() else None
